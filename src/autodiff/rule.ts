// What a gradient rule sees, and the three helpers that carry the difficulty of broadcasting so that the rules
// need not. A rule emits nodes into the joint graph and refers to forward values by name; which of them are kept
// and which are computed again is not its concern (partition.ts decides).
//
// Cotangents are *lazily broadcast*: the cotangent of a value of shape (B, T, D) has the same rank but may have
// size 1 along any axis, standing for equal entries. Sums and means therefore need no Expand; a rule that needs
// every entry calls `full`.

import { UserError } from '../core/errors.ts';
import type { GraphBuilder } from '../onnx/builder.ts';
import { type Dim, product } from '../onnx/dim.ts';
import { type Node, nodeLabel } from '../onnx/graph.ts';

export interface RuleContext {
  readonly b: GraphBuilder;
  readonly node: Node;
  /** Input values. */
  readonly x: readonly string[];
  /** Output values. */
  readonly y: readonly string[];
  /** Cotangent of the first output. */
  readonly d: string;
  /** Cotangents of all outputs; undefined is zero. */
  readonly ds: readonly (string | undefined)[];
  /** Which inputs' cotangents are wanted; others may be left undefined. */
  readonly need: readonly boolean[];
}

/** Cotangents of the inputs, lazily broadcast; undefined is zero or not wanted. */
export type Rule = (context: RuleContext) => readonly (string | undefined)[];

/** The cotangent with every entry written out, in the given shape. */
export function full(b: GraphBuilder, d: string, shape: readonly Dim[]): string {
  return b.add('Expand', [d, b.ints(shape)]);
}

/** Sum along axes (kept, size 1) of a cotangent of a value of this shape. */
export function sumAlong(
  b: GraphBuilder,
  d: string,
  axes: readonly number[],
  shape: readonly Dim[],
): string {
  const own = b.shape(d);
  const lazy = axes.filter((axis) => own[axis] === 1 && shape[axis] !== 1);
  const written = axes.filter((axis) => own[axis] !== 1);
  const sum = b.reduce('ReduceSum', d, written);
  if (lazy.length === 0) return sum;
  return b.add('Mul', [
    sum,
    b.countLike(
      d,
      lazy.map((axis) => shape[axis]!),
    ),
  ]);
}

/** Sums a cotangent of shape `from` over what broadcasting repeated, down to a tensor of shape `to`. */
export function reduceTo(
  b: GraphBuilder,
  d: string,
  from: readonly Dim[],
  to: readonly Dim[],
): string {
  const extra = from.length - to.length;
  const axes = from.flatMap((dim, axis) => {
    const target = axis < extra ? 1 : to[axis - extra]!;
    return target === 1 && dim !== 1 ? [axis] : [];
  });
  const leading = Array.from({ length: extra }, (_, axis) => axis);
  const plain =
    extra > 0 &&
    axes.every((axis) => axis < extra && b.shape(d)[axis] !== 1) &&
    axes.length === extra;
  if (plain) return b.reduce('ReduceSum', d, leading, false);
  const sum = sumAlong(b, d, axes, from);
  return extra === 0 ? sum : b.add('Squeeze', [sum, b.ints(leading)]);
}

/** Mean along axes (kept) of a cotangent; axes of size 1 are their own mean. */
export function meanAlong(b: GraphBuilder, d: string, axes: readonly number[]): string {
  const written = axes.filter((axis) => b.shape(d)[axis] !== 1);
  return b.reduce('ReduceMean', d, written);
}

/** x (..., K) as a matrix (M, K). */
export function asMatrix(b: GraphBuilder, x: string): string {
  const shape = b.shape(x);
  return shape.length === 2 ? x : b.reshape(x, [product(shape.slice(0, -1)), shape.at(-1)!]);
}

/** 1 where the condition holds, else 0, in the type of `like`. */
export function mask(b: GraphBuilder, condition: string, like: string): string {
  return b.cast(condition, b.info(like).dtype);
}

export function refuseGradient(node: Node, why: string): never {
  throw new UserError(
    'onnx',
    `${nodeLabel(node)} has no gradient: ${why}.`,
    'Train only parameters behind it, use LoRA on other layers, or export the model without this operator.',
  );
}
