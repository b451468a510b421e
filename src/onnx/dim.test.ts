import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  add,
  bind,
  type Dim,
  divideExact,
  evaluate,
  isPositive,
  mul,
  parseDim,
  same,
  show,
  sub,
  symbol,
} from './dim.ts';

const names = ['B', 'T', 'P'] as const;
const monomial = fc
  .tuple(fc.integer({ min: -4, max: 4 }), fc.array(fc.constantFrom(...names), { maxLength: 3 }))
  .map(([coefficient, symbols]) => symbols.map(symbol).reduce<Dim>(mul, coefficient));
const dim = fc.array(monomial, { maxLength: 4 }).map((terms) => terms.reduce<Dim>(add, 0));
const size = fc.integer({ min: 1, max: 50 });
const sizes = fc.record({ B: size, T: size, P: size });

describe('polynomials', () => {
  it('add, subtract and multiply as their values do', () => {
    fc.assert(
      fc.property(dim, dim, sizes, (a, b, at) => {
        const [x, y] = [evaluate(a, at), evaluate(b, at)];
        // + 0 turns -0 into 0, which is no other size.
        expect(evaluate(add(a, b), at) + 0).toBe(x + y + 0);
        expect(evaluate(sub(a, b), at) + 0).toBe(x - y + 0);
        expect(evaluate(mul(a, b), at) + 0).toBe(x * y + 0);
      }),
    );
  });

  it('are equal exactly if their difference is zero, in whatever order they were built', () => {
    fc.assert(
      fc.property(dim, dim, (a, b) => {
        expect(same(add(a, b), add(b, a))).toBe(true);
        expect(same(mul(a, b), mul(b, a))).toBe(true);
        expect(same(a, b)).toBe(sub(a, b) === 0);
      }),
    );
  });

  it('divide exactly what was multiplied', () => {
    fc.assert(
      fc.property(dim, dim, (a, b) => {
        fc.pre(b !== 0);
        expect(same(divideExact(mul(a, b), b) ?? Number.NaN, a)).toBe(true);
      }),
    );
  });

  it('divide only exactly', () => {
    fc.assert(
      fc.property(dim, dim, (a, b) => {
        const quotient = divideExact(a, b);
        if (quotient !== undefined) expect(same(mul(quotient, b), a)).toBe(true);
      }),
    );
    expect(divideExact(add(symbol('T'), 1), 2)).toBeUndefined();
    expect(divideExact(symbol('T'), symbol('B'))).toBeUndefined();
    expect(divideExact(symbol('T'), 0)).toBeUndefined();
  });

  it('bind a symbol to another dim', () => {
    fc.assert(
      fc.property(dim, dim, sizes, (a, b, at) => {
        const bound = evaluate(bind(a, { T: b }), at);
        expect(bound + 0).toBe(evaluate(a, { ...at, T: evaluate(b, at) }) + 0);
      }),
    );
  });

  it('are called positive only if they are', () => {
    fc.assert(
      fc.property(dim, sizes, (a, at) => {
        if (isPositive(a)) expect(evaluate(a, at)).toBeGreaterThanOrEqual(1);
      }),
    );
  });

  it('are read as exporters write them', () => {
    expect(show(parseDim('past_sequence_length + sequence_length'))).toBe(
      'past_sequence_length + sequence_length',
    );
    expect(show(parseDim('past_sequence_length + 1'))).toBe('past_sequence_length + 1');
    expect(parseDim('7')).toBe(7);
    expect(show(parseDim('floor(T/2)'))).toBe('floor(T/2)');
    fc.assert(
      fc.property(dim, (a) => {
        if (isPositive(a)) expect(same(parseDim(show(a)), a)).toBe(true);
      }),
    );
  });
});
