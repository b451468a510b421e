// Gradients of matrix products, reductions, softmax and normalisation.

import type { GraphBuilder } from '../onnx/builder.ts';
import { float, floatOf, int, intOf, type Node } from '../onnx/graph.ts';
import { axisOf } from '../onnx/inference.ts';
import type { Operator } from '../onnx/operators.ts';
import { standardized } from '../onnx/primitives.ts';
import {
  asMatrix,
  full,
  mask,
  meanAlong,
  type Rule,
  type RuleContext,
  reduceTo,
  sumAlong,
} from './rule.ts';

function gemm(
  b: GraphBuilder,
  left: string,
  right: string,
  transA: boolean | number,
  transB: boolean | number,
  alpha = 1,
): string {
  const attributes = {
    transA: int(Number(transA)),
    transB: int(Number(transB)),
    ...(alpha === 1 ? {} : { alpha: float(alpha) }),
  };
  return b.add('Gemm', [left, right], attributes);
}

/** A matrix behind a transpose, so that Gemm's flag does the transposing. */
function untransposed(b: GraphBuilder, x: string): readonly [string, boolean] {
  const before = b.producer(x);
  return before?.op === 'Transpose' && b.shape(x).length === 2
    ? [before.inputs[0]!, true]
    : [x, false];
}

/** d b^T and a^T d; with a weight matrix (K, N) as two Gemm over all rows. */
const matMul: Rule = ({ b, x, y, d, need }) => {
  const [left, right] = [x[0]!, x[1]!];
  const [shape, rightShape] = [b.shape(left), b.shape(right)];
  const whole = full(b, d, b.shape(y[0]!));
  if (rightShape.length === 2) {
    const rows = asMatrix(b, whole);
    const [matrix, flipped] = untransposed(b, right);
    return [
      need[0] ? b.reshape(gemm(b, rows, matrix, 0, !flipped), shape) : undefined,
      need[1] ? gemm(b, asMatrix(b, left), rows, 1, 0) : undefined,
    ];
  }
  const product = (p: string, q: string) => b.add('MatMul', [p, q]);
  const batched = (value: string, to: string) => reduceTo(b, value, b.shape(value), b.shape(to));
  return [
    need[0] ? batched(product(whole, b.swapLast(right)), left) : undefined,
    need[1] ? batched(product(b.swapLast(left), whole), right) : undefined,
  ];
};

/** y = alpha A' B' + beta C, where ' transposes if the flag says so. */
const gemmRule: Rule = ({ b, node, x, y, d, need }) => {
  const [transA, transB] = [intOf(node, 'transA', 0), intOf(node, 'transB', 0)];
  const [alpha, beta] = [floatOf(node, 'alpha', 1), floatOf(node, 'beta', 1)];
  const [left, right, bias] = [x[0]!, x[1]!, x[2]];
  const shape = b.shape(y[0]!);
  const dy = full(b, d, shape);
  const scaled = beta === 1 ? d : b.add('Mul', [d, b.scalarLike(d, beta)]);
  const da = () =>
    transA ? gemm(b, right, dy, transB, 1, alpha) : gemm(b, dy, right, 0, 1 - transB, alpha);
  const db = () =>
    transB ? gemm(b, dy, left, 1, transA, alpha) : gemm(b, left, dy, 1 - transA, 0, alpha);
  return [
    need[0] ? da() : undefined,
    need[1] ? db() : undefined,
    need[2] && bias ? reduceTo(b, scaled, shape, b.shape(bias)) : undefined,
  ];
};

/** The axes that a reduction removes, counted from the front. */
function reducedAxes({ b, node, x }: RuleContext): number[] {
  const rank = b.shape(x[0]!).length;
  const given = x[1] ? (b.info(x[1]).contents ?? []) : [];
  const noop = intOf(node, 'noop_with_empty_axes', 0) !== 0;
  if (given.length === 0 && !noop) return Array.from({ length: rank }, (_, axis) => axis);
  return given.map((axis) => axisOf(Number(axis), rank));
}

/** A value or cotangent of the reduction's output with the reduced axes back, of size 1. */
function kept({ b, node }: RuleContext, value: string, axes: readonly number[]): string {
  return intOf(node, 'keepdims', 1) !== 0 ? value : b.add('Unsqueeze', [value, b.ints(axes)]);
}

/** To the entries that equal the extremum, shared among ties. */
const reduceExtremum: Rule = (c) => {
  const { b, x, y, d } = c;
  const axes = reducedAxes(c);
  const reached = mask(b, b.add('Equal', [x[0]!, kept(c, y[0]!, axes)]), d);
  const share = b.add('Div', [kept(c, d, axes), b.reduce('ReduceSum', reached, axes)]);
  return [b.add('Mul', [share, reached])];
};

function softmaxAxis(b: GraphBuilder, node: Node, x: string): number {
  return axisOf(intOf(node, 'axis', -1), b.shape(x).length);
}

/** g = d gamma: inverse (g - mean g - xh mean(g xh)); without the mean of g for RMSNorm. */
function norm(centre: boolean): Rule {
  return (c) => {
    const { b, node, x, d, need } = c;
    const shape = b.shape(x[0]!);
    const first = axisOf(intOf(node, 'axis', -1), shape.length);
    const axes = shape.flatMap((_, axis) => (axis >= first ? [axis] : []));
    const epsilon = floatOf(node, 'epsilon', 1e-5);
    // Computed again here, so that no provider's statistics outputs are trusted.
    const { inverse, xh } = standardized(b, x[0]!, { axes, epsilon, centre });
    const dx = () => {
      const g = b.add('Mul', [d, x[1]!]);
      const along = b.add('Mul', [xh, meanAlong(b, b.add('Mul', [g, xh]), axes)]);
      const free = centre ? b.add('Sub', [g, meanAlong(b, g, axes)]) : g;
      return b.add('Mul', [b.add('Sub', [free, along]), inverse]);
    };
    return [
      need[0] ? dx() : undefined,
      need[1] ? reduceTo(b, b.add('Mul', [d, xh]), shape, b.shape(x[1]!)) : undefined,
      need[2] && x[2] ? reduceTo(b, d, shape, b.shape(x[2])) : undefined,
    ];
  };
}

export const reductionRules = {
  Gemm: gemmRule,
  LayerNormalization: norm(true),
  /** d - e^y sum(d) */
  LogSoftmax: ({ b, node, x, y, d }) => {
    const axis = softmaxAxis(b, node, x[0]!);
    const sum = sumAlong(b, d, [axis], b.shape(y[0]!));
    return [b.add('Sub', [d, b.add('Mul', [b.add('Exp', [y[0]!]), sum])])];
  },
  MatMul: matMul,
  ReduceMax: reduceExtremum,
  ReduceMean: (c) => {
    const axes = reducedAxes(c);
    const shape = c.b.shape(c.x[0]!);
    const count = c.b.countLike(
      c.d,
      axes.map((axis) => shape[axis]!),
    );
    return [c.b.add('Div', [kept(c, c.d, axes), count])];
  },
  ReduceMin: reduceExtremum,
  ReduceSum: (c) => [kept(c, c.d, reducedAxes(c))],
  SimplifiedLayerNormalization: norm(false),
  /** t = d y: t - y sum(t) */
  Softmax: ({ b, node, x, y, d }) => {
    const t = b.add('Mul', [d, y[0]!]);
    const sum = b.reduce('ReduceSum', t, [softmaxAxis(b, node, x[0]!)]);
    return [b.add('Sub', [t, b.add('Mul', [y[0]!, sum])])];
  },
} satisfies Partial<Record<Operator, Rule>>;
