// Group Relative Policy Optimization: Shao et al., "DeepSeekMath", 2024, arXiv 2402.03300, with its variants as TRL has
// them (METHODS 5.6). A completion's advantage is how much better its reward was than the others' for the same prompt,
// so no value model is needed.
//
// Where we differ from TRL: a step's completions are one batch, so that bnpo's local and dapo's global mean are the
// same; the log-probs that later iterations divide by are those of the first one's own pass.

import { groupAdvantages } from '../core/advantages.ts';
import type { PolicySequence } from '../core/policy.ts';
import type { PolicyEvent, PolicyMetrics } from '../core/policyEvents.ts';
import { lossMetrics, rewardMetrics } from '../core/policyMetrics.ts';
import { objectiveOf, scalesOf } from '../core/policyVariants.ts';
import type { GrpoParams } from './grpoKnobs.ts';
import {
  averaged,
  type Completion,
  exercisesOf,
  fill,
  isDiverged,
  isDue,
  makeUpdater,
  masksOf,
  type PolicyContext,
  sequenceOf,
  shortened,
  shownGroups,
  tokensBefore,
  tokensIn,
  writeGroups,
} from './policyStep.ts';

export async function* grpo(
  context: PolicyContext<GrpoParams>,
  phase: Extract<PolicyEvent, { readonly type: 'step' }>['phase'] = 'together',
): AsyncGenerator<PolicyEvent, void, void> {
  const { models, params, seed, piece, evaluate, rate, done = 0, past = [] } = context;
  const { model: by, steps, group, lossType, beta, completion: longest } = params;
  const policy = models[by];
  const objective = {
    ...objectiveOf(lossType, params, params.temperature),
    beta,
    unbiased: params.klRatio === 'weighted',
  };
  const scaling = params.scaleRewards === 'nothing' ? 'none' : params.scaleRewards;
  const updater = makeUpdater(params, past);
  let tokens = tokensBefore(past);

  for (let k = done; k < steps; k++) {
    const step = k + 1;
    const exercises = exercisesOf(context, k);
    const groups = await writeGroups(policy, by, exercises, group, params, { seed, run: k });
    const completions = groups.flat();
    const rewards = groups.map((some) => some.map(({ reward }) => reward));
    const advantages = groupAdvantages(rewards, scaling).flat();
    const scales = scalesOf(lossType, masksOf(completions, params.truncated), longest);
    const reference =
      beta > 0 ? await policy.scoreReference(completions.map(sequenceOf)) : undefined;

    let old: readonly ArrayLike<number>[] | undefined;
    let logRatios: readonly ArrayLike<number>[] = [];
    const measured: PolicyMetrics[] = [];
    for (let iteration = 0; iteration < params.iterations; iteration++) {
      const sequences = completions.map(
        (one, i): PolicySequence => ({
          ...sequenceOf(one),
          scales: scales[i]!,
          advantages: fill(advantages[i]!, one),
          ...(old && { old: old[i]! }),
          ...(reference && { reference: reference[i]!.logProbs }),
        }),
      );
      const learned = await policy.learn(sequences, objective);
      const peak = rate?.(by) ?? params.learningRate;
      const updated = await updater.update(k, [{ role: by, policy, sequences, learned, peak }]);
      if (isDiverged(updated)) return yield updated;
      measured.push({ ...lossMetrics(sequences, learned, beta > 0), ...updated[by] });
      if (old) logRatios = learned.map(({ ratios }) => Array.from(ratios, Math.log));
      old ??= learned.map(({ logProbs }) => logProbs);
    }

    tokens += tokensIn(completions);
    yield {
      type: 'step',
      step,
      phase,
      metrics: {
        [by]: { ...rewardMetrics(groups.map((some) => some.map(rewarded))), ...averaged(measured) },
      },
      generated: { [by]: completions.reduce((sum, one) => sum + one.tokens.length, 0) },
      tokens,
    };
    const shown = shownGroups(groups, by, piece, ({ reward }, i) => ({
      logRatios: shortened(logRatios[i] ?? []),
      rewards: { [by]: reward },
      advantages: { [by]: advantages[i]! },
      kept: true,
    }));
    yield { type: 'completions', step, groups: shown };
    if (evaluate && isDue(step, steps, params.evaluateEvery)) {
      yield { type: 'evaluated', step, accuracy: await evaluate(step) };
    }
  }
  yield { type: 'trained', step: Math.max(done, steps) };
}

const rewarded = ({ tokens, truncated, parts, reward }: Completion) => ({
  length: tokens.length,
  truncated,
  parts,
  reward,
});
