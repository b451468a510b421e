import fc from 'fast-check';
import { expect, test } from 'vitest';
import { placeTicks, spreadTicks, ticksFromZero } from './ticks.ts';

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

test('an axis around equal values is wide enough for labels that differ, and does not leave what is possible', () => {
  expect(spreadTicks(1, 1, 1)).toMatchObject({ high: 1 });
  expect(spreadTicks(1, 1, 1).low).toBeLessThan(1);
  const labels = spreadTicks(4.3600001, 4.3600002).ticks.map((tick) => tick.toPrecision(3));
  expect(new Set(labels).size).toBe(labels.length);
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(100), (low, more) => {
      const high = Math.min(1, low + more / 100);
      const axis = spreadTicks(low, high, 1);
      expect(axis.low).toBeLessThanOrEqual(low + 1e-6);
      expect(axis.high).toBeGreaterThanOrEqual(high - 1e-6);
      expect(axis.high).toBeLessThanOrEqual(1 + 1e-6);
      expect(axis.ticks.length).toBeLessThanOrEqual(7);
    }),
  );
});
