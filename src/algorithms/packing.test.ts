// Packing moves texts and changes nothing of them.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TokenRow } from '../core/trainable.ts';
import { packRows } from './packing.ts';

const CAPACITY = 16;
/** Texts whose tokens name them: text number 7 is 700, 701, ... */
const textOf = (number: number, length: number): TokenRow => {
  const tokens = Array.from({ length }, (_, t) => 100 * number + t);
  return {
    tokens,
    targets: tokens.map((token) => token + 1),
    weights: tokens.map((token) => -token),
  };
};
const texts = fc
  .array(fc.integer({ min: 1, max: CAPACITY }), { maxLength: 40 })
  .map((lengths) => lengths.map((length, number) => textOf(number, length)));

/** The texts that a packed row holds. */
function textsOf({ tokens, targets, weights, starts = [0] }: TokenRow): TokenRow[] {
  return starts.map((start, i) => {
    const cut = <T>(list: readonly T[]) => list.slice(start, starts[i + 1] ?? tokens.length);
    return { tokens: cut(tokens), targets: cut(targets), weights: cut(weights) };
  });
}
const numberOf = ({ tokens }: TokenRow) => Math.floor(tokens[0]! / 100);

describe('packed rows', () => {
  it('hold every text once and whole, with its targets and weights', () => {
    fc.assert(
      fc.property(texts, (rows) => {
        const back = packRows(rows, CAPACITY).flatMap(textsOf);
        expect(back.toSorted((a, b) => numberOf(a) - numberOf(b))).toEqual(rows);
      }),
    );
  });

  it('are never longer than the context, and at most one of them is not half full', () => {
    fc.assert(
      fc.property(texts, (rows) => {
        const lengths = packRows(rows, CAPACITY).map(({ tokens }) => tokens.length);
        expect(lengths.every((length) => length <= CAPACITY)).toBe(true);
        expect(lengths.filter((length) => length <= CAPACITY / 2).length).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('with one text each are the rows themselves', () => {
    fc.assert(
      fc.property(texts, (rows) => {
        const whole = rows.map((_, number) => textOf(number, CAPACITY));
        expect(packRows(whole, CAPACITY)).toEqual(whole);
      }),
    );
  });

  it('take a text to the first that has room, in the order of the batch', () => {
    const rows = [9, 10, 7, 6, 1].map((length, number) => textOf(number, length));
    const packed = packRows(rows, CAPACITY);
    expect(packed.map((row) => textsOf(row).map(numberOf))).toEqual([[0, 2], [1, 3], [4]]);
    expect(packed.map(({ starts }) => starts)).toEqual([[0, 9], [0, 10], undefined]);
  });

  it('are refused for a text that no row can hold, by its number', () => {
    const rows = [textOf(0, 3), textOf(1, CAPACITY + 1)];
    expect(() => packRows(rows, CAPACITY)).toThrow('Example 2 of the batch has 17 tokens');
  });
});
