import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { meanInterval, meanOfSums, studentQuantile } from './meanInterval.ts';
import { uniform } from './rng.ts';

describe('the interval of a mean', () => {
  // Published tables of Student's t, two-sided 5 %.
  test.each([
    [1, 12.7062],
    [2, 4.3027],
    [5, 2.5706],
    [12, 2.1788],
    [13, 2.1604],
    [20, 2.086],
    [30, 2.0423],
    [60, 2.0003],
    [120, 1.9799],
    [1_000_000, 1.96],
  ])('with %i degrees of freedom the quantile is that of the tables', (freedom, expected) => {
    expect(Math.abs(studentQuantile(freedom) - expected) <= 6e-5).toBe(true);
  });

  test('a worked example: 1, 2, 3, 4, 5', () => {
    const { mean, deviation, low, high } = meanInterval([1, 2, 3, 4, 5]);
    expect(mean).toBe(3);
    expect(deviation).toBeCloseTo(Math.sqrt(2.5), 12);
    expect(high - low).toBeCloseTo(2 * 2.776445 * Math.sqrt(2.5 / 5), 9);
  });

  test('one value says nothing of its spread, and none nothing at all', () => {
    expect(meanInterval([0.5])).toMatchObject({ mean: 0.5, low: -Infinity, high: Infinity });
    expect(meanInterval([]).mean).toBeNaN();
  });

  test('moves with its values and widens with them', () => {
    const values = fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 2, maxLength: 40 });
    fc.assert(
      fc.property(values, fc.integer({ min: -50, max: 50 }), (list, by) => {
        const one = meanInterval(list);
        const moved = meanInterval(list.map((value) => 2 * value + by));
        expect(Math.abs(moved.low - (2 * one.low + by)) <= 1e-6).toBe(true);
        expect(Math.abs(moved.high - (2 * one.high + by)) <= 1e-6).toBe(true);
      }),
    );
  });

  test('from sums it is the same', () => {
    const rewards = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 2 });
    fc.assert(
      fc.property(rewards, (values) => {
        const sum = values.reduce((total, value) => total + value, 0);
        const squares = values.reduce((total, value) => total + value * value, 0);
        const [one, other] = [meanInterval(values), meanOfSums(values.length, sum, squares)];
        expect(Math.abs(one.low - other.low) <= 1e-6).toBe(true);
        expect(Math.abs(one.high - other.high) <= 1e-6).toBe(true);
      }),
    );
  });

  test('holds the true mean about 95 times in 100', () => {
    let held = 0;
    for (let run = 0; run < 2000; run++) {
      // A sum of twelve uniforms is as good as normal; its mean is 6.
      const draw = (row: number) =>
        Array.from({ length: 12 }, (_, step) => uniform({ seed: 3, run, step, row })).reduce(
          (sum, u) => sum + u,
        );
      const { low, high } = meanInterval([0, 1, 2, 3, 4].map(draw));
      if (low <= 6 && 6 <= high) held++;
    }
    expect(held / 2000).toBeGreaterThan(0.935);
    expect(held / 2000).toBeLessThan(0.965);
  });
});
