// On-policy distillation: Lu and Thinking Machines Lab, 2025 (METHODS 5.8). The student writes; of each token its
// teacher says how much more or less likely it would have been, and that is the token's advantage. A reward of the task
// may be added, over the mean of its group.
//
// Where we differ: the student's log-probs are those of the training graph over the finished text, not those that were
// found while it was written; they are the same but for rounding.

import { centred, discounted } from '../core/advantages.ts';
import type { PolicySequence } from '../core/policy.ts';
import type { PolicyEvent, PolicyMetrics } from '../core/policyEvents.ts';
import { lossMetrics, rewardMetrics } from '../core/policyMetrics.ts';
import { objectiveOf, scalesOf } from '../core/policyVariants.ts';
import type { DistillationParams } from './distillationKnobs.ts';
import {
  averaged,
  exercisesOf,
  isDiverged,
  isDue,
  makeUpdater,
  masksOf,
  meanDivergence,
  type PolicyContext,
  sequenceOf,
  shortened,
  shownGroups,
  tokensBefore,
  tokensIn,
  writeGroups,
} from './policyStep.ts';

/** Means over all tokens, as in the recipe. */
const LOSS = 'dapo';
const UNCLIPPED = { low: 0, high: Number.POSITIVE_INFINITY } as const;

export async function* onPolicyDistillation(
  context: PolicyContext<DistillationParams>,
): AsyncGenerator<PolicyEvent, void, void> {
  const { models, params, seed, piece, evaluate, rate, done = 0, past = [] } = context;
  const { small: student, large: teacher } = models;
  const { steps, group, coefficient, discount, completion: longest } = params;
  const clipped = objectiveOf(LOSS, params, params.temperature);
  const objective = params.surrogate === 'plain' ? { ...clipped, ...UNCLIPPED } : clipped;
  const updater = makeUpdater(params, past);
  let tokens = tokensBefore(past);

  for (let k = done; k < steps; k++) {
    const step = k + 1;
    const exercises = exercisesOf(context, k);
    const groups = await writeGroups(student, 'small', exercises, group, params, { seed, run: k });
    const completions = groups.flat();
    const own = await student.score(completions.map(sequenceOf));
    const taught = await teacher.score(completions.map(sequenceOf));
    const rewards = groups.flatMap((some) => centred(some.map(({ reward }) => reward)));
    const logRatios = own.map(({ logProbs }, i) =>
      Array.from(logProbs, (x, t) => taught[i]!.logProbs[t]! - x),
    );
    const advantages = logRatios.map((ratios, i) =>
      discounted(ratios, discount).map((ratio) => rewards[i]! + coefficient * ratio),
    );
    const scales = scalesOf(LOSS, masksOf(completions, params.truncated), longest);

    const measured: PolicyMetrics[] = [];
    for (let iteration = 0; iteration < params.iterations; iteration++) {
      const sequences = completions.map(
        (one, i): PolicySequence => ({
          ...sequenceOf(one),
          scales: scales[i]!,
          advantages: advantages[i]!,
          old: own[i]!.logProbs,
          ...(iteration === 0 && { current: own[i]!.logProbs }),
        }),
      );
      const learned = await student.learn(sequences, objective);
      const peak = rate?.('small') ?? params.learningRate;
      const part = { role: 'small' as const, policy: student, sequences, learned, peak };
      const updated = await updater.update(k, [part]);
      if (isDiverged(updated)) return yield updated;
      measured.push({ ...lossMetrics(sequences, learned, false), ...updated.small });
    }

    tokens += tokensIn(completions);
    const means = logRatios.map((ratios) => ratios.reduce((a, b) => a + b, 0) / longest);
    const rewarded = groups.map((some, row) =>
      some.map(({ tokens: { length }, truncated, parts, reward }, i) => {
        const distillation = means[row * group + i]!;
        return { length, truncated, parts: { ...parts, distillation }, reward };
      }),
    );
    yield {
      type: 'step',
      step,
      phase: 'together',
      metrics: {
        small: {
          ...rewardMetrics(rewarded),
          ...averaged(measured),
          kl: meanDivergence(own, taught),
        },
      },
      generated: { small: completions.reduce((sum, one) => sum + one.tokens.length, 0), large: 0 },
      tokens,
    };
    const shown = shownGroups(groups, 'small', piece, ({ parts, reward }, i) => ({
      logRatios: shortened(logRatios[i]!),
      parts: { ...parts, distillation: means[i]! },
      rewards: { small: reward },
      advantages: { small: rewards[i]! },
      tokenAdvantages: shortened(advantages[i]!),
      kept: true,
    }));
    yield { type: 'completions', step, groups: shown };
    if (evaluate && isDue(step, steps, params.evaluateEvery)) {
      yield { type: 'evaluated', step, accuracy: await evaluate(step) };
    }
  }
  yield { type: 'trained', step: Math.max(done, steps) };
}
