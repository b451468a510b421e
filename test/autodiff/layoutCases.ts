// Cases of operators that move elements.

import { int, ints } from '../../src/onnx/graph.ts';
import type { Operator } from '../../src/onnx/operators.ts';
import { DataType, tensorOf } from '../../src/onnx/tensor.ts';
import { apply, type Build, int64, on, type RuleCase } from './caseKit.ts';

const slice =
  (starts: number[], ends: number[], axes: number[]): Build =>
  (b, x) =>
    b.add('Slice', [x, b.ints(starts), b.ints(ends), b.ints(axes)]);

const rows = int64([2, 2], [0, 3, 3, 1]);
const mask = tensorOf(DataType.bool, [2, 3], [1, 0, 1, 0, 0, 1]);

export const layoutCases = {
  Concat: [
    on(
      [
        [2, 3],
        [2, 1],
      ],
      apply('Concat', { axis: int(1) }),
    ),
    on(
      [
        [1, 2],
        [3, 2],
        [2, 2],
      ],
      apply('Concat', { axis: int(0) }),
    ),
    on([[2, 2, 3]], (b, x) => b.add('Concat', [x, x], { axis: int(-1) }), {}, 'with itself'),
  ],
  Expand: [
    on([[3]], (b, x) => b.add('Expand', [x, b.ints([2, 3])]), { concrete: true }),
    on([[2, 1, 4]], (b, x) => b.add('Expand', [x, b.ints([2, 3, 4])]), { concrete: true }),
    on([[1]], (b, x) => b.add('Expand', [x, b.ints([2, 5])])),
  ],
  Flatten: [
    on([[2, 3, 4]], apply('Flatten', { axis: int(1) })),
    on([[2, 3, 4]], apply('Flatten', { axis: int(2) })),
    on([[2, 3]], apply('Flatten', { axis: int(0) })),
  ],
  Gather: [
    on(
      [[5, 3]],
      (b, x) => b.add('Gather', [x, 'rows'], { axis: int(0) }),
      { tensors: { rows } },
      'duplicates',
    ),
    on(
      [[3, 4, 2]],
      (b, x) => b.add('Gather', [x, 'rows'], { axis: int(1) }),
      { tensors: { rows }, concrete: true },
      'axis 1',
    ),
    on(
      [[3, 5]],
      (b, x) => b.add('Gather', [x, b.constant(DataType.int64, [], [2])], { axis: int(-1) }),
      {},
      'one index',
    ),
    on(
      [[4, 3]],
      (b, x) => b.add('Gather', [x, b.ints([-1, 0, 3])], { axis: int(0) }),
      { concrete: true },
      'negative index',
    ),
  ],
  GatherElements: [
    on(
      [[2, 4]],
      (b, x) => b.add('GatherElements', [x, 'at'], { axis: int(1) }),
      { tensors: { at: int64([2, 1], [3, 0]) }, concrete: true },
      'one per row',
    ),
    on(
      [[2, 4]],
      (b, x) => b.add('GatherElements', [x, 'at'], { axis: int(1) }),
      { tensors: { at: int64([2, 3], [1, 1, 2, 0, 3, 3]) }, concrete: true },
      'duplicates',
    ),
    on(
      [[4, 2]],
      (b, x) => b.add('GatherElements', [x, 'at'], { axis: int(0) }),
      { tensors: { at: int64([1, 2], [3, 1]) }, concrete: true },
      'axis 0',
    ),
  ],
  Pad: [
    on([[5]], (b, x) => b.add('Pad', [x, b.ints([1, 2])])),
    on([[2, 3]], (b, x) => b.add('Pad', [x, b.ints([0, 1, 2, 0])])),
    on([[2, 3, 4]], (b, x) => b.add('Pad', [x, b.ints([1, 1]), '', b.ints([-1])]), {}, 'one axis'),
  ],
  Reshape: [
    on([[2, 3]], (b, x) => b.reshape(x, [6]), { concrete: true }),
    on([[2, 3, 4]], (b, x) => b.add('Reshape', [x, b.ints([0, -1])])),
    on([[6]], (b, x) => b.reshape(x, [2, 3]), { concrete: true }),
  ],
  Slice: [
    on([[5]], slice([1], [4], [0]), { concrete: true }),
    on([[2, 3, 4]], slice([0, -2], [2, 9e15], [1, 2])),
    on([[4, 6]], slice([0, 2], [3, -1], [0, 1])),
  ],
  Split: [
    on(
      [[2, 6]],
      (b, x) => b.addMany('Split', [x, b.ints([2, 4])], { axis: int(1) }, ['p', 'q'])[1]!,
      { concrete: true },
      'second',
    ),
    on(
      [[3, 4]],
      (b, x) => {
        const [p, q] = b.addMany('Split', [x, b.ints([2, 2])], { axis: int(-1) }, ['p', 'q']);
        return b.add('Mul', [p!, q!]);
      },
      { concrete: true },
      'product',
    ),
    on(
      [[5, 2]],
      (b, x) => {
        const [p, , q] = b.addMany('Split', [x, b.ints([1, 2, 2])], { axis: int(0) }, [
          'p',
          'o',
          'q',
        ]);
        return b.add('Add', [p!, q!]);
      },
      { concrete: true },
      'two of three',
    ),
  ],
  Squeeze: [
    on([[2, 1, 3]], (b, x) => b.add('Squeeze', [x, b.ints([1])])),
    on([[1, 5, 1]], (b, x) => b.add('Squeeze', [x])),
    on([[1, 2, 1]], (b, x) => b.add('Squeeze', [x, b.ints([-1, 0])])),
  ],
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
    on([[2, 3, 4]], (b, x) =>
      b.add('Trilu', [x, b.constant(DataType.int64, [], [1])], { upper: int(1) }),
    ),
    on([[4, 2]], (b, x) =>
      b.add('Trilu', [x, b.constant(DataType.int64, [], [-1])], { upper: int(0) }),
    ),
  ],
  Unsqueeze: [
    on([[5]], (b, x) => b.add('Unsqueeze', [x, b.ints([0])])),
    on([[2, 3]], (b, x) => b.add('Unsqueeze', [x, b.ints([1, -1])])),
    on([[2, 3, 4]], (b, x) => b.add('Unsqueeze', [x, b.ints([2])])),
  ],
  Where: [
    on(
      [
        [2, 3],
        [2, 3],
      ],
      (b, x, y) => b.add('Where', ['mask', x, y]),
      { tensors: { mask }, concrete: true },
    ),
    on(
      [[3], [2, 1]],
      (b, x, y) => b.add('Where', ['mask', x, y]),
      { tensors: { mask }, concrete: true },
      'broadcast',
    ),
    on(
      [[4, 2, 3], []],
      (b, x, y) => b.add('Where', ['mask', x, y]),
      { tensors: { mask }, concrete: true },
      'scalar',
    ),
  ],
  CumSum: [
    on([[5]], (b, x) => b.add('CumSum', [x, b.constant(DataType.int64, [], [0])])),
    on([[2, 3]], (b, x) =>
      b.add('CumSum', [x, b.constant(DataType.int64, [], [1])], { exclusive: int(1) }),
    ),
    on([[2, 3, 4]], (b, x) =>
      b.add('CumSum', [x, b.constant(DataType.int64, [], [1])], { reverse: int(1) }),
    ),
  ],
} satisfies Partial<Record<Operator, readonly RuleCase[]>>;
