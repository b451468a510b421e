// Normalisation and log-softmax written out in operators that every provider computes right. Lowering replaces
// fused operators by these, and gradient rules recompute with the same ones, so that equal nodes merge.

import type { GraphBuilder } from './builder.ts';

export interface NormForm {
  readonly axes: readonly number[];
  readonly epsilon: number;
  /** LayerNorm subtracts the mean first; RMSNorm does not. */
  readonly centre: boolean;
}

/** xh = (x - mean) / deviation and inverse = 1 / deviation, both over `axes` (kept). */
export function standardized(b: GraphBuilder, x: string, { axes, epsilon, centre }: NormForm) {
  const centred = centre ? b.add('Sub', [x, b.reduce('ReduceMean', x, axes)]) : x;
  const variance = b.reduce('ReduceMean', b.add('Mul', [centred, centred]), axes);
  const shifted = b.add('Add', [variance, b.scalarLike(x, epsilon)]);
  const inverse = b.add('Reciprocal', [b.add('Sqrt', [shifted])]);
  return { inverse, xh: b.add('Mul', [centred, inverse]) };
}

/** x - max - log(sum(exp(x - max))) */
export function logSoftmax(b: GraphBuilder, x: string, axis: number): string {
  const shifted = b.add('Sub', [x, b.reduce('ReduceMax', x, [axis])]);
  const sum = b.reduce('ReduceSum', b.add('Exp', [shifted]), [axis]);
  return b.add('Sub', [shifted, b.add('Log', [sum])]);
}

/** The normal distribution function 0.5 (1 + erf(x / sqrt 2)); GELU is x times it. */
export function normalDistribution(b: GraphBuilder, x: string): string {
  const times = (p: string, factor: number) => b.add('Mul', [p, b.scalarLike(p, factor)]);
  const erf = b.add('Erf', [times(x, Math.SQRT1_2)]);
  return times(b.add('Add', [erf, b.scalarLike(x, 1)]), 0.5);
}

/**
 * The tanh form of GELU is x 0.5 (1 + tanh u) with u = sqrt(2 / pi) (x + 0.044715 x^3). Since 0.5 (1 + tanh u) =
 * sigmoid(2 u), it is x times this `gate`, a third fewer passes over x with its gradient. `slope` is d 2u / dx.
 */
export function geluGate(b: GraphBuilder, x: string) {
  const [c, a] = [Math.sqrt(8 / Math.PI), 0.044715];
  const square = b.add('Mul', [x, x]);
  const line = (factor: number) =>
    b.add('Add', [b.add('Mul', [square, b.scalarLike(x, factor)]), b.scalarLike(x, c)]);
  return {
    gate: b.add('Sigmoid', [b.add('Mul', [x, line(c * a)])]),
    slope: () => line(3 * c * a),
  };
}

/** pi in three parts of few bits each (Cody and Waite): multiples of the first two are exact in float32. */
const pi = [3.140625, 0.0009670257568359375, 6.277114152908325e-7] as const;

/**
 * sin(x), or cos(x) with a quarter turn: x less the nearest multiple of pi, then an odd polynomial of degree 9
 * fitted on [-pi / 2, pi / 2] (in all 1.2e-7 off for |x| up to 1,000, 4e-7 up to 10,000). Only products, sums and Floor, which WGSL rounds as everyone does.
 */
export function sine(b: GraphBuilder, x: string, quarterTurn: boolean): string {
  const times = (p: string, factor: number) => b.add('Mul', [p, b.scalarLike(p, factor)]);
  const plus = (p: string, term: number) => b.add('Add', [p, b.scalarLike(p, term)]);
  const half = quarterTurn ? 1 : 0.5;
  const turns = b.add('Floor', [plus(times(x, 1 / Math.PI), half)]);
  const multiple = quarterTurn ? plus(turns, -0.5) : turns;
  const r = pi.reduce((rest, part) => b.add('Sub', [rest, times(multiple, part)]), x);
  const rr = b.add('Mul', [r, r]);
  const minimax = [2.5997504e-6, -1.98064782e-4, 8.33301541e-3, -1.6666657e-1];
  const slope = minimax.reduce<string | undefined>(
    (sum, c) => (sum === undefined ? times(rr, c) : b.add('Mul', [plus(sum, c), rr])),
    undefined,
  );
  const value = b.add('Add', [r, b.add('Mul', [r, slope ?? rr])]);
  // (-1)^turns
  const odd = b.add('Sub', [turns, times(b.add('Floor', [times(turns, 0.5)]), 2)]);
  return b.add('Mul', [value, plus(times(odd, -2), 1)]);
}
