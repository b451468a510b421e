// Several texts in one row, laid end to end ("packing"), as if each had a row of its own: a position attends to those
// of its own text only. The border between two texts is in no graph that was exported, so it becomes an input, and a
// term of every attention score. (Without it a text is read in the light of strangers: Krell et al., "Efficient
// sequence packing without cross-contamination", arXiv:2107.02027.)

import { UserError } from '../core/errors.ts';
import type { GraphBuilder } from '../onnx/builder.ts';
import { type Dim, same } from '../onnx/dim.ts';
import { type Graph, intOf, type Node } from '../onnx/graph.ts';
import { axisOf } from '../onnx/inference.ts';
import { rewrite } from '../onnx/rewrite.ts';
import { tokenInput } from '../onnx/roles.ts';
import { DataType } from '../onnx/tensor.ts';

/** int64 (B, T) input: which text of its row each position belongs to. No exporter has this name. */
export const SEGMENTS = 'packing.segments';

/** As good as -Infinity in a softmax, and finite, which WGSL needs. */
const NEVER = -1e30;

/** Does it turn attention scores (B, ..., T, T) into weights? */
function isAttention(b: GraphBuilder, node: Node, scores: string, length: Dim): boolean {
  if (node.op !== 'Softmax') return false;
  const shape = b.shape(scores);
  const last = axisOf(intOf(node, 'axis', -1), shape.length) === shape.length - 1;
  return last && shape.length >= 3 && shape.slice(-2).every((dim) => same(dim, length));
}

/** 0 between positions of one text, NEVER between others: (B, 1, ..., T, T). */
function borders(b: GraphBuilder, dtype: number, rank: number): string {
  const heads = Array.from({ length: rank - 3 }, (_, i) => 1 + i);
  const column = b.add('Unsqueeze', [SEGMENTS, b.ints([...heads, rank - 1])]);
  const row = b.add('Unsqueeze', [SEGMENTS, b.ints([...heads, rank - 2])]);
  const together = b.add('Equal', [column, row]);
  return b.add('Where', [together, b.scalar(dtype, 0), b.scalar(dtype, NEVER)]);
}

/** Scores plus borders. A mask that all heads and layers share takes them up, so that they are added once. */
function separated(b: GraphBuilder, scores: string): string {
  const shape = b.shape(scores);
  const border = borders(b, b.info(scores).dtype, shape.length);
  const sum = b.producer(scores);
  const isMask = (name: string) => {
    const own = b.shape(name);
    return own.length < shape.length || (shape.length > 3 && own[own.length - 3] === 1);
  };
  const mask = sum?.op === 'Add' ? sum.inputs.findIndex(isMask) : -1;
  if (sum === undefined || mask < 0) return b.add('Add', [scores, border]);
  return b.add('Add', [sum.inputs[1 - mask]!, b.add('Add', [sum.inputs[mask]!, border])]);
}

/**
 * A normalised decoder whose rows may hold several texts; its inputs gain SEGMENTS. With one text a row it computes
 * what it computed before.
 * @throws UserError 'onnx' for a decoder without attention scores, which cannot be kept apart
 */
export function separateSegments(graph: Graph): Graph {
  const ids = tokenInput(graph);
  const length = ids?.shape[1];
  if (ids === undefined || length === undefined) throw noAttention();
  const segments = { name: SEGMENTS, dtype: DataType.int64, shape: ids.shape };
  const source = { ...graph, inputs: [...graph.inputs, segments] };
  let found = false;
  const result = rewrite(source, (b, node, inputs) => {
    const scores = inputs[0];
    if (scores === undefined || !isAttention(b, node, scores, length)) return undefined;
    found = true;
    return [b.add('Softmax', [separated(b, scores)], node.attributes, node.outputs[0])];
  }).graph;
  if (!found) throw noAttention();
  return result;
}

const noAttention = () =>
  new UserError(
    'onnx',
    'The model has no attention scores (batch, heads, length, length): examples that share a row could not be kept apart.',
    'Choose padded examples, one a row.',
  );
