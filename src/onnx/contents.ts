// Symbolic contents of small tensors. Exporters compute shapes with operators (Shape, Gather, Mul, Concat, Where
// ...); following their elements as polynomials turns all of that into numbers and symbols while the graph is
// built. Float scalars that come from shapes (sqrt of the head size) and from constants are followed as well.

import { add, type Dim, divideExact, isPositive, mul, product, same, sub } from './dim.ts';
import { intOf, type Node, type ValueInfo } from './graph.ts';
import type { Operator } from './operators.ts';
import { DataType, isFloat, numbersOf } from './tensor.ts';

/** Tensors with more elements than this are data, not shapes. */
export const contentsLimit = 64;

type Contents = readonly Dim[];
type Elementwise = (values: Contents, dtype: number) => Dim | undefined;

const numbers = (f: (...values: number[]) => number): Elementwise => {
  return (values) =>
    values.every((value) => typeof value === 'number') ? f(...values) : undefined;
};

function divide([a, b]: Contents, dtype: number): Dim | undefined {
  if (a === undefined || b === undefined || b === 0) return undefined;
  if (typeof a === 'number' && typeof b === 'number') {
    return isFloat(dtype) ? a / b : Math.trunc(a / b);
  }
  return divideExact(a, b);
}

/** Equality where it does not depend on a symbol's value; a symbol is never -1 or 0. */
function equal([a, b]: Contents): Dim | undefined {
  if (a === undefined || b === undefined) return undefined;
  if (same(a, b)) return 1;
  if (typeof a === 'number' && typeof b === 'number') return 0;
  const difference = sub(a, b);
  return isPositive(difference) || isPositive(mul(difference, -1)) ? 0 : undefined;
}

/** a < b where the sign of the difference is the same for all symbol values. */
function less([a, b]: Contents): Dim | undefined {
  if (a === undefined || b === undefined) return undefined;
  if (typeof a === 'number' && typeof b === 'number') return a < b ? 1 : 0;
  if (isPositive(sub(b, a))) return 1;
  return same(a, b) || isPositive(sub(a, b)) ? 0 : undefined;
}

const negate = (value: Dim | undefined): Dim | undefined =>
  value === undefined ? undefined : value === 0 ? 1 : 0;
const swap = ([a, b]: Contents): Contents => (a === undefined || b === undefined ? [] : [b, a]);

function select([condition, yes, no]: Contents): Dim | undefined {
  if (yes !== undefined && no !== undefined && same(yes, no)) return yes;
  return typeof condition === 'number' ? (condition !== 0 ? yes : no) : undefined;
}

const elementwise: Partial<Record<Operator, Elementwise>> = {
  Add: ([a, b]) => add(a!, b!),
  Sub: ([a, b]) => sub(a!, b!),
  Mul: ([a, b]) => mul(a!, b!),
  Div: divide,
  Neg: ([a]) => mul(a!, -1),
  Abs: ([a]) => (isPositive(a!) ? a : numbers(Math.abs)([a!], 0)),
  Min: (values) =>
    values.every((v) => same(v, values[0]!)) ? values[0] : numbers(Math.min)(values, 0),
  Max: (values) =>
    values.every((v) => same(v, values[0]!)) ? values[0] : numbers(Math.max)(values, 0),
  Mod: numbers((a, b) => ((a % b) + b) % b),
  Pow: numbers((a, b) => a ** b),
  Sqrt: numbers(Math.sqrt),
  Reciprocal: numbers((a) => 1 / a),
  Floor: numbers(Math.floor),
  Ceil: numbers(Math.ceil),
  Exp: numbers(Math.exp),
  Log: numbers(Math.log),
  Equal: equal,
  Less: less,
  Greater: (values) => less(swap(values)),
  LessOrEqual: (values) => negate(less(swap(values))),
  GreaterOrEqual: (values) => negate(less(values)),
  Not: ([a]) => negate(typeof a === 'number' ? a : undefined),
  And: numbers((a, b) => a && b),
  Or: numbers((a, b) => a || b),
  Where: select,
};

function cast(value: Dim, to: number): Dim | undefined {
  if (typeof value !== 'number') return to === DataType.bool ? undefined : value;
  if (to === DataType.bool) return value === 0 ? 0 : 1;
  return isFloat(to) ? value : Math.trunc(value);
}

/** False for polynomials with fractions, such as T * 0.5: rounding them depends on the symbol's value. */
function isWhole(value: Dim): boolean {
  return typeof value === 'number' || value.terms.every((t) => Number.isInteger(t.coefficient));
}

/** Position in a broadcast operand of rank <= 1; the rest (2-D int tensors) is not followed. */
function broadcastElement(info: ValueInfo, contents: Contents, at: number): Dim | undefined {
  if (contents.length === 1) return contents[0];
  return info.shape.length === 1 ? contents[at] : undefined;
}

function elementwiseContents(
  f: Elementwise,
  inputs: readonly (ValueInfo | undefined)[],
  output: ValueInfo,
  size: number,
): Contents | undefined {
  const result: Dim[] = [];
  for (let at = 0; at < size; at++) {
    const values: Dim[] = [];
    for (const input of inputs) {
      const value =
        input?.contents === undefined ? undefined : broadcastElement(input, input.contents, at);
      if (value === undefined) return undefined;
      values.push(value);
    }
    const value = f(values, output.dtype);
    if (value === undefined || !isWhole(value)) return undefined;
    const round = typeof value === 'number' && output.dtype === DataType.float;
    result.push(round ? Math.fround(value) : value);
  }
  return result;
}

function range(start: Dim, limit: Dim, step: Dim): Contents | undefined {
  if (typeof start !== 'number' || typeof limit !== 'number' || typeof step !== 'number') {
    return undefined;
  }
  const size = Math.max(0, Math.ceil((limit - start) / step));
  return size > contentsLimit
    ? undefined
    : Array.from({ length: size }, (_, i) => start + i * step);
}

function sliceContents(inputs: readonly (ValueInfo | undefined)[]): Contents | undefined {
  const data = inputs[0]?.contents;
  const [start, end] = [inputs[1]?.contents?.[0], inputs[2]?.contents?.[0]];
  const step = inputs[4] === undefined ? 1 : inputs[4].contents?.[0];
  if (data === undefined || inputs[0]?.shape.length !== 1 || step !== 1) return undefined;
  if (typeof start !== 'number' || typeof end !== 'number') return undefined;
  return data.slice(start, end);
}

function gatherContents(node: Node, inputs: readonly (ValueInfo | undefined)[]) {
  const [data, indices] = [inputs[0], inputs[1]?.contents];
  if (data?.contents === undefined || indices === undefined || data.shape.length !== 1)
    return undefined;
  if (intOf(node, 'axis', 0) > 0) return undefined;
  const picked = indices.map((i) => (typeof i === 'number' ? data.contents?.at(i) : undefined));
  return picked.every((value) => value !== undefined) ? picked : undefined;
}

/**
 * Elements of a node's first output where they follow from its inputs' shapes and contents.
 * `output` is the inferred type and shape; undefined if the elements are data.
 */
export function contentsOf(
  node: Node & { readonly op: Operator },
  inputs: readonly (ValueInfo | undefined)[],
  output: ValueInfo,
): Contents | undefined {
  const size = product(output.shape);
  if (typeof size !== 'number' || size > contentsLimit) return undefined;
  const f = elementwise[node.op];
  if (f !== undefined) return elementwiseContents(f, inputs, output, size);
  const [x, y, z] = inputs.map((input) => input?.contents);
  switch (node.op) {
    case 'Shape': {
      const shape = inputs[0]?.shape ?? [];
      return shape.slice(intOf(node, 'start', 0), intOf(node, 'end', shape.length));
    }
    case 'Size':
      return inputs[0] === undefined ? undefined : [product(inputs[0].shape)];
    case 'Identity':
    case 'Reshape':
    case 'Squeeze':
    case 'Unsqueeze':
    case 'Flatten':
      return x;
    case 'Cast': {
      const values = x?.map((value) => cast(value, output.dtype));
      return values?.every((value) => value !== undefined) ? values : undefined;
    }
    case 'Gather':
      return gatherContents(node, inputs);
    case 'Concat': {
      const parts = inputs.map((input) => input?.contents);
      if (output.shape.length !== 1) return undefined;
      return parts.every((part) => part !== undefined) ? parts.flat() : undefined;
    }
    case 'Slice':
      return sliceContents(inputs);
    case 'ConstantOfShape': {
      const value = node.attributes.value;
      if (isFloat(output.dtype) && size !== 1) return undefined;
      if (value !== undefined && value.type !== 'tensor') return undefined;
      const fill = value === undefined ? 0 : constantFill(node);
      return fill === undefined ? undefined : new Array<Dim>(size).fill(fill);
    }
    case 'Expand':
      return x?.length === 1
        ? new Array<Dim>(size).fill(x[0]!)
        : x?.length === size
          ? x
          : undefined;
    case 'Range':
      return x && y && z ? range(x[0]!, y[0]!, z[0]!) : undefined;
    case 'ReduceProd':
      return size === 1 && x !== undefined ? [product(x)] : undefined;
    case 'ReduceSum':
      return size === 1 && x !== undefined ? [x.reduce<Dim>(add, 0)] : undefined;
    default:
      return undefined;
  }
}

/** The one element of ConstantOfShape's `value`; 0 if it has none. */
export function constantFill(node: Node): number | undefined {
  const value = node.attributes.value;
  if (value?.type !== 'tensor') return 0;
  return numbersOf(value.value)?.[0];
}
