// CoDistill-GRPO against its oracle, against the enumeration that proves it unbiased, and in its limits.

import { describe, expect, it, test } from 'vitest';
import codistill from '../../test/oracles/codistill_grpo.json' with { type: 'json' };
import { tablePolicy } from '../../test/support/tablePolicy.ts';
import { centred, groupAdvantages } from '../core/advantages.ts';
import { defaultsOf } from '../core/params.ts';
import type { PolicyEvent } from '../core/policyEvents.ts';
import { policyTerms } from '../core/policyLoss.ts';
import { objectiveOf, scalesOf } from '../core/policyVariants.ts';
import { behaviour, codistillGrpo, logRatio } from './codistillGrpo.ts';
import { type CodistillParams, codistillTrainer } from './codistillKnobs.ts';
import { grpo } from './grpo.ts';
import { type GrpoParams, grpoTrainer } from './grpoKnobs.ts';
import type { Exercise, PolicyContext } from './policyStep.ts';

const caseOf = (id: string) => codistill.cases.find((one) => one.id === id) as never as Oracle;
type Lists = Readonly<Record<string, number[]>>;
interface Oracle {
  readonly inputs: Readonly<Record<string, never>>;
  readonly expected: Readonly<Record<string, never>>;
}
const within = (a: ArrayLike<number>, b: ArrayLike<number>, tolerance = 1e-9) => {
  expect(a.length).toBe(b.length);
  for (let i = 0; i < a.length; i++) expect(Math.abs(a[i]! - b[i]!)).toBeLessThanOrEqual(tolerance);
};
const scores = (logProbs: readonly number[]) => ({
  logProbs: Float64Array.from(logProbs) as never,
});

describe('the oracle', () => {
  test('rewards with the distillation in them, and what they are worth', () => {
    const { inputs, expected } = caseOf('rewards_downsample_advantages');
    const [small, large] = [inputs.small_old_logp, inputs.large_logp] as unknown as number[][][];
    const task = inputs.task_reward as unknown as number[];
    for (const [normaliser, key] of [
      ['constant', 'N_const'],
      ['length', 'N_len'],
    ] as const) {
      const params = { normaliser, completion: 4, hintDistillation: 'masked' } as const;
      const effective = task.map((r, i) => {
        const one = { tokens: small![i]!, hinted: 0 };
        return r + logRatio(one, scores(small![i]!), scores(large![i]!), params);
      });
      within(effective, expected[`effective_reward_${key}`] as never);
      const found = expected[`downsample_maxvar_${key}`] as unknown as Lists;
      within(
        centred(found.chosen!.map((i) => effective[i]!)),
        found.advantage_small_centered_only!,
      );
      const kept = found.chosen!.map((i) => task[i]!);
      within(
        groupAdvantages([kept], 'group')[0]!,
        found.advantage_large_from_task_reward_with_std!,
      );
      within(groupAdvantages([kept], 'none')[0]!, found.advantage_large_from_task_reward_centered!);
    }
  });

  test('losses and gradients of both models', () => {
    const { inputs, expected } = caseOf('losses_and_grads');
    const chosen = inputs.chosen as unknown as number[];
    const lists = (key: string) => chosen.map((i) => (inputs[key] as unknown as Lists)[i]!);
    const old = lists('small_old');
    const masks = old.map((one) => one.map(() => 1));
    for (const [who, key] of [
      ['small', 'A_small'],
      ['large', 'A_large'],
    ] as const) {
      const advantages = inputs[key] as unknown as Readonly<Record<number, number>>;
      const found = expected[who] as unknown as Readonly<Record<string, never>>;
      for (const [type, n] of [
        ['dr_grpo', 'N_const'],
        ['grpo', 'N_len'],
      ] as const) {
        const scales = scalesOf(type, masks, inputs.N_const as never);
        const objective = objectiveOf(type, { epsilon: 0.2, epsilonHigh: 0, delta: 0 });
        const terms = lists(`${who}_new`).map((logProbs, row) => {
          const all = logProbs.map(() => advantages[chosen[row]!]!);
          const tokens = { scales: scales[row]!, advantages: all, old: old[row]! };
          return policyTerms(tokens, logProbs, objective);
        });
        const loss = terms.flatMap(({ losses }, row) =>
          Array.from(losses, (x, t) => x * scales[row]![t]!),
        );
        expect(loss.reduce((a, b) => a + b)).toBeCloseTo(found[`loss_${n}`]!, 9);
        if (n === 'N_len') continue;
        const gradients = found[`grad_${who}_new_N_const`] as unknown as Lists;
        for (const [row, { weights }] of terms.entries()) {
          within(weights, gradients[chosen[row]!]!, 1e-7);
        }
        const clipped = terms.flatMap(({ clips }) => Array.from(clips));
        expect(clipped.filter(Boolean).length / clipped.length).toBeCloseTo(found.clip_frac!, 12);
      }
    }
  });

  test('whoever wrote a token is who its ratio divides by', () => {
    const { inputs, expected } = caseOf('hint_token_behaviour');
    const small = [
      ...(inputs.small_old_hint_logp as unknown as number[]),
      ...(inputs.small_old_cont_logp as unknown as number[]),
    ];
    const large = [...(inputs.large_old_hint_logp as unknown as number[]), -9, -9];
    const ratios = (now: readonly number[], hinted: number) => {
      const old = behaviour({ hinted }, scores(small), scores(large));
      return now.map((x, t) => Math.exp(x - old[t]!));
    };
    const now = inputs.large_new_logp as unknown as number[];
    within(ratios(now, 2), expected.large_ratio_correct as never);
    within(ratios(now, 0), expected.large_ratio_if_hint_source_ignored as never);
    within(ratios(small, 2), expected.small_ratio_correct_with_small_new_equal_small_old as never);
  });

  test('a group that agrees on the task still learns from the large model', () => {
    const { inputs, expected } = caseOf('all_equal_task_reward');
    within(
      groupAdvantages([inputs.task_reward as never], 'group')[0]!,
      expected.A_large_std as never,
    );
    within(centred(inputs.kd as never), expected.A_small as never);
  });
});

/** Three words after a start; the second ends. */
const WORDS = 3;
const START = 3;
const tableOf = (logits: readonly number[]) => Array.from({ length: 4 }, () => [...logits, -1000]);
const exercise = (reward: (token: number) => number): Exercise => ({
  prompt: [START],
  question: '?',
  expected: '',
  grade: (tokens) => ({ correctness: reward(tokens[0]!) }),
});

test('over all groups of three, updates follow the exact gradients, (G - 1) / G of them', async () => {
  const { inputs, expected } = caseOf('unbiasedness_enumeration');
  const { alpha, G } = inputs as unknown as { alpha: number; G: number };
  const rewards = inputs.task_reward_per_token as unknown as number[];
  const softmax = (x: readonly number[]) => {
    const e = x.map(Math.exp);
    return e.map((v) => v / e.reduce((a, b) => a + b));
  };
  const p = softmax(inputs.small_logits as never);
  const [sums, larges] = [new Float64Array(WORDS), new Float64Array(WORDS)];
  for (let group = 0; group < WORDS ** G; group++) {
    const tokens = Array.from({ length: G }, (_, i) => Math.floor(group / WORDS ** i) % WORDS);
    const weight = tokens.reduce((product, token) => product * p[token]!, 1);
    const small = tablePolicy(tableOf(inputs.small_logits as never), -1);
    const large = tablePolicy(tableOf(inputs.large_logits as never), -1);
    const written = async () => tokens.map((token) => ({ tokens: [token], truncated: false }));
    const seen = { small: new Float64Array(), large: new Float64Array() };
    const watched = (model: typeof small, role: 'small' | 'large') => ({
      ...model,
      write: written,
      step: async () => {
        seen[role] = model.gradient.slice(START * 4, START * 4 + WORDS);
        return { gradNorm: 1, applied: true };
      },
    });
    const params = {
      ...defaultsOf(codistillTrainer.params),
      ...{ steps: 1, prompts: 1, samples: G, group: G, selection: 'all', completion: 1, alpha },
      // The theorem is about updates that nothing clips.
      ...{ epsilon: 1, epsilonHigh: 100, delta: 0, largeAdvantages: 'plain' },
    } as CodistillParams;
    const models = { small: watched(small, 'small'), large: watched(large, 'large') };
    const run = codistillGrpo({
      models,
      exercise: () => exercise((token) => rewards[token]!),
      piece: String,
      params,
      seed: 1,
    });
    for await (const _ of run);
    seen.small.forEach((g, i) => {
      sums[i]! -= weight * g;
      larges[i]! -= weight * seen.large[i]!;
    });
  }
  // The ratio is at most e^2 here, far inside the bounds, and positive advantages are not clipped below.
  within(sums, expected.expected_gradient_small as never, 1e-6);
  within(larges, expected.expected_gradient_large_IS as never, 1e-6);
  const exact = expected.exact_gradient_small as unknown as number[];
  within(
    sums,
    exact.map((g) => (g * (G - 1)) / G),
    1e-6,
  );
});

const random = (seed: number) =>
  Array.from({ length: 5 }, (_, i) =>
    Array.from({ length: 5 }, (_, j) => Math.sin(seed + 7 * i + 3 * j) * 1.5),
  );
const EOS = 4;
const task = (index: number): Exercise => ({
  prompt: [index % 4],
  question: `${index}`,
  expected: '',
  grade: (tokens, truncated) => ({
    correctness: !truncated && tokens.includes((index + 1) % 4) ? 1 : 0,
  }),
});
const context = <P>(
  params: P,
  small = tablePolicy(random(1), EOS),
  large = tablePolicy(random(2), EOS),
) => ({
  small,
  large,
  asked: {
    models: { small, large },
    exercise: task,
    piece: String,
    params,
    seed: 3,
  } as PolicyContext<P>,
});
const told = async (run: AsyncGenerator<PolicyEvent>) => {
  const events: PolicyEvent[] = [];
  for await (const event of run) events.push(event);
  return events;
};
const quick = { steps: 3, prompts: 4, completion: 6, warmup: 0, clip: 0 } as const;
const codistillParams = (changes: Partial<CodistillParams> = {}): CodistillParams => ({
  ...defaultsOf(codistillTrainer.params),
  ...quick,
  samples: 6,
  group: 4,
  ...changes,
});

describe('limits', () => {
  it('without distillation the small model’s updates are those of GRPO with the mean alone', async () => {
    const one = context(codistillParams({ alpha: 0, samples: 4, selection: 'all' }));
    await told(codistillGrpo(one.asked));
    const params: GrpoParams = {
      ...defaultsOf(grpoTrainer.params),
      ...quick,
      group: 4,
      lossType: 'dr_grpo',
      scaleRewards: 'nothing',
    };
    const other = context(params);
    await told(grpo(other.asked));
    expect(one.small.table).toEqual(other.small.table);
    expect(one.small.table).not.toEqual(tablePolicy(random(1), EOS).table);
  });

  it('distillation alone brings the small model to the large one', async () => {
    const params = codistillParams({
      steps: 60,
      correctness: 0,
      largeLearningRate: 0,
      learningRate: 0.1,
      alpha: 6,
    });
    const { small, large, asked } = context(params);
    const events = await told(codistillGrpo(asked));
    const kls = events.flatMap((e) => (e.type === 'step' ? [e.metrics.small!.kl!] : []));
    const late = kls.slice(-20).reduce((a, b) => a + b) / 20;
    expect(late).toBeLessThan(0.1 * kls[0]!);
    expect(large.table).toEqual(tablePolicy(random(2), EOS).table);
    expect(small.steps).toBe(60);
  });

  it('hints are the large model’s, in the first epoch only, and the ratio knows', async () => {
    const params = codistillParams({ hints: 'first', epoch: 2, hintLength: 2 });
    const { asked, small } = context(params);
    const events = await told(codistillGrpo(asked));
    const steps = events.flatMap((e) => (e.type === 'step' ? [e] : []));
    expect(steps.map(({ generated }) => generated.large! > 0)).toEqual([true, true, false]);
    const shown = events.flatMap((e) => (e.type === 'completions' ? [e] : []))[0]!;
    expect(shown.groups[0]!.completions.every(({ hinted }) => hinted >= 1 && hinted <= 2)).toBe(
      true,
    );
    // In a hint the small model's ratio is not 1: it did not write it.
    const ratio = 'sampling/importance_sampling_ratio/mean';
    expect(Math.abs(steps[0]!.metrics.small![ratio]! - 1)).toBeGreaterThan(1e-3);
    expect(Math.abs(steps[2]!.metrics.small![ratio]! - 1)).toBeLessThan(1e-5);
    expect(small.heard[0]!.sequences[0]!.old).toBeDefined();
  });

  it('goes on with the large model alone, on its own completions', async () => {
    const { asked, small, large } = context(codistillParams({ continued: 2 }));
    const events = await told(codistillGrpo(asked));
    const steps = events.flatMap((e) => (e.type === 'step' ? [e] : []));
    expect(steps.map(({ phase }) => phase)).toEqual([
      'together',
      'together',
      'together',
      'continued',
      'continued',
    ]);
    expect(steps[3]!.generated).toEqual({ large: expect.any(Number) });
    expect([small.steps, large.steps]).toEqual([3, 5]);
    expect(events.at(-1)).toEqual({ type: 'trained', step: 5 });
  });

  it('a step that one model refuses is made by neither', async () => {
    const { asked, small, large } = context(codistillParams({ steps: 20 }));
    const refusing = {
      ...large,
      step: async () => ({ gradNorm: Number.NaN, applied: false, tensor: 'head' }),
    };
    const models = { small, large: refusing };
    const events = await told(codistillGrpo({ ...asked, models }));
    expect(events).toEqual([
      { type: 'diverged', step: 1, role: 'large', what: 'gradient', tensor: 'head' },
    ]);
    expect(small.table).toEqual(tablePolicy(random(1), EOS).table);
    expect(small.steps).toBe(0);
  });
});
