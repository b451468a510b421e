import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { wilson } from './wilson.ts';

describe('wilson', () => {
  test('agrees with published values', () => {
    // Newcombe 1998, Table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29.
    for (const [right, n, low, high] of [
      [81, 263, 0.2553, 0.3662],
      [15, 148, 0.0624, 0.1605],
      [0, 20, 0, 0.1611],
      [1, 29, 0.0061, 0.1718],
    ] as const) {
      const interval = wilson(right, n);
      expect(Math.abs(interval.low - low)).toBeLessThanOrEqual(5e-5);
      expect(Math.abs(interval.high - high)).toBeLessThanOrEqual(5e-5);
    }
  });

  test('it holds the observed share and stays inside [0, 1]', () =>
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (n, share) => {
          const right = Math.round(n * share);
          const { low, high } = wilson(right, n);
          expect(low).toBeGreaterThanOrEqual(0);
          expect(high).toBeLessThanOrEqual(1);
          expect(low).toBeLessThanOrEqual(right / n + 1e-12);
          expect(high).toBeGreaterThanOrEqual(right / n - 1e-12);
        },
      ),
    ));

  test('right and wrong change places', () =>
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), fc.nat(), (n, seed) => {
        const right = seed % (n + 1);
        expect(wilson(right, n).low).toBeCloseTo(1 - wilson(n - right, n).high, 10);
      }),
    ));

  test('nothing seen says nothing', () => expect(wilson(0, 0)).toEqual({ low: 0, high: 1 }));
});
