// Gradients of operators that move elements: reshaping, slicing, gathering.

import type { GraphBuilder } from '../onnx/builder.ts';
import { type Dim, sub } from '../onnx/dim.ts';
import { int, intOf, intsOf, text, textOf } from '../onnx/graph.ts';
import { axisOf } from '../onnx/inference.ts';
import { sliceRanges } from '../onnx/inferLayout.ts';
import type { Operator } from '../onnx/operators.ts';
import { DataType } from '../onnx/tensor.ts';
import { full, mask, type Rule, reduceTo, refuseGradient } from './rule.ts';

/** Reshape back; a cotangent with one entry for all keeps just that one. */
const reshapeBack: Rule = ({ b, x, y, d }) => {
  const shape = b.shape(x[0]!);
  if (b.shape(d).every((dim) => dim === 1))
    return [
      b.reshape(
        d,
        shape.map(() => 1),
      ),
    ];
  return [b.reshape(full(b, d, b.shape(y[0]!)), shape)];
};

function numbers(b: GraphBuilder, value: string | undefined): number[] | undefined {
  return value ? b.info(value).contents?.map(Number) : undefined;
}

/** The axes that Squeeze removed or Unsqueeze added, which the inverse operator takes. */
function inverse(op: 'Squeeze' | 'Unsqueeze'): Rule {
  return ({ b, x, y, d }) => {
    const longer = b.shape(op === 'Unsqueeze' ? x[0]! : y[0]!);
    const given = numbers(b, x[1]) ?? longer.flatMap((dim, axis) => (dim === 1 ? [axis] : []));
    const axes = given.map((axis) => axisOf(axis, longer.length)).sort((p, q) => p - q);
    return [b.add(op, [d, b.ints(axes)])];
  };
}

/** Reads (r0 s0, r1 s1, ...) as (r0, s0, r1, s1, ...) and sums over the repetitions. */
const tile: Rule = ({ b, x, y, d }) => {
  const shape = b.shape(x[0]!);
  const repeats = b.info(x[1]!).contents ?? [];
  const apart = shape.flatMap((dim, axis): Dim[] => [repeats[axis]!, dim]);
  const whole = b.reshape(full(b, d, b.shape(y[0]!)), apart);
  return [
    b.reduce(
      'ReduceSum',
      whole,
      shape.map((_, axis) => 2 * axis),
      false,
    ),
  ];
};

const concat: Rule = ({ b, node, x, y, d }) => {
  const shape = b.shape(y[0]!);
  const axis = axisOf(intOf(node, 'axis', 0), shape.length);
  const sizes = x.map((part) => b.shape(part)[axis]!);
  const whole = full(b, d, shape);
  return b.addMany(
    'Split',
    [whole, b.ints(sizes)],
    { axis: int(axis) },
    x.map(() => undefined),
  );
};

const split: Rule = ({ b, node, y, ds }) => {
  const axis = axisOf(intOf(node, 'axis', 0), b.shape(y[0]!).length);
  const dtype = b.info(y[0]!).dtype;
  const parts = y.map((part, i) => {
    const d = ds[i];
    return d === undefined ? b.filled(dtype, b.shape(part), 0) : full(b, d, b.shape(part));
  });
  return [b.add('Concat', parts, { axis: int(axis) })];
};

/** Zeros around; only for slices without gaps. */
const slice: Rule = ({ b, node, x, y, d }) => {
  const shape = b.shape(x[0]!);
  const inputs = x.map((name) => (name ? b.info(name) : undefined));
  const ranges = sliceRanges({ node, inputs, warn: (message) => b.warn(message) });
  if ([...ranges.values()].some(([, , step]) => step !== 1)) {
    refuseGradient(node, 'its step is not 1');
  }
  const before = shape.map((_, axis): Dim => ranges.get(axis)?.[0] ?? 0);
  const after = shape.map((dim, axis): Dim => sub(dim, ranges.get(axis)?.[1] ?? dim));
  const whole = full(b, d, b.shape(y[0]!));
  return [b.add('Pad', [whole, b.ints([...before, ...after])])];
};

const pad: Rule = ({ b, node, x, y, d }) => {
  if (textOf(node, 'mode', 'constant') !== 'constant') refuseGradient(node, 'it repeats its input');
  const shape = b.shape(x[0]!);
  const pads = b.info(x[1]!).contents ?? [];
  const axes = numbers(b, x[3]) ?? shape.map((_, axis) => axis);
  const starts = axes.map((_, i) => pads[i]!);
  const outer = b.shape(y[0]!);
  const ends = axes.map((axis, i) =>
    sub(outer[axisOf(axis, outer.length)]!, pads[i + axes.length]!),
  );
  return [b.add('Slice', [full(b, d, outer), b.ints(starts), b.ints(ends), b.ints(axes)])];
};

/** Adds each gathered row's cotangent to its row: ScatterND into zeros, with the axis moved to the front. */
const gather: Rule = ({ b, node, x, y, d }) => {
  const [data, indices] = [b.info(x[0]!), x[1]!];
  const axis = axisOf(intOf(node, 'axis', 0), data.shape.length);
  const count = b.shape(indices).length;
  const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
  const rank = data.shape.length;
  const whole = full(b, d, b.shape(y[0]!));
  // (before, indices, after) -> (indices, before, after)
  const rows = b.transpose(whole, [
    ...range(axis, axis + count),
    ...range(0, axis),
    ...range(axis + count, rank - 1 + count),
  ]);
  const moved = [data.shape[axis]!, ...data.shape.toSpliced(axis, 1)];
  const zeros = b.filled(data.dtype, moved, 0);
  const at = b.add('Unsqueeze', [b.cast(indices, DataType.int64), b.ints([count])]);
  const sum = b.add('ScatterND', [zeros, at, rows], { reduction: text('add') });
  return [b.transpose(sum, [...range(1, axis + 1), 0, ...range(axis + 1, rank)])];
};

/** One index per line: its one-hot mask times d. Several: added into zeros. */
const gatherElements: Rule = ({ b, node, x, y, d }) => {
  const { dtype, shape } = b.info(x[0]!);
  const axis = axisOf(intOf(node, 'axis', 0), shape.length);
  const indices = x[1]!;
  const whole = full(b, d, b.shape(y[0]!));
  const others = shape.every(
    (dim, i) => i === axis || dim === b.shape(indices)[i] || typeof dim !== 'number',
  );
  if (b.shape(indices)[axis] !== 1 || !others) {
    const zeros = b.filled(dtype, shape, 0);
    const attributes = { axis: int(axis), reduction: text('add') };
    return [b.add('ScatterElements', [zeros, indices, whole], attributes)];
  }
  const type = b.info(indices).dtype;
  const size = b.constant(type, [], [shape[axis]!]);
  const positions = b.add('Range', [b.constant(type, [], [0]), size, b.constant(type, [], [1])]);
  const line = b.reshape(
    positions,
    shape.map((dim, i) => (i === axis ? dim : 1)),
  );
  return [b.add('Mul', [whole, mask(b, b.add('Equal', [indices, line]), d)])];
};

export const layoutRules = {
  Concat: concat,
  Expand: ({ b, x, y, d }) => [reduceTo(b, d, b.shape(y[0]!), b.shape(x[0]!))],
  Flatten: reshapeBack,
  Gather: gather,
  GatherElements: gatherElements,
  Pad: pad,
  Reshape: reshapeBack,
  Slice: slice,
  Split: split,
  Squeeze: inverse('Unsqueeze'),
  Tile: tile,
  Transpose: ({ b, node, x, d }) => {
    const rank = b.shape(x[0]!).length;
    const perm = intsOf(node, 'perm') ?? Array.from({ length: rank }, (_, i) => rank - 1 - i);
    return [
      b.transpose(
        d,
        perm.map((_, axis) => perm.indexOf(axis)),
      ),
    ];
  },
  Trilu: ({ b, node, x, y, d }) => {
    const whole = full(b, d, b.shape(y[0]!));
    return [b.add('Trilu', [whole, ...x.slice(1)], node.attributes)];
  },
  Unsqueeze: inverse('Squeeze'),
} satisfies Partial<Record<Operator, Rule>>;
