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
