// What every shape rule works with: a node, what is known of its inputs, and how broadcasting joins shapes.

import { UserError } from '../core/errors.ts';
import { type Dim, same, show } from './dim.ts';
import { intsOf, type Node, nodeLabel, type ValueInfo } from './graph.ts';

/** Receives assumptions that the shapes rest on, e.g. "sequence_length <= 64". */
export type Warn = (message: string) => void;

export interface Inference {
  readonly node: Node;
  readonly inputs: readonly (ValueInfo | undefined)[];
  readonly warn: Warn;
}

export type Infer = (x: Inference) => readonly ValueInfo[];
export type Shape = readonly Dim[];

export function fail(node: Node, found: string): never {
  throw new UserError(
    'onnx',
    `${nodeLabel(node)}: ${found}.`,
    'Bind the symbols in question to numbers, or export the model again with these shapes fixed.',
  );
}

export function at({ node, inputs }: Inference, index: number): ValueInfo {
  return inputs[index] ?? fail(node, `input ${index} is missing`);
}

/** Elements of an input that must follow from shapes and constants. */
export function contentsAt(x: Inference, index: number): Shape {
  return (
    at(x, index).contents ?? fail(x.node, `input ${index} depends on data, so the shape is unknown`)
  );
}

export function numbersAt(x: Inference, index: number): number[] {
  return contentsAt(x, index).map((value) =>
    typeof value === 'number' ? value : fail(x.node, `input ${index} contains ${value.key}`),
  );
}

/** Counts a negative axis from the end. */
export function axisOf(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}

/** Axes from the second input (opset 13 or 18 on) or from the attribute (before), sorted. */
export function axesOf(x: Inference, rank: number): number[] | undefined {
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

export function broadcastAll(x: Inference, from = 0): Dim[] {
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
