// Dynamic logits fusion on table models: the oracle’s sequences and what must hold.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import dlf from '../../test/oracles/dlf.json' with { type: 'json' };
import {
  caseOf,
  constant,
  large,
  near,
  ops,
  random,
  run,
  seeds,
} from '../../test/support/fusionRuns.ts';
import { bigram, type TableModel } from '../../test/support/tableModel.ts';
import { DeviceLogits } from '../backend/logits.ts';
import type { AnyAlgorithm } from '../core/algorithm.ts';
import { defaultsOf } from '../core/params.ts';
import { dynamicFusion } from './dynamicFusion.ts';
import { greedy } from './greedy.ts';
import { proxyTuning } from './proxyTuning.ts';

describe('dynamic logits fusion', () => {
  const fusion = dynamicFusion as AnyAlgorithm;
  const paper = { solver: 'grid' };

  test('the oracle’s greedy sequence, step by step', async () => {
    type Tables = Readonly<Record<string, number[]>>;
    const { inputs, expected } = caseOf<{
      readonly inputs: Readonly<Record<'large' | 'small' | 'expert', Tables>>;
      readonly expected: {
        readonly sequence: readonly number[];
        readonly steps: readonly { readonly alpha: number; readonly loss: number }[];
      };
    }>(dlf, 'greedy_sequence');
    const models = {
      large: bigram(inputs.large, 0),
      small: bigram(inputs.small, 0),
      expert: bigram(inputs.expert, 0),
    };
    const { text, solved, events } = await run(fusion, models, paper);
    expect([0, ...text]).toEqual(expected.sequence);
    expect(events.at(-1)).toEqual({ type: 'finished', reason: 'eos' });
    expect(solved).toHaveLength(expected.steps.length);
    expected.steps.forEach(({ alpha, loss }, step) => {
      near(solved[step]!.alphas[0]!, alpha, 1e-6);
      near(solved[step]!.loss, loss);
    });
    // All caches advance together: one pass of each model per token.
    for (const model of Object.values(models)) expect(model.calls).toHaveLength(text.length);
  });

  test.each([
    'single_generic',
    'identity_large_equals_small',
    'no_shift',
    'confident_large_needs_alpha_above_1',
  ])('one expert: %s', async (id) => {
    const { inputs, expected } = caseOf<{
      readonly inputs: Readonly<Record<'large' | 'small' | 'expert', number[]>>;
      readonly expected: Readonly<Record<'alpha' | 'loss' | 'KL_ft_small' | 'KL_small_ft', number>>;
    }>(dlf, id);
    const models = {
      large: constant(inputs.large),
      small: constant(inputs.small),
      expert: constant(inputs.expert),
    };
    const { solved } = await run(fusion, models, paper, { maxTokens: 1 });
    near(solved[0]!.alphas[0]!, expected.alpha, 1e-6);
    near(solved[0]!.loss, expected.loss);
    near(solved[0]!.wanted[0]!.there, expected.KL_ft_small);
    near(solved[0]!.wanted[0]!.back, expected.KL_small_ft);
    const edge = expected.alpha === 0 ? 'low' : expected.alpha === 2 ? 'high' : undefined;
    expect(solved[0]!.edge).toBe(edge);
  });

  test.each(['multi_two_experts', 'multi_joint_differs'])('two experts: %s', async (id) => {
    const { inputs, expected } = caseOf<{
      readonly inputs: Readonly<Record<'large' | 'small', number[]>> & {
        readonly experts: readonly [number[], number[]];
      };
      readonly expected: {
        readonly one_at_a_time: Readonly<Record<'expert' | 'alpha' | 'loss', number>>;
        readonly full_grid: { readonly alphas: readonly number[]; readonly loss: number };
      };
    }>(dlf, id);
    const models = {
      large: constant(inputs.large),
      small: constant(inputs.small),
      expert: constant(inputs.experts[0]),
      expert2: constant(inputs.experts[1]),
    };
    const once = { maxTokens: 1 };
    const one = (await run(fusion, models, { ...paper, experts: 2 }, once)).solved[0]!;
    const { expert, alpha, loss } = expected.one_at_a_time;
    near(one.alphas[expert]!, alpha, 1e-6);
    near(one.alphas[1 - expert]!, 0);
    near(one.loss, loss);
    const joint = (await run(fusion, models, { solver: 'joint', experts: 2 }, once)).solved[0]!;
    expected.full_grid.alphas.forEach((wanted, t) => {
      near(joint.alphas[t]!, wanted, 1e-6);
    });
    near(joint.loss, expected.full_grid.loss);
    expect(joint.loss).toBeLessThanOrEqual(one.loss);
  });

  test('where large = small the expert writes, and alpha is 1', () =>
    fc.assert(
      fc.asyncProperty(seeds, async (seed) => {
        const models = { large: random(seed, 1), small: random(seed, 1), expert: random(seed, 2) };
        const { text, solved } = await run(fusion, models);
        for (const { alphas } of solved) near(alphas[0]!, 1);
        const expert = await run(greedy as AnyAlgorithm, { large: random(seed, 2) });
        expect(text).toEqual(expert.text);
      }),
      { numRuns: 40 },
    ));

  test.each(['refined', 'grid', 'joint'])(
    'experts that learned nothing leave the large model alone (%s)',
    (solver) =>
      fc.assert(
        fc.asyncProperty(seeds, async (seed) => {
          const small = random(seed, 2);
          const models = { large: random(seed, 1), small, expert: small, expert2: small };
          const params = { solver, experts: 2, temperature: 0.9, topP: 0.9 };
          const { text, solved } = await run(fusion, models, params);
          for (const { alphas, edge } of solved) {
            expect(alphas).toEqual([0, 0]);
            expect(edge).toBe('low');
          }
          expect(text).toEqual(await large(models, params));
        }),
        { numRuns: 20 },
      ),
  );

  test('strength 0: the large model writes alone', () =>
    fc.assert(
      fc.asyncProperty(seeds, async (seed) => {
        const models = { large: random(seed, 1), small: random(seed, 2), expert: random(seed, 3) };
        const drawn = { temperature: 0.9, topP: 0.9 };
        const params = { alphaMin: 0, alphaMax: 0, ...drawn };
        const { text, solved } = await run(fusion, models, params, { seed });
        for (const { alphas } of solved) expect(alphas).toEqual([0]);
        expect(text).toEqual(await large(models, drawn, { seed }));
      }),
      { numRuns: 20 },
    ));

  test('a range of one strength is proxy-tuning', () =>
    fc.assert(
      fc.asyncProperty(seeds, async (seed) => {
        const models = { large: random(seed, 1), small: random(seed, 2), expert: random(seed, 3) };
        const params = { alphaMin: 1, alphaMax: 1, solver: 'grid', temperature: 1 };
        const { text } = await run(fusion, models, params);
        const { large, expert, small: antiExpert } = models;
        const fixed = await run(
          proxyTuning as AnyAlgorithm,
          { large, expert, antiExpert },
          { temperature: 1 },
        );
        expect(text).toEqual(fixed.text);
      }),
      { numRuns: 20 },
    ));

  test('exact is never worse than the grid, step by step', () =>
    fc.assert(
      fc.asyncProperty(seeds, fc.integer({ min: 1, max: 3 }), async (seed, experts) => {
        const models = {
          large: random(seed, 1),
          small: random(seed, 2),
          expert: random(seed, 3),
          expert2: random(seed, 4),
          expert3: random(seed, 5),
        };
        const once = { maxTokens: 1 };
        const exact = (await run(fusion, models, { experts }, once)).solved[0]!;
        const grid = (await run(fusion, models, { ...paper, experts }, once)).solved[0]!;
        expect(exact.loss).toBeLessThanOrEqual(grid.loss);
        expect(exact.alphas).toHaveLength(experts);
      }),
      { numRuns: 40 },
    ));

  test('what cannot be searched is said before anything runs', () => {
    const given = defaultsOf(dynamicFusion.params);
    expect(() => fusion.check?.({ ...given, alphaMin: 1.5, alphaMax: 1 })).toThrow(
      'from 1.5 to 1: its smallest strength is above its largest',
    );
    expect(() => fusion.check?.({ ...given, solver: 'joint', experts: 3 })).toThrow(
      'A joint search over 3 experts would try 9,261 combinations of 21 strengths; at most 1,024',
    );
    expect(() =>
      fusion.check?.({ ...given, alphaStep: 0.02, alphaMax: 4, experts: 3 }),
    ).not.toThrow();
    expect(fusion.check?.(given)).toBeUndefined();
  });
});

test('stopped between two events it holds no logits', async () => {
  let held = 0;
  const counting = (who: number): TableModel => {
    const model = random(9, who);
    return {
      ...model,
      async logits(y, from) {
        const { source, layout } = (await model.logits(y, from)) as DeviceLogits;
        held++;
        return new DeviceLogits(source, layout, () => held--);
      },
    };
  };
  const models = { large: counting(1), small: counting(2), expert: counting(3) };
  const params = defaultsOf(dynamicFusion.params);
  const context = { models, ops, prompt: [0], maxTokens: 9, params, seed: 1, run: 0 };
  const events = (dynamicFusion as AnyAlgorithm).decode(context);
  for (let i = 0; i < 5; i++) {
    await events.next();
    expect(held).toBe(0);
  }
  await events.return();
  expect(held).toBe(0);
  expect((await events.next()).done).toBe(true);
});
