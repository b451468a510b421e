// CoDistill-GRPO: Kwon, Sun, Suresh, Jain, Kumar, 2026, arXiv 2605.08873 (METHODS 1). The small model writes all
// completions. It is rewarded for being right and, in the same number, for what the large model finds likely; the large
// one learns from the same completions, weighted by how much likelier it would have been to write them.
//
// No text or code of the paper was at hand, so what is not settled by our sources is a knob that says so
// (codistillKnobs.ts). The phase in which the large model goes on alone is GRPO on its own completions, an assumption.

import { centred, groupAdvantages } from '../core/advantages.ts';
import type { PolicySequence, Scores, Written } from '../core/policy.ts';
import type { PolicyEvent, PolicyMetrics } from '../core/policyEvents.ts';
import { lossMetrics, rewardMetrics } from '../core/policyMetrics.ts';
import { objectiveOf, scalesOf } from '../core/policyVariants.ts';
import { uniform } from '../core/rng.ts';
import { selected } from '../core/selection.ts';
import type { CodistillParams } from './codistillKnobs.ts';
import { grpo } from './grpo.ts';
import {
  averaged,
  type Completion,
  type Exercise,
  exercisesOf,
  fill,
  isDiverged,
  isDue,
  makeUpdater,
  masksOf,
  meanDivergence,
  type PolicyContext,
  selectionAddress,
  sequenceOf,
  shortened,
  shownGroups,
  slotOf,
  tokensBefore,
  tokensIn,
  writeGroups,
} from './policyStep.ts';

/** Largest weight of truncated importance sampling, as in TRL's sampler correction. */
const CAP = 3;

export async function* codistillGrpo(
  context: PolicyContext<CodistillParams>,
): AsyncGenerator<PolicyEvent, void, void> {
  const { models, params, seed, piece, evaluate, rate, done = 0, past = [] } = context;
  const { small, large } = models;
  const { steps, samples, group, selection, alpha, completion: longest } = params;
  const all = steps + params.continued;
  const lossType = params.normaliser === 'constant' ? 'dr_grpo' : 'grpo';
  const clipped = objectiveOf(lossType, params, params.temperature);
  const asLoss = params.distillation !== 'reward';
  const smallObjective = asLoss
    ? { ...clipped, distil: alpha, estimator: params.distillation as 'k2' | 'k3' }
    : clipped;
  const largeObjective =
    params.largeRatio === 'truncated'
      ? { ...clipped, surrogate: 'capped' as const, high: CAP }
      : clipped;
  const updater = makeUpdater(params, past);
  let tokens = tokensBefore(past);

  for (let k = done; k < steps; k++) {
    const step = k + 1;
    const exercises = exercisesOf(context, k);
    const hints = isHinted(params, k) ? await writeHints(context, exercises, k) : undefined;
    const address = { seed, run: k };
    const groups = await writeGroups(small, 'small', exercises, samples, params, address, hints);
    const written = groups.flat();
    const smallScores = await small.score(written.map(sequenceOf));
    const largeScores = await large.score(written.map(sequenceOf));

    // (C1): a number for each completion; nothing is differentiated through it.
    const kept: { one: Completion; at: number; small: number; large: number }[] = [];
    const rewards = written.map((one, i) => {
      const distillation = logRatio(one, smallScores[i]!, largeScores[i]!, params);
      return {
        task: one.reward,
        distillation,
        effective: one.reward + (asLoss ? 0 : alpha * distillation),
      };
    });
    // (C2): the best and the worst of each group, and what they are worth beside each other.
    groups.forEach((some, row) => {
      const at = some.map((_, i) => row * samples + i);
      const effective = at.map((i) => rewards[i]!.effective);
      const draws = some.map((_, i) => uniform(selectionAddress(seed, k, row, i)));
      const chosen = selected(effective, group, selection, draws).map((i) => at[i]!);
      const smallAdvantages = centred(chosen.map((i) => rewards[i]!.effective));
      const task = chosen.map((i) => rewards[i]!.task);
      const scaling = params.largeAdvantages === 'group' ? 'group' : 'none';
      const [largeAdvantages] = groupAdvantages([task], scaling);
      chosen.forEach((i, j) => {
        kept.push({
          one: written[i]!,
          at: i,
          small: smallAdvantages[j]!,
          large: largeAdvantages![j]!,
        });
      });
    });

    const scales = scalesOf(
      lossType,
      masksOf(
        kept.map(({ one }) => one),
        params.truncated,
      ),
      longest,
    );
    const measured: { small: PolicyMetrics; large: PolicyMetrics }[] = [];
    for (let iteration = 0; iteration < params.iterations; iteration++) {
      const first = iteration === 0;
      // (C3): the ratio is to whoever wrote the token.
      const smallSequences = kept.map(
        ({ one, at, small: advantage }, i): PolicySequence => ({
          ...sequenceOf(one),
          scales: scales[i]!,
          advantages: fill(advantage, one),
          old: behaviour(one, smallScores[at]!, largeScores[at]!),
          ...(asLoss && { teacher: largeScores[at]!.logProbs }),
          ...(first && { current: smallScores[at]!.logProbs }),
        }),
      );
      // (C4): the same completions, the task's reward alone, and again the ratio to whoever wrote the token.
      const largeSequences = kept.map(
        ({ one, at, large: advantage }, i): PolicySequence => ({
          ...sequenceOf(one),
          scales: scales[i]!,
          advantages: fill(advantage, one),
          ...(params.largeRatio !== 'ignored' && {
            old: behaviour(one, smallScores[at]!, largeScores[at]!),
          }),
          ...(first && { current: largeScores[at]!.logProbs }),
        }),
      );
      const smallLearned = await small.learn(smallSequences, smallObjective);
      const largeLearned = await large.learn(largeSequences, largeObjective);
      const updated = await updater.update(k, [
        {
          role: 'small',
          policy: small,
          sequences: smallSequences,
          learned: smallLearned,
          peak: rate?.('small') ?? params.learningRate,
        },
        {
          role: 'large',
          policy: large,
          sequences: largeSequences,
          learned: largeLearned,
          peak: rate?.('large') ?? params.largeLearningRate,
        },
      ]);
      if (isDiverged(updated)) return yield updated;
      measured.push({
        small: { ...lossMetrics(smallSequences, smallLearned, false), ...updated.small },
        large: { ...lossMetrics(largeSequences, largeLearned, false), ...updated.large },
      });
    }

    tokens += tokensIn(kept.map(({ one }) => one));
    const rewardedBy = (of: 'effective' | 'task') =>
      rewardMetrics(
        groups.map((some, row) =>
          some.map(({ tokens: { length }, truncated, parts }, i) => {
            const { distillation, ...reward } = rewards[row * samples + i]!;
            const shown = of === 'task' ? parts : { ...parts, distillation };
            return { length, truncated, parts: shown, reward: reward[of] };
          }),
        ),
      );
    const hinted = written.reduce((sum, one) => sum + one.hinted, 0);
    yield {
      type: 'step',
      step,
      phase: 'together',
      metrics: {
        small: {
          ...rewardedBy('effective'),
          ...averaged(measured.map((one) => one.small)),
          kl: meanDivergence(smallScores, largeScores),
        },
        large: { ...rewardedBy('task'), ...averaged(measured.map((one) => one.large)) },
      },
      generated: {
        small: written.reduce((sum, one) => sum + one.tokens.length, 0) - hinted,
        large: hinted,
      },
      tokens,
    };
    const shown = shownGroups(groups, 'small', piece, (one, i) => {
      const { task, distillation, effective } = rewards[i]!;
      const found = kept.find(({ at }) => at === i);
      return {
        logRatios: shortened(
          Array.from(largeScores[i]!.logProbs, (x, t) => x - smallScores[i]!.logProbs[t]!),
        ),
        parts: { ...one.parts, distillation },
        rewards: { small: effective, large: task },
        advantages: { small: found?.small ?? 0, large: found?.large ?? 0 },
        kept: found !== undefined,
      };
    });
    yield { type: 'completions', step, groups: shown };
    if (evaluate && isDue(step, all, params.evaluateEvery)) {
      yield { type: 'evaluated', step, accuracy: await evaluate(step) };
    }
  }
  if (params.continued === 0) return yield { type: 'trained', step: Math.max(done, steps) };
  yield* grpo(alone(context), 'continued');
}

/** Is this step in an epoch with hints? */
function isHinted({ hints, epoch }: CodistillParams, k: number): boolean {
  return hints === 'always' || (hints === 'first' && k < epoch);
}

/** The first tokens of each completion, by the large model. */
async function writeHints(
  { models: { large }, params, seed }: PolicyContext<CodistillParams>,
  exercises: readonly Exercise[],
  run: number,
): Promise<readonly (readonly Written[])[]> {
  const { samples, temperature, topK, topP, hintLength: longest } = params;
  const draws = exercises.flatMap(({ prompt }, row) =>
    Array.from({ length: samples }, (_, sample) => ({
      prompt,
      slot: slotOf('large', row, sample),
    })),
  );
  const written = await large.write(draws, { longest, temperature, topK, topP, seed, run });
  return exercises.map((_, row) => written.slice(row * samples, (row + 1) * samples));
}

/** (1/N) sum_t (log p_large - log p_small): minus an estimate of KL(small || large), over N. */
export function logRatio(
  { tokens, hinted }: Pick<Completion, 'tokens' | 'hinted'>,
  small: Pick<Scores, 'logProbs'>,
  large: Pick<Scores, 'logProbs'>,
  params: Pick<CodistillParams, 'normaliser' | 'completion' | 'hintDistillation'>,
): number {
  let sum = 0;
  for (let t = params.hintDistillation === 'masked' ? hinted : 0; t < tokens.length; t++) {
    sum += large.logProbs[t]! - small.logProbs[t]!;
  }
  return sum / (params.normaliser === 'constant' ? params.completion : Math.max(1, tokens.length));
}

/** log p under whoever wrote each token: the large model in a hint, the small one after it. */
export function behaviour(
  { hinted }: Pick<Completion, 'hinted'>,
  small: Pick<Scores, 'logProbs'>,
  large: Pick<Scores, 'logProbs'>,
): ArrayLike<number> {
  return small.logProbs.map((x, t) => (t < hinted ? large.logProbs[t]! : x));
}

/** The large model goes on with GRPO on its own completions. */
function alone(context: PolicyContext<CodistillParams>) {
  const { params } = context;
  const { steps, continued, largeLearningRate, normaliser } = params;
  return {
    ...context,
    done: Math.max(steps, context.done ?? 0),
    params: {
      ...params,
      model: 'large' as const,
      steps: steps + continued,
      learningRate: largeLearningRate,
      lossType: normaliser === 'constant' ? ('dr_grpo' as const) : ('grpo' as const),
      scaleRewards: params.largeAdvantages === 'group' ? ('group' as const) : ('nothing' as const),
      beta: 0,
      klRatio: 'plain' as const,
    },
  };
}
