// Shapes of operators that move elements: reshaping, slicing, gathering.

import { add, type Dim, divideExact, isPositive, mul, product, show, sub } from './dim.ts';
import { intOf, intsOf, nodeLabel } from './graph.ts';
import {
  at,
  axesOf,
  axisOf,
  broadcastShape,
  contentsAt,
  fail,
  type Infer,
  type Inference,
  numbersAt,
} from './inference.ts';

export const expand: Infer = (x) => {
  const target = broadcastShape(at(x, 0).shape, contentsAt(x, 1), x.warn);
  return [{ dtype: at(x, 0).dtype, shape: target ?? fail(x.node, 'does not broadcast') }];
};

export const flatten: Infer = (x) => {
  const { dtype, shape } = at(x, 0);
  const axis = axisOf(intOf(x.node, 'axis', 1), shape.length);
  return [{ dtype, shape: [product(shape.slice(0, axis)), product(shape.slice(axis))] }];
};

export const tile: Infer = (x) => {
  const { dtype, shape } = at(x, 0);
  const repeats = contentsAt(x, 1);
  return [{ dtype, shape: shape.map((dim, i) => mul(dim, repeats[i]!)) }];
};

export const transpose: Infer = (x) => {
  const { dtype, shape } = at(x, 0);
  const perm = intsOf(x.node, 'perm') ?? shape.map((_, i) => shape.length - 1 - i);
  return [{ dtype, shape: perm.map((axis) => shape[axis]!) }];
};

export const reshape: Infer = (x) => {
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

export const slice: Infer = (x) => {
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

export const split: Infer = (x) => {
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

export const pad: Infer = (x) => {
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

export const gather: Infer = (x) => {
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

export const concat: Infer = (x) => {
  const { dtype, shape } = at(x, 0);
  const axis = axisOf(intOf(x.node, 'axis', 0), shape.length);
  const total = x.inputs.reduce<Dim>((sum, _, i) => add(sum, at(x, i).shape[axis]!), 0);
  return [{ dtype, shape: shape.with(axis, total) }];
};

export const squeeze: Infer = (x) => {
  const { dtype, shape } = at(x, 0);
  const axes = axesOf(x, shape.length) ?? shape.flatMap((dim, i) => (dim === 1 ? [i] : []));
  return [{ dtype, shape: shape.filter((_, i) => !axes.includes(i)) }];
};

export const unsqueeze: Infer = (x) => {
  const { dtype, shape } = at(x, 0);
  const given = x.inputs[1] === undefined ? (intsOf(x.node, 'axes') ?? []) : numbersAt(x, 1);
  const axes = axesOf(x, shape.length + given.length) ?? [];
  return [{ dtype, shape: axes.reduce<Dim[]>((s, axis) => s.toSpliced(axis, 0, 1), [...shape]) }];
};
