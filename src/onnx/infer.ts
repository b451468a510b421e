// Types and symbolic shapes of every operator's outputs: one line or a few per operator, in one total map.

import { UserError } from '../core/errors.ts';
import { contentsOf } from './contents.ts';
import { add, type Dim, divideExact, isPositive, mul, product, same, show, sub } from './dim.ts';
import { type Attribute, intOf, intsOf, type Node, nodeLabel, type ValueInfo } from './graph.ts';
import type { Operator } from './operators.ts';
import { DataType } from './tensor.ts';

/** Receives assumptions that the shapes rest on, e.g. "sequence_length <= 64". */
export type Warn = (message: string) => void;

export interface Inference {
  readonly node: Node;
  readonly inputs: readonly (ValueInfo | undefined)[];
  readonly warn: Warn;
}

type Infer = (x: Inference) => readonly ValueInfo[];
type Shape = readonly Dim[];

function fail(node: Node, found: string): never {
  throw new UserError(
    'onnx',
    `${nodeLabel(node)}: ${found}.`,
    'Bind the symbols in question to numbers, or export the model again with these shapes fixed.',
  );
}

function at({ node, inputs }: Inference, index: number): ValueInfo {
  return inputs[index] ?? fail(node, `input ${index} is missing`);
}

/** Elements of an input that must follow from shapes and constants. */
function contentsAt(x: Inference, index: number): Shape {
  return (
    at(x, index).contents ?? fail(x.node, `input ${index} depends on data, so the shape is unknown`)
  );
}

function numbersAt(x: Inference, index: number): number[] {
  return contentsAt(x, index).map((value) =>
    typeof value === 'number' ? value : fail(x.node, `input ${index} contains ${value.key}`),
  );
}

/** Counts a negative axis from the end. */
export function axisOf(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}

/** Axes from the second input (opset 13 or 18 on) or from the attribute (before), sorted. */
function axesOf(x: Inference, rank: number): number[] | undefined {
  const axes = x.inputs[1] === undefined ? intsOf(x.node, 'axes') : numbersAt(x, 1);
  return axes?.map((axis) => axisOf(axis, rank)).sort((a, b) => a - b);
}

/** One axis of a broadcast. Different symbols, or a symbol and a number above 1, are assumed equal. */
function broadcastDim(a: Dim, b: Dim, warn: Warn): Dim | undefined {
  if (same(a, b) || b === 1) return a;
  if (a === 1) return b;
  if (typeof a === 'number' && typeof b === 'number') return undefined;
  warn(`assumes ${show(a)} = ${show(b)}`);
  return typeof b === 'number' ? b : a;
}

/** The common shape of two operands; undefined if they do not broadcast. */
export function broadcastShape(a: Shape, b: Shape, warn: Warn): Dim[] | undefined {
  const rank = Math.max(a.length, b.length);
  const shape: Dim[] = [];
  for (let i = 0; i < rank; i++) {
    const dim = broadcastDim(a[i - rank + a.length] ?? 1, b[i - rank + b.length] ?? 1, warn);
    if (dim === undefined) return undefined;
    shape.push(dim);
  }
  return shape;
}

function broadcastAll(x: Inference, from = 0): Dim[] {
  return x.inputs.slice(from).reduce<Dim[]>((shape, _, i) => {
    const other = at(x, from + i).shape;
    const joint = broadcastShape(shape, other, (m) => x.warn(`${nodeLabel(x.node)} ${m}`));
    return (
      joint ?? fail(x.node, `shapes ${brackets(shape)} and ${brackets(other)} do not broadcast`)
    );
  }, []);
}

export function brackets(shape: Shape): string {
  return `[${shape.map(show).join(', ')}]`;
}

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
  if (a.shape.length < 2 || b.shape.length < 2) fail(x.node, 'operands of rank 1 are not supported');
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

const reshape: Infer = (x) => {
  const { dtype, shape } = at(x, 0);
  const zero = intOf(x.node, 'allowzero', 0) !== 0;
  const target = contentsAt(x, 1).map((dim, i) =>
    dim === 0 && !zero ? (shape[i] ?? fail(x.node, `0 at axis ${i} copies no dimension`)) : dim,
  );
  const hole = target.indexOf(-1);
  if (hole < 0) return [{ dtype, shape: target }];
  const rest = product(target.toSpliced(hole, 1));
  const size = divideExact(product(shape), rest);
  if (size === undefined) fail(x.node, `cannot divide ${show(product(shape))} by ${show(rest)}`);
  return [{ dtype, shape: target.with(hole, size) }];
};

/** Start or end of a slice along an axis of size `dim`, counted from the front and clamped. */
function sliceEdge(edge: Dim, dim: Dim, x: Inference): Dim {
  if (typeof edge !== 'number') {
    const rest = sub(dim, edge);
    if (rest !== 0 && !isPositive(rest)) {
      x.warn(`${nodeLabel(x.node)} assumes ${show(edge)} <= ${show(dim)}`);
    }
    return edge;
  }
  if (typeof dim === 'number') return Math.min(Math.max(edge < 0 ? edge + dim : edge, 0), dim);
  if (edge < 0) return edge < -1e9 ? 0 : add(dim, edge);
  if (edge > 1e9) return dim;
  if (edge > 1) x.warn(`${nodeLabel(x.node)} assumes ${edge} <= ${show(dim)}`);
  return edge;
}

/** [start, end, step] of every sliced axis, resolved against the shape. */
export function sliceRanges(x: Inference): Map<number, readonly [Dim, Dim, number]> {
  const { shape } = at(x, 0);
  const [starts, ends] = [contentsAt(x, 1), contentsAt(x, 2)];
  const axes = x.inputs[3] === undefined ? starts.map((_, i) => i) : numbersAt(x, 3);
  const steps = x.inputs[4] === undefined ? starts.map(() => 1) : numbersAt(x, 4);
  return new Map(
    axes.map((given, i) => {
      const axis = axisOf(given, shape.length);
      const dim = shape[axis]!;
      const step = steps[i]!;
      if (step <= 0) fail(x.node, 'negative steps are not supported');
      return [axis, [sliceEdge(starts[i]!, dim, x), sliceEdge(ends[i]!, dim, x), step]] as const;
    }),
  );
}

const slice: Infer = (x) => {
  const { dtype, shape } = at(x, 0);
  const ranges = sliceRanges(x);
  const sliced = shape.map((dim, axis): Dim => {
    const range = ranges.get(axis);
    if (range === undefined) return dim;
    const [start, end, step] = range;
    const length = sub(end, start);
    if (typeof length === 'number') return Math.max(0, Math.ceil(length / step));
    return step === 1 ? length : fail(x.node, `step ${step} along ${show(dim)}`);
  });
  return [{ dtype, shape: sliced }];
};

const split: Infer = (x) => {
  const { dtype, shape } = at(x, 0);
  const axis = axisOf(intOf(x.node, 'axis', 0), shape.length);
  const parts = x.node.outputs.length;
  const given = x.inputs[1] === undefined ? intsOf(x.node, 'split') : contentsAt(x, 1);
  const dim = shape[axis]!;
  const even = typeof dim === 'number' ? Math.ceil(dim / parts) : divideExact(dim, parts);
  if (given === undefined && even === undefined) fail(x.node, `cannot split ${show(dim)} evenly`);
  return x.node.outputs.map((_, i) => {
    const last = typeof dim === 'number' && typeof even === 'number' && i === parts - 1;
    const size = given?.[i] ?? (last ? dim - even * (parts - 1) : even!);
    return { dtype, shape: shape.with(axis, size) };
  });
};

const pad: Infer = (x) => {
  const { dtype, shape } = at(x, 0);
  const pads = contentsAt(x, 1);
  const axes = x.inputs[3] === undefined ? shape.map((_, i) => i) : numbersAt(x, 3);
  const padded = [...shape];
  axes.forEach((given, i) => {
    const axis = axisOf(given, shape.length);
    padded[axis] = add(padded[axis]!, add(pads[i]!, pads[i + axes.length]!));
  });
  return [{ dtype, shape: padded }];
};

const gather: Infer = (x) => {
  const [data, indices] = [at(x, 0), at(x, 1)];
  const axis = axisOf(intOf(x.node, 'axis', 0), data.shape.length);
  const { shape } = data;
  return [
    {
      dtype: data.dtype,
      shape: [...shape.slice(0, axis), ...indices.shape, ...shape.slice(axis + 1)],
    },
  ];
};

const concat: Infer = (x) => {
  const { dtype, shape } = at(x, 0);
  const axis = axisOf(intOf(x.node, 'axis', 0), shape.length);
  const total = x.inputs.reduce<Dim>((sum, _, i) => add(sum, at(x, i).shape[axis]!), 0);
  return [{ dtype, shape: shape.with(axis, total) }];
};

const squeeze: Infer = (x) => {
  const { dtype, shape } = at(x, 0);
  const axes = axesOf(x, shape.length) ?? shape.flatMap((dim, i) => (dim === 1 ? [i] : []));
  return [{ dtype, shape: shape.filter((_, i) => !axes.includes(i)) }];
};

const unsqueeze: Infer = (x) => {
  const { dtype, shape } = at(x, 0);
  const given = x.inputs[1] === undefined ? (intsOf(x.node, 'axes') ?? []) : numbersAt(x, 1);
  const axes = axesOf(x, shape.length + given.length) ?? [];
  return [{ dtype, shape: axes.reduce<Dim[]>((s, axis) => s.toSpliced(axis, 0, 1), [...shape]) }];
};

const range: Infer = (x) => {
  const [start, limit, step] = [0, 1, 2].map((i) => contentsAt(x, i)[0]!);
  const length = divideExact(sub(limit!, start!), step!);
  const whole = typeof length === 'number' ? Math.max(0, Math.ceil(length)) : length;
  const numeric = [start, limit, step].every((value) => typeof value === 'number');
  const ceil = numeric ? Math.max(0, Math.ceil((Number(limit) - Number(start)) / Number(step))) : whole;
  if (ceil === undefined) fail(x.node, 'the length depends on data');
  return [{ dtype: at(x, 0).dtype, shape: [ceil] }];
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
  ConstantOfShape: (x) => [
    { dtype: tensorType(x.node.attributes.value), shape: contentsAt(x, 0) },
  ],
  Cos: like,
  CumSum: like,
  Div: elementwise,
  Equal: comparison,
  Erf: like,
  Exp: like,
  Expand: (x) => {
    const target = broadcastShape(at(x, 0).shape, contentsAt(x, 1), x.warn);
    return [{ dtype: at(x, 0).dtype, shape: target ?? fail(x.node, 'does not broadcast') }];
  },
  FastGelu: like,
  Flatten: (x) => {
    const { dtype, shape } = at(x, 0);
    const axis = axisOf(intOf(x.node, 'axis', 1), shape.length);
    return [{ dtype, shape: [product(shape.slice(0, axis)), product(shape.slice(axis))] }];
  },
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
  Tile: (x) => {
    const { dtype, shape } = at(x, 0);
    const repeats = contentsAt(x, 1);
    return [{ dtype, shape: shape.map((dim, i) => mul(dim, repeats[i]!)) }];
  },
  Transpose: (x) => {
    const { dtype, shape } = at(x, 0);
    const perm = intsOf(x.node, 'perm') ?? shape.map((_, i) => shape.length - 1 - i);
    return [{ dtype, shape: perm.map((axis) => shape[axis]!) }];
  },
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
