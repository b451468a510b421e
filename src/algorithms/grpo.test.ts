// GRPO and on-policy distillation in their limits, on policies that can be worked out on paper.

import { describe, expect, it, test } from 'vitest';
import { tablePolicy } from '../../test/support/tablePolicy.ts';
import { defaultsOf } from '../core/params.ts';
import type { PolicyEvent } from '../core/policyEvents.ts';
import { LOSS_TYPES } from '../core/policyVariants.ts';
import { type DistillationParams, distillationTrainer } from './distillationKnobs.ts';
import { grpo } from './grpo.ts';
import { type GrpoParams, grpoTrainer } from './grpoKnobs.ts';
import { onPolicyDistillation } from './onPolicyDistillation.ts';
import type { Exercise, PolicyContext } from './policyStep.ts';

const EOS = 4;
const random = (seed: number) =>
  Array.from({ length: 5 }, (_, i) =>
    Array.from({ length: 5 }, (_, j) => Math.sin(seed + 7 * i + 3 * j) * 1.5),
  );
const wanted = (index: number) => (index + 1) % 4;
const exercise = (index: number): Exercise => ({
  prompt: [index % 4],
  question: `${index}`,
  expected: '',
  grade: (tokens, truncated) => ({
    correctness: !truncated && tokens[0] === wanted(index) ? 1 : 0,
    format: truncated ? 0 : 1,
  }),
});
const quick = { steps: 3, prompts: 4, group: 6, completion: 6, warmup: 0, learningRate: 0.05 };
const paramsOf = (changes: Partial<GrpoParams> = {}): GrpoParams => ({
  ...defaultsOf(grpoTrainer.params),
  ...quick,
  ...changes,
});
const told = async (run: AsyncGenerator<PolicyEvent>) => {
  const events: PolicyEvent[] = [];
  for await (const event of run) events.push(event);
  return events;
};
async function trained(
  changes: Partial<GrpoParams> = {},
  more: Partial<PolicyContext<GrpoParams>> = {},
) {
  const small = tablePolicy(random(1), EOS);
  const params = paramsOf(changes);
  const models = { small, large: small };
  const events = await told(grpo({ models, exercise, piece: String, params, seed: 3, ...more }));
  const steps = events.flatMap((one) => (one.type === 'step' ? [one] : []));
  return { small, events, steps };
}

describe('GRPO', () => {
  test.each(LOSS_TYPES)('%s learns the one rewarded token', async (lossType) => {
    const bounds =
      lossType === 'gspo' ? { epsilon: 0.1 } : lossType === 'cispo' ? { epsilonHigh: 5 } : {};
    const { small, steps } = await trained({ lossType, steps: 80, iterations: 2, ...bounds });
    // What is hardly ever written is never learned; but on the whole more is right.
    const chance = (policy: typeof small) =>
      [0, 1, 2, 3].reduce((sum, prompt) => sum + policy.probability(prompt, wanted(prompt)), 0) / 4;
    expect(chance(small)).toBeGreaterThan(chance(tablePolicy(random(1), EOS)) + 0.25);
    const mean = (from: number) =>
      steps.slice(from, from + 10).reduce((sum, { metrics }) => sum + metrics.small!.reward!, 0) /
      10;
    expect(mean(70)).toBeGreaterThan(mean(0) + 0.2);
  });

  it('groups that agree teach nothing, whatever they agree on', async () => {
    const agreeing = (index: number): Exercise => ({
      ...exercise(index),
      grade: () => ({ correctness: 0.7 }),
    });
    const { small, steps } = await trained({}, { exercise: agreeing });
    expect(small.table).toEqual(tablePolicy(random(1), EOS).table);
    expect(steps[0]!.metrics.small).toMatchObject({
      frac_reward_zero_std: 1,
      grad_norm: 0,
      tokens_with_gradient: 0,
    });
  });

  it('at the first iteration all ratios are 1 and the loss is 0 but for lengths', async () => {
    const { steps } = await trained({ scaleRewards: 'group', lossType: 'dr_grpo' });
    const ratio = 'sampling/importance_sampling_ratio/mean';
    for (const { metrics } of steps) expect(metrics.small![ratio]).toBe(1);
  });

  it('a second iteration moves on from the first, and clips then bite', async () => {
    const { steps } = await trained({ iterations: 4, learningRate: 0.5, epsilon: 0.05 });
    expect(steps[0]!.metrics.small!['clip_ratio/region_mean']).toBeGreaterThan(0);
  });

  it('learning rate 0 leaves every number as it was', async () => {
    const { small } = await trained({ learningRate: 0, iterations: 2, beta: 0.1 });
    expect(small.table).toEqual(tablePolicy(random(1), EOS).table);
  });

  it('KL to the beginning holds it there', async () => {
    const free = await trained({ steps: 40 });
    const held = await trained({ steps: 40, beta: 5 });
    const distance = (table: Float32Array) =>
      Math.hypot(...table.map((x, i) => x - tablePolicy(random(1), EOS).table[i]!));
    expect(distance(held.small.table)).toBeLessThan(0.5 * distance(free.small.table));
    expect(held.steps[0]!.metrics.small!.kl).toBeLessThan(1e-12);
  });

  it('truncated completions count nothing where they are masked', async () => {
    const { small } = await trained({ truncated: 'masked', completion: 2, steps: 1 });
    const [heard] = small.heard;
    for (const { completion, scales } of heard!.sequences) {
      const truncated = completion.at(-1) !== EOS;
      expect(Array.from(scales).every((scale) => (scale === 0) === truncated)).toBe(true);
    }
  });

  it('goes on where it stopped', async () => {
    const whole = await trained({ steps: 4 });
    const small = tablePolicy(random(1), EOS);
    const context = { models: { small, large: small }, exercise, piece: String, seed: 3 };
    const first = await told(grpo({ ...context, params: paramsOf({ steps: 2 }) }));
    const past = first.filter(({ type }) => type !== 'trained');
    const second = await told(grpo({ ...context, params: paramsOf({ steps: 4 }), done: 2, past }));
    expect([...past, ...second]).toEqual(whole.events);
  });

  it('stops before a spike, and at numbers that are none', async () => {
    const small = tablePolicy(random(1), EOS);
    let step = 0;
    const jumpy = {
      ...small,
      step: async (update: Parameters<typeof small.step>[0]) => {
        step++;
        if (step === 8) small.gradient[3] = 1e6;
        return small.step(update);
      },
    };
    const models = { small: jumpy, large: jumpy };
    const params = paramsOf({ steps: 20, spike: 50 });
    const events = await told(grpo({ models, exercise, piece: String, params, seed: 3 }));
    expect(events.at(-1)).toMatchObject({
      type: 'diverged',
      step: 8,
      what: 'spike',
      tensor: 'table',
    });
    expect(small.steps).toBe(7);
  });
});

describe('on-policy distillation', () => {
  const params: DistillationParams = {
    ...defaultsOf(distillationTrainer.params),
    ...quick,
    steps: 80,
    learningRate: 0.1,
  };
  it('brings the student to the teacher, which stays as it is', async () => {
    const [small, large] = [tablePolicy(random(1), EOS), tablePolicy(random(2), EOS)];
    const context = { models: { small, large }, exercise, piece: String, params, seed: 3 };
    const events = await told(onPolicyDistillation(context));
    const kls = events.flatMap((one) => (one.type === 'step' ? [one.metrics.small!.kl!] : []));
    expect(kls.at(-1)).toBeLessThan(0.1 * kls[0]!);
    expect(large.table).toEqual(tablePolicy(random(2), EOS).table);
    expect(large.heard).toEqual([]);
  });

  it('a student that is its teacher learns nothing', async () => {
    const [small, large] = [tablePolicy(random(1), EOS), tablePolicy(random(1), EOS)];
    const context = {
      models: { small, large },
      exercise,
      piece: String,
      params: { ...params, steps: 2 },
      seed: 3,
    };
    await told(onPolicyDistillation(context));
    expect(small.table).toEqual(large.table);
  });
});
