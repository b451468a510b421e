import fc from 'fast-check';
import { expect, test } from 'vitest';
import { placeTicks } from './ticks.ts';

test('ticks are round, few, in order and inside', () => {
  expect(placeTicks(70)).toEqual([1, 10, 20, 30, 40, 50, 60, 70]);
  expect(placeTicks(2)).toEqual([1, 2]);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5000 }), (last) => {
      const ticks = placeTicks(last);
      expect(ticks.length).toBeLessThanOrEqual(9);
      expect(ticks.at(-1)).toBeLessThanOrEqual(last);
      expect([...ticks].sort((a, b) => a - b)).toEqual(ticks);
      expect(new Set(ticks).size).toBe(ticks.length);
    }),
  );
});
