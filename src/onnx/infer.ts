// Types and symbolic shapes of every operator's outputs: one line or a few per operator, in one total map.

import { contentsOf } from './contents.ts';
import { type Dim, divideExact, same, show, sub } from './dim.ts';
import { type Attribute, intOf, type Node, nodeLabel, type ValueInfo } from './graph.ts';
import {
  at,
  axesOf,
  axisOf,
  brackets,
  broadcastAll,
  broadcastShape,
  contentsAt,
  fail,
  type Infer,
  type Warn,
} from './inference.ts';
import {
  concat,
  expand,
  flatten,
  gather,
  pad,
  reshape,
  slice,
  split,
  squeeze,
  tile,
  transpose,
  unsqueeze,
} from './inferLayout.ts';
import type { Operator } from './operators.ts';
import { DataType } from './tensor.ts';

const like: Infer = (x) => [{ dtype: at(x, 0).dtype, shape: at(x, 0).shape }];
const elementwise: Infer = (x) => [{ dtype: at(x, 0).dtype, shape: broadcastAll(x) }];
const comparison: Infer = (x) => [{ dtype: DataType.bool, shape: broadcastAll(x) }];

const reduce: Infer = (x) => {
  const { dtype, shape } = at(x, 0);
  const noop = intOf(x.node, 'noop_with_empty_axes', 0) !== 0;
  const given = axesOf(x, shape.length) ?? [];
  const axes = given.length > 0 || noop ? given : shape.map((_, i) => i);
  const keep = intOf(x.node, 'keepdims', 1) !== 0;
  const reduced = shape.flatMap((dim, i) => (axes.includes(i) ? (keep ? [1] : []) : [dim]));
  return [{ dtype, shape: reduced }];
};

const matMul: Infer = (x) => {
  const [a, b] = [at(x, 0), at(x, 1)];
  if (a.shape.length < 2 || b.shape.length < 2)
    fail(x.node, 'operands of rank 1 are not supported');
  const batch = broadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2), x.warn);
  const [k, l] = [a.shape.at(-1)!, b.shape.at(-2)!];
  const fits = same(k, l) || typeof k !== 'number' || typeof l !== 'number';
  if (batch === undefined || !fits) {
    fail(x.node, `shapes ${brackets(a.shape)} and ${brackets(b.shape)} do not multiply`);
  }
  if (!same(k, l)) x.warn(`${nodeLabel(x.node)} assumes ${show(k)} = ${show(l)}`);
  return [{ dtype: a.dtype, shape: [...batch, a.shape.at(-2)!, b.shape.at(-1)!] }];
};

const gemm: Infer = (x) => {
  const [a, b] = [at(x, 0), at(x, 1)];
  const m = a.shape[intOf(x.node, 'transA', 0) ? 1 : 0]!;
  const n = b.shape[intOf(x.node, 'transB', 0) ? 0 : 1]!;
  return [{ dtype: a.dtype, shape: [m, n] }];
};

const range: Infer = (x) => {
  const [start, limit, step] = [0, 1, 2].map((i) => contentsAt(x, i)[0] ?? 0) as [Dim, Dim, Dim];
  const length = divideExact(sub(limit, start), step);
  if (length !== undefined && typeof length !== 'number') {
    return [{ dtype: at(x, 0).dtype, shape: [length] }];
  }
  const numbers = [start, limit, step].map(Number);
  const size = Math.ceil((numbers[1]! - numbers[0]!) / numbers[2]!);
  if (!Number.isFinite(size)) fail(x.node, 'the length depends on data');
  return [{ dtype: at(x, 0).dtype, shape: [Math.max(0, size)] }];
};

/** LayerNormalization's optional outputs: mean and 1 / standard deviation over the axes from `axis`. */
const layerNorm: Infer = (x) => {
  const { dtype, shape } = at(x, 0);
  const axis = axisOf(intOf(x.node, 'axis', -1), shape.length);
  const statistics = shape.map((dim, i) => (i < axis ? dim : 1));
  return x.node.outputs.map((_, i) => ({ dtype, shape: i === 0 ? shape : statistics }));
};

const shapeOperator: Infer = (x) => {
  const rank = at(x, 0).shape.length;
  const start = axisOf(intOf(x.node, 'start', 0), rank);
  const end = Math.min(axisOf(intOf(x.node, 'end', rank), rank), rank);
  return [{ dtype: DataType.int64, shape: [Math.max(0, end - start)] }];
};

function tensorType(attribute: Attribute | undefined): number {
  return attribute?.type === 'tensor' ? attribute.value.dtype : DataType.float;
}

const rules: { readonly [K in Operator]: Infer } = {
  Abs: like,
  Add: elementwise,
  And: comparison,
  Cast: (x) => [{ dtype: intOf(x.node, 'to', DataType.float), shape: at(x, 0).shape }],
  Ceil: like,
  Clip: like,
  Concat: concat,
  ConstantOfShape: (x) => [{ dtype: tensorType(x.node.attributes.value), shape: contentsAt(x, 0) }],
  Cos: like,
  CumSum: like,
  DequantizeLinear: (x) => [{ dtype: at(x, 1).dtype, shape: at(x, 0).shape }],
  Div: elementwise,
  Equal: comparison,
  Erf: like,
  Exp: like,
  Expand: expand,
  FastGelu: like,
  Flatten: flatten,
  Floor: like,
  Gather: gather,
  GatherElements: (x) => [{ dtype: at(x, 0).dtype, shape: at(x, 1).shape }],
  Gelu: like,
  Gemm: gemm,
  Greater: comparison,
  GreaterOrEqual: comparison,
  Identity: like,
  IsNaN: (x) => [{ dtype: DataType.bool, shape: at(x, 0).shape }],
  LayerNormalization: layerNorm,
  LeakyRelu: like,
  Less: comparison,
  LessOrEqual: comparison,
  Log: like,
  LogSoftmax: like,
  MatMul: matMul,
  MatMulNBits: (x) => {
    const { dtype, shape } = at(x, 0);
    return [{ dtype, shape: shape.with(-1, intOf(x.node, 'N', 0)) }];
  },
  Max: elementwise,
  Min: elementwise,
  Mod: elementwise,
  Mul: elementwise,
  Neg: like,
  Not: like,
  Or: comparison,
  Pad: pad,
  Pow: elementwise,
  Range: range,
  Reciprocal: like,
  ReduceMax: reduce,
  ReduceMean: reduce,
  ReduceMin: reduce,
  ReduceProd: reduce,
  ReduceSum: reduce,
  Relu: like,
  Reshape: reshape,
  Round: like,
  ScatterElements: like,
  ScatterND: like,
  Shape: shapeOperator,
  Sigmoid: like,
  Sign: like,
  SimplifiedLayerNormalization: layerNorm,
  Sin: like,
  Size: () => [{ dtype: DataType.int64, shape: [] }],
  Slice: slice,
  Softmax: like,
  Softplus: like,
  Split: split,
  Sqrt: like,
  Squeeze: squeeze,
  Sub: elementwise,
  Tanh: like,
  Tile: tile,
  Transpose: transpose,
  Trilu: like,
  Unsqueeze: unsqueeze,
  Where: (x) => [{ dtype: at(x, 1).dtype, shape: broadcastAll(x) }],
  Xor: comparison,
};

/**
 * Type, symbolic shape and, where known, contents of each output.
 * Throws UserError 'onnx' naming the node where shapes do not fit or depend on data.
 */
export function inferNode(
  node: Node & { readonly op: Operator },
  inputs: readonly (ValueInfo | undefined)[],
  warn: Warn,
): readonly ValueInfo[] {
  const infos = rules[node.op]({ node, inputs, warn });
  const [first, ...rest] = infos;
  if (first === undefined) return infos;
  const contents = contentsOf(node, inputs, first);
  return contents === undefined ? infos : [{ ...first, contents }, ...rest];
}
