import fc from 'fast-check';
import { expect, test } from 'vitest';
import { placeTicks, ticksFromZero } from './ticks.ts';

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

test('ticks from zero are multiples of one round step that reach nearly to the top', () => {
  expect(ticksFromZero(260)).toEqual([0, 100, 200]);
  expect(ticksFromZero(3)).toEqual([0, 1, 2, 3]);
  expect(ticksFromZero(60)).toEqual([0, 20, 40, 60]);
  fc.assert(
    fc.property(fc.double({ min: 1e-3, max: 1e6, noNaN: true }), (top) => {
      const ticks = ticksFromZero(top);
      expect(ticks.length).toBeGreaterThanOrEqual(3);
      expect(ticks.length).toBeLessThanOrEqual(6);
      expect(ticks.at(-1)).toBeLessThanOrEqual(top * (1 + 1e-6));
    }),
  );
});
