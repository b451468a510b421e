// Cases of matrix products, reductions, softmax and normalisation.

import { float, int } from '../../src/onnx/graph.ts';
import type { Operator } from '../../src/onnx/operators.ts';
import { DataType, tensorOf } from '../../src/onnx/tensor.ts';
import { apply, type Build, on, type RuleCase } from './caseKit.ts';

const reductions = (op: 'ReduceSum' | 'ReduceMean' | 'ReduceMax' | 'ReduceMin') => {
  const reduce =
    (axes: readonly number[], keepdims: number): Build =>
    (b, x) =>
      b.add(op, [x, b.ints(axes)], { keepdims: int(keepdims) });
  return [
    on([[2, 3]], reduce([-1], 1), {}, 'last, kept'),
    on([[2, 3, 4]], reduce([0, 2], 0), {}, 'two, dropped'),
    on([[5]], reduce([0], 0), {}, 'to a scalar'),
    on([[2, 3, 4]], (b, x) => b.add(op, [x]), {}, 'all'),
  ];
};

const norm = (op: 'LayerNormalization' | 'SimplifiedLayerNormalization', epsilon = 1e-5) =>
  apply(op, { axis: int(-1), epsilon: float(epsilon) });

const gemm = (transA: number, transB: number, alpha = 1, beta = 1) =>
  apply('Gemm', {
    transA: int(transA),
    transB: int(transB),
    alpha: float(alpha),
    beta: float(beta),
  });

/** 4 rows of 2 blocks of 16 weights in 4 bits; any bytes will do. */
const packed = tensorOf(
  DataType.uint8,
  [4, 2, 8],
  Array.from({ length: 64 }, (_, i) => (i * 37 + 11) % 256),
);
const scales = tensorOf(DataType.float, [8], [0.1, -0.2, 0.3, 0.05, 0.15, 0.25, -0.1, 0.2]);
const zeroPoints = tensorOf(DataType.uint8, [4], [0x21, 0x84, 0xf7, 0x63]);
/** 2 rows of 3 blocks: an odd number, which pads each row of zero points. */
const odd = {
  packed: tensorOf(
    DataType.uint8,
    [2, 3, 8],
    Array.from({ length: 48 }, (_, i) => (i * 91 + 5) % 256),
  ),
  scales: tensorOf(DataType.float, [6], [0.1, -0.2, 0.3, 0.05, 0.15, 0.25]),
  zeroPoints: tensorOf(DataType.uint8, [4], [0x21, 0x08, 0xf7, 0x03]),
};
const nBits =
  (rows: number, columns: number, ...weights: string[]): Build =>
  (b, x) =>
    b.add('MatMulNBits', [x, ...weights], {
      K: int(columns),
      N: int(rows),
      bits: int(4),
      block_size: int(16),
    });

export const reductionCases = {
  Gemm: [
    on([[2, 3], [3, 4], [4]], gemm(0, 0)),
    on(
      [
        [3, 2],
        [3, 4],
        [2, 4],
      ],
      gemm(1, 0, 0.5, 2),
    ),
    on(
      [
        [2, 3],
        [4, 3],
        [1, 4],
      ],
      gemm(0, 1, 2),
    ),
    on(
      [
        [3, 2],
        [4, 3],
        [2, 1],
      ],
      gemm(1, 1, 0.5, -1),
    ),
    on(
      [
        [2, 3],
        [3, 4],
      ],
      gemm(0, 0, 3),
    ),
  ],
  LayerNormalization: [
    on([[2, 6], [6], [6]], norm('LayerNormalization'), { single: true }),
    on([[2, 3, 4], [4], [4]], norm('LayerNormalization', 1e-3), { single: true }),
    on([[3, 5], [5]], norm('LayerNormalization'), { single: true }, 'no bias'),
  ],
  LogSoftmax: [
    on([[5]], apply('LogSoftmax', { axis: int(-1) })),
    on([[2, 3]], apply('LogSoftmax', { axis: int(-1) })),
    on([[2, 3, 4]], apply('LogSoftmax', { axis: int(1) })),
  ],
  MatMul: [
    on(
      [
        [2, 3],
        [3, 4],
      ],
      apply('MatMul'),
    ),
    on(
      [
        [2, 5, 3],
        [3, 4],
      ],
      apply('MatMul'),
    ),
    on(
      [
        [2, 5, 3],
        [2, 3, 4],
      ],
      apply('MatMul'),
    ),
    on(
      [
        [2, 1, 5, 3],
        [4, 3, 2],
      ],
      apply('MatMul'),
      {},
      'broadcast',
    ),
    on(
      [
        [5, 3],
        [2, 3, 4],
      ],
      apply('MatMul'),
    ),
    on(
      [
        [2, 5, 3],
        [4, 3],
      ],
      (b, x, w) => b.add('MatMul', [x, b.transpose(w, [1, 0])]),
      {},
      'transposed',
    ),
  ],
  MatMulNBits: [
    on([[3, 32]], nBits(4, 32, 'packed', 'scales'), { single: true, tensors: { packed, scales } }),
    on([[1, 32]], nBits(4, 32, 'packed', 'scales'), { single: true, tensors: { packed, scales } }),
    on([[2, 2, 32]], nBits(4, 32, 'packed', 'scales', 'zeroPoints'), {
      single: true,
      tensors: { packed, scales, zeroPoints },
    }),
    on([[3, 48]], nBits(2, 48, 'packed', 'scales', 'zeroPoints'), { single: true, tensors: odd }),
  ],
  ReduceMax: reductions('ReduceMax'),
  ReduceMean: reductions('ReduceMean'),
  ReduceMin: reductions('ReduceMin'),
  ReduceSum: reductions('ReduceSum'),
  SimplifiedLayerNormalization: [
    on([[2, 6], [6]], norm('SimplifiedLayerNormalization'), { single: true }),
    on([[2, 3, 4], [4]], norm('SimplifiedLayerNormalization', 1e-3), { single: true }),
    on([[5], [5]], norm('SimplifiedLayerNormalization'), { single: true }),
  ],
  Softmax: [
    on([[5]], apply('Softmax', { axis: int(-1) })),
    on([[2, 3]], apply('Softmax', { axis: int(-1) })),
    on([[2, 3, 4]], apply('Softmax', { axis: int(1) })),
  ],
} satisfies Partial<Record<Operator, readonly RuleCase[]>>;
