// Down-sampling against the oracle's trace, against trying all subsets, and its limits.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import codistill from '../../test/oracles/codistill_grpo.json' with { type: 'json' };
import { deviation } from './advantages.ts';
import { SELECTIONS, selected } from './selection.ts';

const oracle = codistill.cases.find(({ id }) => id === 'rewards_downsample_advantages')!;
const expected = oracle.expected as unknown as Readonly<
  Record<string, number[] & { chosen: number[] }>
>;

test.each(['N_const', 'N_len'])('the oracle’s choice, %s', (n) => {
  const rewards = expected[`effective_reward_${n}`]!;
  const { chosen } = expected[`downsample_maxvar_${n}`]!;
  expect(selected(rewards, 4, 'maxVariance')).toEqual(chosen);
});

test('no subset of that size has a larger variance', () => {
  const subsets = (n: number, k: number): number[][] =>
    k === 0
      ? [[]]
      : Array.from({ length: n }, (_, i) => i).flatMap((i) =>
          subsets(i, k - 1).map((some) => [...some, i]),
        );
  const reward = fc.integer({ min: -4, max: 4 });
  fc.assert(
    fc.property(fc.array(reward, { minLength: 2, maxLength: 8 }), fc.nat(7), (rewards, k) => {
      const count = 1 + (k % rewards.length);
      const spread = (some: readonly number[]) => deviation(some.map((i) => rewards[i]!));
      const best = Math.max(...subsets(rewards.length, count).map(spread));
      expect(spread(selected(rewards, count, 'maxVariance'))).toBeCloseTo(best, 10);
    }),
  );
});

test('every rule keeps as many as asked, each once; all of them if there are no more', () => {
  const rewards = [0, 1, 1, 0.5, -2, 3];
  const draws = [0.4, 0.2, 0.9, 0.1, 0.3, 0.5];
  for (const rule of SELECTIONS) {
    for (const count of [1, 3, 6, 9]) {
      const kept = selected(rewards, count, rule, draws);
      expect(new Set(kept).size).toBe(kept.length);
      expect(kept.length).toBe(rule === 'all' ? 6 : Math.min(count, 6));
    }
  }
  expect(selected(rewards, 2, 'highest')).toEqual([5, 1]);
  expect(selected(rewards, 2, 'farthest')).toEqual([4, 5]);
  expect(selected(rewards, 2, 'random', draws)).toEqual([3, 1]);
});
