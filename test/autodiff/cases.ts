// Single-operator cases for every gradient rule: at least three shapes each, with broadcasting where the operator
// has it. Tests check them against finite differences; other providers can replay the same graphs.

import { withCotangents } from '../../src/autodiff/joint.ts';
import { GraphBuilder } from '../../src/onnx/builder.ts';
import { type Dim, symbol } from '../../src/onnx/dim.ts';
import { float, type Graph, int, ints } from '../../src/onnx/graph.ts';
import type { Differentiable, Operator } from '../../src/onnx/operators.ts';
import { DataType, type Tensor, tensorOf } from '../../src/onnx/tensor.ts';

export interface RuleCase {
  readonly name: string;
  /** Shapes of the float inputs x0, x1, ... */
  readonly shapes: readonly (readonly number[])[];
  readonly build: (b: GraphBuilder, ...x: string[]) => string;
  /** Draws inputs from [0.5, 2] instead of [-2, 2]. */
  readonly positive?: boolean;
  /** float32, because onnxruntime-node has no float64 kernel for the operator (or computes it in float32). */
  readonly single?: boolean;
  /** Constants of the case; without dims they would be inputs. */
  readonly tensors?: Readonly<Record<string, Tensor>>;
  /** Only with numbers for dims: the case itself writes numbers that symbols would contradict. */
  readonly concrete?: boolean;
}

type Build = RuleCase['build'];
type Options = Pick<RuleCase, 'positive' | 'single' | 'tensors' | 'concrete'>;

const on = (shapes: RuleCase['shapes'], build: Build, options: Options = {}, name = ''): RuleCase => ({
  name: `${shapes.map((s) => `[${s}]`).join(' ')}${name && ` ${name}`}`,
  shapes,
  build,
  ...options,
});

const apply =
  (op: Operator, attributes = {}): Build =>
  (b, ...x) =>
    b.add(op, x, attributes);

const unary = (op: Operator, options: Options = {}, attributes = {}) =>
  [[5], [2, 3], [2, 1, 4]].map((shape) => on([shape], apply(op, attributes), options));

const binary = (op: Operator, options: Options = {}) => [
  on([[2, 3], [2, 3]], apply(op), options),
  on([[2, 3, 4], [4]], apply(op), options),
  on([[2, 1, 4], [3, 1]], apply(op), options),
  on([[], [2, 3]], apply(op), options),
  on([[2, 3]], (b, x) => b.add(op, [x, x]), options, 'with itself'),
];

const reductions = (op: 'ReduceSum' | 'ReduceMean' | 'ReduceMax' | 'ReduceMin') => {
  const reduce = (axes: readonly number[], keepdims: number): Build => (b, x) =>
    b.add(op, [x, b.ints(axes)], { keepdims: int(keepdims) });
  return [
    on([[2, 3]], reduce([-1], 1), {}, 'last, kept'),
    on([[2, 3, 4]], reduce([0, 2], 0), {}, 'two, dropped'),
    on([[5]], reduce([0], 0), {}, 'to a scalar'),
    on([[2, 3, 4]], (b, x) => b.add(op, [x]), {}, 'all'),
  ];
};

const int64 = (dims: readonly number[], values: readonly number[]) =>
  tensorOf(DataType.int64, dims, values);

const norm = (op: 'LayerNormalization' | 'SimplifiedLayerNormalization', epsilon = 1e-5) =>
  apply(op, { axis: int(-1), epsilon: float(epsilon) });

const slice =
  (starts: number[], ends: number[], axes: number[]): Build =>
  (b, x) =>
    b.add('Slice', [x, b.ints(starts), b.ints(ends), b.ints(axes)]);

const gemm = (transA: number, transB: number, alpha = 1, beta = 1) =>
  apply('Gemm', { transA: int(transA), transB: int(transB), alpha: float(alpha), beta: float(beta) });

/** 4 rows of 2 blocks of 16 weights in 4 bits; any bytes will do. */
const packed = tensorOf(DataType.uint8, [4, 2, 8], Array.from({ length: 64 }, (_, i) => (i * 37 + 11) % 256));
const scales = tensorOf(DataType.float, [8], [0.1, -0.2, 0.3, 0.05, 0.15, 0.25, -0.1, 0.2]);
const zeroPoints = tensorOf(DataType.uint8, [4], [0x21, 0x84, 0xf7, 0x63]);
const nBits: Build = (b, x) =>
  b.add('MatMulNBits', ['packed', 'scales', ...(b.has('zeroPoints') ? ['zeroPoints'] : [])].reduce((all, n) => [...all, n], [x]), {
    K: int(32),
    N: int(4),
    bits: int(4),
    block_size: int(16),
  });

const rows = int64([2, 2], [0, 3, 3, 1]);
const mask = tensorOf(DataType.bool, [2, 3], [1, 0, 1, 0, 0, 1]);

/** Total over the operators: one without cases does not compile. */
export const cases: { readonly [K in Differentiable]: readonly RuleCase[] } = {
  Abs: unary('Abs'),
  Add: binary('Add'),
  Cast: [[5], [2, 3], [2, 1, 4]].map((shape) =>
    on([shape], (b, x) => b.cast(b.cast(x, DataType.double), DataType.float), {
      single: true,
    }),
  ),
  Clip: [
    on([[2, 3]], (b, x) => b.add('Clip', [x, b.scalarLike(x, -0.5), b.scalarLike(x, 1)])),
    on([[7]], (b, x) => b.add('Clip', [x, '', b.scalarLike(x, 0.25)]), {}, 'from above'),
    on([[2, 1, 4]], (b, x) => b.add('Clip', [x, b.scalarLike(x, 0)]), {}, 'from below'),
  ],
  Concat: [
    on([[2, 3], [2, 1]], apply('Concat', { axis: int(1) })),
    on([[1, 2], [3, 2], [2, 2]], apply('Concat', { axis: int(0) })),
    on([[2, 2, 3]], (b, x) => b.add('Concat', [x, x], { axis: int(-1) }), {}, 'with itself'),
  ],
  Cos: unary('Cos'),
  CumSum: [
    on([[5]], (b, x) => b.add('CumSum', [x, b.constant(7, [], [0])])),
    on([[2, 3]], (b, x) => b.add('CumSum', [x, b.constant(7, [], [1])], { exclusive: int(1) })),
    on([[2, 3, 4]], (b, x) => b.add('CumSum', [x, b.constant(7, [], [1])], { reverse: int(1) })),
  ],
  Div: binary('Div', { positive: true }),
  Erf: unary('Erf', { single: true }),
  Exp: unary('Exp'),
  Expand: [
    on([[3]], (b, x) => b.add('Expand', [x, b.ints([2, 3])]), { concrete: true }),
    on([[2, 1, 4]], (b, x) => b.add('Expand', [x, b.ints([2, 3, 4])]), { concrete: true }),
    on([[1]], (b, x) => b.add('Expand', [x, b.ints([2, 5])])),
  ],
  FastGelu: unary('FastGelu', { single: true }),
  Flatten: [
    on([[2, 3, 4]], apply('Flatten', { axis: int(1) })),
    on([[2, 3, 4]], apply('Flatten', { axis: int(2) })),
    on([[2, 3]], apply('Flatten', { axis: int(0) })),
  ],
  Gather: [
    on([[5, 3]], (b, x) => b.add('Gather', [x, 'rows'], { axis: int(0) }), { tensors: { rows } }, 'duplicates'),
    on([[3, 4, 2]], (b, x) => b.add('Gather', [x, 'rows'], { axis: int(1) }), { tensors: { rows }, concrete: true }, 'axis 1'),
    on([[3, 5]], (b, x) => b.add('Gather', [x, b.constant(7, [], [2])], { axis: int(-1) }), {}, 'one index'),
    on([[4, 3]], (b, x) => b.add('Gather', [x, b.ints([-1, 0, 3])], { axis: int(0) }), { concrete: true }, 'negative index'),
  ],
  GatherElements: [
    on([[2, 4]], (b, x) => b.add('GatherElements', [x, 'at'], { axis: int(1) }), { tensors: { at: int64([2, 1], [3, 0]) }, concrete: true }, 'one per row'),
    on([[2, 4]], (b, x) => b.add('GatherElements', [x, 'at'], { axis: int(1) }), { tensors: { at: int64([2, 3], [1, 1, 2, 0, 3, 3]) }, concrete: true }, 'duplicates'),
    on([[4, 2]], (b, x) => b.add('GatherElements', [x, 'at'], { axis: int(0) }), { tensors: { at: int64([1, 2], [3, 1]) }, concrete: true }, 'axis 0'),
  ],
  Gelu: unary('Gelu', { single: true }),
  Gemm: [
    on([[2, 3], [3, 4], [4]], gemm(0, 0)),
    on([[3, 2], [3, 4], [2, 4]], gemm(1, 0, 0.5, 2)),
    on([[2, 3], [4, 3], [1, 4]], gemm(0, 1, 2)),
    on([[3, 2], [4, 3], [2, 1]], gemm(1, 1, 0.5, -1)),
    on([[2, 3], [3, 4]], gemm(0, 0, 3)),
  ],
  Identity: unary('Identity'),
  LayerNormalization: [
    on([[2, 6], [6], [6]], norm('LayerNormalization'), { single: true }),
    on([[2, 3, 4], [4], [4]], norm('LayerNormalization', 1e-3), { single: true }),
    on([[3, 5], [5]], norm('LayerNormalization'), { single: true }, 'no bias'),
  ],
  LeakyRelu: unary('LeakyRelu', {}, { alpha: float(0.125) }),
  Log: unary('Log', { positive: true }),
  LogSoftmax: [
    on([[5]], apply('LogSoftmax', { axis: int(-1) })),
    on([[2, 3]], apply('LogSoftmax', { axis: int(-1) })),
    on([[2, 3, 4]], apply('LogSoftmax', { axis: int(1) })),
  ],
  MatMul: [
    on([[2, 3], [3, 4]], apply('MatMul')),
    on([[2, 5, 3], [3, 4]], apply('MatMul')),
    on([[2, 5, 3], [2, 3, 4]], apply('MatMul')),
    on([[2, 1, 5, 3], [4, 3, 2]], apply('MatMul'), {}, 'broadcast'),
    on([[5, 3], [2, 3, 4]], apply('MatMul')),
    on([[2, 5, 3], [4, 3]], (b, x, w) => b.add('MatMul', [x, b.transpose(w, [1, 0])]), {}, 'transposed'),
  ],
  MatMulNBits: [[3, 32], [2, 2, 32], [1, 32]].map((shape, i) =>
    on([shape], nBits, {
      single: true,
      tensors: { packed, scales, ...(i === 1 ? { zeroPoints } : {}) },
    }),
  ),
  Max: binary('Max').slice(0, 4),
  Min: binary('Min').slice(0, 4),
  Mul: binary('Mul'),
  Neg: unary('Neg'),
  Pad: [
    on([[5]], (b, x) => b.add('Pad', [x, b.ints([1, 2])])),
    on([[2, 3]], (b, x) => b.add('Pad', [x, b.ints([0, 1, 2, 0])])),
    on([[2, 3, 4]], (b, x) => b.add('Pad', [x, b.ints([1, 1]), '', b.ints([-1])]), {}, 'one axis'),
  ],
  Pow: [
    on([[2, 3], [2, 3]], apply('Pow'), { positive: true }),
    on([[2, 3, 4], [4]], apply('Pow'), { positive: true }),
    on([[2, 1, 4], [3, 1]], apply('Pow'), { positive: true }),
    on([[2, 3]], (b, x) => b.add('Pow', [x, b.scalarLike(x, 2)]), {}, 'squared'),
    on([[2, 3]], (b, x) => b.add('Pow', [x, b.scalarLike(x, 3)]), {}, 'cubed'),
    on([[2, 3]], (b, x) => b.add('Pow', [x, b.scalarLike(x, -0.5)]), { positive: true }, '-0.5'),
  ],
  Reciprocal: unary('Reciprocal', { positive: true }),
  ReduceMax: reductions('ReduceMax'),
  ReduceMean: reductions('ReduceMean'),
  ReduceMin: reductions('ReduceMin'),
  ReduceSum: reductions('ReduceSum'),
  Relu: unary('Relu'),
  Reshape: [
    on([[2, 3]], (b, x) => b.reshape(x, [6]), { concrete: true }),
    on([[2, 3, 4]], (b, x) => b.add('Reshape', [x, b.ints([0, -1])])),
    on([[6]], (b, x) => b.reshape(x, [2, 3]), { concrete: true }),
  ],
  Sigmoid: unary('Sigmoid'),
  SimplifiedLayerNormalization: [
    on([[2, 6], [6]], norm('SimplifiedLayerNormalization'), { single: true }),
    on([[2, 3, 4], [4]], norm('SimplifiedLayerNormalization', 1e-3), { single: true }),
    on([[5], [5]], norm('SimplifiedLayerNormalization'), { single: true }),
  ],
  Sin: unary('Sin'),
  Slice: [
    on([[5]], slice([1], [4], [0]), { concrete: true }),
    on([[2, 3, 4]], slice([0, -2], [2, 9e15], [1, 2])),
    on([[4, 6]], slice([0, 2], [3, -1], [0, 1])),
  ],
  Softmax: [
    on([[5]], apply('Softmax', { axis: int(-1) })),
    on([[2, 3]], apply('Softmax', { axis: int(-1) })),
    on([[2, 3, 4]], apply('Softmax', { axis: int(1) })),
  ],
  Softplus: unary('Softplus', { single: true }),
  Split: [
    on([[2, 6]], (b, x) => b.addMany('Split', [x, b.ints([2, 4])], { axis: int(1) }, ['p', 'q'])[1]!, { concrete: true }, 'second'),
    on([[3, 4]], (b, x) => {
      const [p, q] = b.addMany('Split', [x, b.ints([2, 2])], { axis: int(-1) }, ['p', 'q']);
      return b.add('Mul', [p!, q!]);
    }, { concrete: true }, 'product'),
    on([[5, 2]], (b, x) => {
      const [p, , q] = b.addMany('Split', [x, b.ints([1, 2, 2])], { axis: int(0) }, ['p', 'o', 'q']);
      return b.add('Add', [p!, q!]);
    }, { concrete: true }, 'two of three'),
  ],
  Sqrt: unary('Sqrt', { positive: true }),
  Squeeze: [
    on([[2, 1, 3]], (b, x) => b.add('Squeeze', [x, b.ints([1])])),
    on([[1, 5, 1]], (b, x) => b.add('Squeeze', [x])),
    on([[1, 2, 1]], (b, x) => b.add('Squeeze', [x, b.ints([-1, 0])])),
  ],
  Sub: binary('Sub'),
  Tanh: unary('Tanh'),
  Tile: [
    on([[3]], (b, x) => b.add('Tile', [x, b.ints([2])])),
    on([[2, 3]], (b, x) => b.add('Tile', [x, b.ints([2, 2])])),
    on([[2, 1, 3]], (b, x) => b.add('Tile', [x, b.ints([1, 3, 2])])),
  ],
  Transpose: [
    on([[2, 3]], apply('Transpose')),
    on([[2, 3, 4]], apply('Transpose', { perm: ints([2, 0, 1]) })),
    on([[2, 3, 4, 1]], apply('Transpose', { perm: ints([0, 2, 1, 3]) })),
  ],
  Trilu: [
    on([[3, 3]], apply('Trilu', { upper: int(0) })),
    on([[2, 3, 4]], (b, x) => b.add('Trilu', [x, b.constant(7, [], [1])], { upper: int(1) })),
    on([[4, 2]], (b, x) => b.add('Trilu', [x, b.constant(7, [], [-1])], { upper: int(0) })),
  ],
  Unsqueeze: [
    on([[5]], (b, x) => b.add('Unsqueeze', [x, b.ints([0])])),
    on([[2, 3]], (b, x) => b.add('Unsqueeze', [x, b.ints([1, -1])])),
    on([[2, 3, 4]], (b, x) => b.add('Unsqueeze', [x, b.ints([2])])),
  ],
  Where: [
    on([[2, 3], [2, 3]], (b, x, y) => b.add('Where', ['mask', x, y]), { tensors: { mask }, concrete: true }),
    on([[3], [2, 1]], (b, x, y) => b.add('Where', ['mask', x, y]), { tensors: { mask }, concrete: true }, 'broadcast'),
    on([[4, 2, 3], []], (b, x, y) => b.add('Where', ['mask', x, y]), { tensors: { mask }, concrete: true }, 'scalar'),
  ],
};

export interface BuiltCase {
  /** x0, x1, ... -> y */
  readonly forward: Graph;
  /** x0, ..., dy -> y, grad.x0, ... */
  readonly joint: Graph;
  readonly inputs: readonly string[];
}

/**
 * @param lazy sums y along its last axis first, so that the rule meets a cotangent that is broadcast
 * @param symbolic sizes above 1 become symbols, equal sizes the same one
 */
export function buildCase(rule: RuleCase, { lazy = false, symbolic = false } = {}): BuiltCase {
  const b = new GraphBuilder();
  const dtype = rule.single ? DataType.float : DataType.double;
  const size = (dim: number): Dim => (symbolic && dim > 1 ? symbol(`n${dim}`) : dim);
  const inputs = rule.shapes.map((shape, i) => b.input(`x${i}`, dtype, shape.map(size)));
  for (const [name, tensor] of Object.entries(rule.tensors ?? {})) b.initializer(name, tensor);
  let y = rule.build(b, ...inputs);
  const rank = b.shape(y).length;
  if (lazy && rank > 0) y = b.reduce('ReduceSum', y, [rank - 1]);
  const forward = b.toGraph('case', new Map([['y', y]]));
  return { forward, joint: withCotangents(forward, inputs, 'y').graph, inputs };
}
