// The schedule's ends and its middle, where they are known.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { learningRate, type Schedule } from './schedule.ts';

const cosine: Schedule = { peak: 2, shape: 'cosine', warmup: 4, steps: 105, floor: 0.1 };

test('climbs in equal steps to the peak, and ends at the floor', () => {
  expect([0, 1, 2, 3].map((k) => learningRate(cosine, k))).toEqual([0.5, 1, 1.5, 2]);
  expect(learningRate(cosine, 4)).toBe(2);
  expect(learningRate(cosine, 54)).toBeCloseTo(2 * 0.55, 12);
  expect(learningRate(cosine, 104)).toBeCloseTo(0.2, 12);
});

test('constant is constant after the climb', () => {
  const constant: Schedule = { ...cosine, shape: 'constant' };
  expect([3, 4, 50, 104, 1000].map((k) => learningRate(constant, k))).toEqual([2, 2, 2, 2, 2]);
});

test('never leaves [0, peak], whatever the numbers', () => {
  fc.assert(
    fc.property(fc.nat(50), fc.integer({ min: 1, max: 50 }), fc.nat(80), (warmup, steps, step) => {
      const rate = learningRate({ ...cosine, warmup, steps }, step);
      expect(rate).toBeGreaterThan(0);
      expect(rate).toBeLessThanOrEqual(2);
    }),
  );
});
