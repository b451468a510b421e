// Fused attention and rotary embedding of ONNX Runtime (com.microsoft, ContribOperators.md) and of ONNX 23, taken
// apart into operators that have gradients. Shapes: B batch, S queries, T keys, H heads, K key heads, D head size.
//
// For training only: the past is empty, so keys are the queries' own positions, causal, starting at position 0.
// Right-padded rows attend like real ones; their tokens must carry no weight in the loss.

import { UserError } from '../core/errors.ts';
import type { GraphBuilder } from './builder.ts';
import type { Dim } from './dim.ts';
import { floatOf, int, intOf, type Node, nodeLabel } from './graph.ts';
import { DataType } from './tensor.ts';

/** As good as -Infinity in a softmax, and finite, which WGSL needs. */
const masked = -1e30;

export function unsupported(node: Node, what: string): never {
  throw new UserError(
    'onnx',
    `${nodeLabel(node)}: ${what} has no gradient here.`,
    'Export the model with plain attention (for example attn_implementation="eager"), without this option.',
  );
}

function refuse(node: Node, attribute: string): void {
  if (intOf(node, attribute, 0) > 0) unsupported(node, attribute);
}

/** (B, S, heads * D) -> (B, heads, S, D); what already has four axes stays. */
function splitHeads(b: GraphBuilder, x: string, heads: number): string {
  const shape = b.shape(x);
  const [batch, length, width] = shape;
  if (shape.length === 4) return x;
  if (batch === undefined || length === undefined || typeof width !== 'number') {
    throw new Error(`splitHeads: '${x}' is not (B, S, heads * D)`);
  }
  return b.transpose(b.reshape(x, [batch, length, heads, width / heads]), [0, 2, 1, 3]);
}

/** (B, H, S, D) -> (B, S, H * D) */
function joinHeads(b: GraphBuilder, x: string): string {
  const [batch, heads, length, size] = b.shape(x);
  return b.reshape(b.transpose(x, [0, 2, 1, 3]), [batch!, length!, Number(heads) * Number(size)]);
}

/** Splits the last axis into parts of these sizes. */
function splitLast(b: GraphBuilder, x: string, sizes: readonly Dim[]): readonly string[] {
  const names = sizes.map(() => undefined);
  return b.addMany('Split', [x, b.ints(sizes)], { axis: int(-1) }, names);
}

/** Rotates x (B, H, S, D) by cos and sin, broadcastable to (B, 1, S, D / 2): first half against second half. */
function rotate(b: GraphBuilder, x: string, cos: string, sin: string): string {
  const size = Number(b.shape(x).at(-1));
  const half = Number(b.shape(cos).at(-1));
  const [first, second, rest] = splitLast(
    b,
    x,
    size === 2 * half ? [half, half] : [half, half, size - 2 * half],
  );
  const mul = (p: string, q: string) => b.add('Mul', [p, q]);
  const parts = [
    b.add('Sub', [mul(first!, cos), mul(second!, sin)]),
    b.add('Add', [mul(second!, cos), mul(first!, sin)]),
    ...(rest === undefined ? [] : [rest]),
  ];
  return b.add('Concat', parts, { axis: int(-1) });
}

/** The first S rows of a cache (max, D / 2). */
function firstRows(b: GraphBuilder, cache: string, length: Dim): string {
  return b.add('Slice', [cache, b.ints([0]), b.ints([length]), b.ints([0])]);
}

/** Rows of a cache at positions (B, S), as (B, 1, S, D / 2). */
function rowsAt(b: GraphBuilder, cache: string, positions: string): string {
  const rows = b.add('Gather', [cache, positions], { axis: int(0) });
  return b.add('Unsqueeze', [rows, b.ints([1])]);
}

interface Attention {
  /** (B, H, S, D) */
  readonly query: string;
  /** (B, K, T, D), H a multiple of K */
  readonly key: string;
  readonly value: string;
  readonly scale: number;
  /** Added to the scores; broadcastable to (B, H, S, T). */
  readonly biases: readonly string[];
}

/** softmax(scale * q k^T + biases) v -> (B, H, S, D); groups of heads share a key by broadcasting. */
function attend(b: GraphBuilder, { query, key, value, scale, biases }: Attention): string {
  const [batch, heads, length, size] = b.shape(query);
  const [, keyHeads, keyLength] = b.shape(key);
  const groups = Number(heads) / Number(keyHeads);
  const grouped = groups > 1;
  const q = grouped ? b.reshape(query, [batch!, keyHeads!, groups, length!, size!]) : query;
  const one = b.ints([2]);
  const k = grouped ? b.add('Unsqueeze', [key, one]) : key;
  const v = grouped ? b.add('Unsqueeze', [value, one]) : value;
  const products = b.add('MatMul', [q, b.swapLast(k)]);
  const scaled = b.add('Mul', [products, b.scalarLike(products, scale)]);
  let scores = grouped ? b.reshape(scaled, [batch!, heads!, length!, keyLength!]) : scaled;
  for (const bias of biases) scores = b.add('Add', [scores, bias]);
  const weights = b.add('Softmax', [scores], { axis: int(-1) });
  if (!grouped) return b.add('MatMul', [weights, v]);
  const perGroup = b.reshape(weights, [batch!, keyHeads!, groups, length!, keyLength!]);
  return b.reshape(b.add('MatMul', [perGroup, v]), [batch!, heads!, length!, size!]);
}

/** (S, S), `masked` above the diagonal, else 0. */
function causalMask(b: GraphBuilder, dtype: number, length: Dim): string {
  const full = b.filled(dtype, [length, length], masked);
  return b.add('Trilu', [full, b.constant(DataType.int64, [], [1])], { upper: int(1) });
}

function scaleOf(b: GraphBuilder, node: Node, query: string): number {
  const scale = floatOf(node, 'scale', 0);
  return scale === 0 ? 1 / Math.sqrt(Number(b.shape(query).at(-1))) : scale;
}

function refusePast(b: GraphBuilder, node: Node, past: string | undefined): void {
  if (past && b.shape(past)[2] !== 0) unsupported(node, 'a KV cache that is not empty');
}

/** com.microsoft.GroupQueryAttention -> [output (B, S, H * D), present key, present value]. */
export function groupQueryAttention(b: GraphBuilder, node: Node, inputs: readonly string[]) {
  const heads = intOf(node, 'num_heads', 0);
  const keyHeads = intOf(node, 'kv_num_heads', 0);
  for (const attribute of ['local_window_size', 'smooth_softmax', 'rotary_interleaved']) {
    refuse(node, attribute);
  }
  if (floatOf(node, 'softcap', 0) > 0) unsupported(node, 'softcap');
  if (inputs[11]) unsupported(node, 'an attention sink');
  refusePast(b, node, inputs[3]);
  const size = Number(b.shape(inputs[0]!).at(-1));
  const headSize = size / (inputs[1] ? heads : heads + 2 * keyHeads);
  const widths = [heads * headSize, keyHeads * headSize, keyHeads * headSize];
  const packed = inputs[1] ? inputs.slice(0, 3) : splitLast(b, inputs[0]!, widths);
  let query = splitHeads(b, packed[0]!, heads);
  let key = splitHeads(b, packed[1]!, keyHeads);
  const value = splitHeads(b, packed[2]!, keyHeads);
  const length = b.shape(query)[2]!;
  if (intOf(node, 'do_rotary', 0) !== 0) {
    if (!inputs[7] || !inputs[8]) unsupported(node, 'rotary embedding without caches');
    const at = (cache: string) =>
      inputs[9] ? rowsAt(b, cache, inputs[9]) : firstRows(b, cache, length);
    const [cos, sin] = [at(inputs[7]), at(inputs[8])];
    query = rotate(b, query, cos, sin);
    key = rotate(b, key, cos, sin);
  }
  b.warn(`${nodeLabel(node)} assumes positions from 0 and padding, if any, on the right`);
  const biases = [causalMask(b, b.info(query).dtype, length), ...(inputs[10] ? [inputs[10]] : [])];
  const scale = scaleOf(b, node, query);
  return [joinHeads(b, attend(b, { query, key, value, scale, biases })), key, value];
}

/** com.microsoft.MultiHeadAttention -> [output (B, S, H * D), present key, present value]. */
export function multiHeadAttention(b: GraphBuilder, node: Node, inputs: readonly string[]) {
  const heads = intOf(node, 'num_heads', 0);
  const [query, key, value, bias, paddingMask, attentionBias, pastKey] = inputs;
  if (!query || !key || !value || b.shape(key).length === 5)
    unsupported(node, 'packed query, key and value');
  refusePast(b, node, pastKey);
  const widths = [query, key, value].map((x) => b.shape(x).at(-1)!);
  const parts = bias ? splitLast(b, bias, widths) : [];
  const [q, k, v] = [query, key, value].map((x, i) =>
    splitHeads(b, parts[i] === undefined ? x : b.add('Add', [x, parts[i]]), heads),
  );
  const dtype = b.info(q!).dtype;
  const biases: string[] = attentionBias ? [attentionBias] : [];
  if (intOf(node, 'unidirectional', 0) !== 0) biases.push(causalMask(b, dtype, b.shape(q!)[2]!));
  if (paddingMask) {
    if (b.shape(paddingMask).length !== 2)
      unsupported(node, 'a key padding mask that is not (B, T)');
    const zeroOrOne = b.cast(b.add('Unsqueeze', [paddingMask, b.ints([1, 2])]), dtype);
    const missing = b.add('Sub', [b.scalar(dtype, 1), zeroOrOne]);
    const filter = floatOf(node, 'mask_filter_value', -10000);
    biases.push(b.add('Mul', [missing, b.scalar(dtype, filter)]));
  }
  const scale = scaleOf(b, node, q!);
  return [joinHeads(b, attend(b, { query: q!, key: k!, value: v!, scale, biases })), k!, v!];
}

/** RotaryEmbedding of com.microsoft (x, positions, cos, sin) and of ONNX 23 (x, cos, sin, positions). */
export function rotaryEmbedding(b: GraphBuilder, node: Node, inputs: readonly string[]) {
  refuse(node, 'interleaved');
  const contrib = node.domain === 'com.microsoft';
  const [x, positions, cosCache, sinCache] = contrib
    ? inputs
    : [inputs[0], inputs[3], inputs[1], inputs[2]];
  if (!x || !cosCache || !sinCache || !positions) unsupported(node, 'a form without position ids');
  const flat = b.shape(x).length === 3;
  const size = 2 * Number(b.shape(cosCache).at(-1));
  const heads = intOf(node, 'num_heads', 0) || Number(b.shape(x).at(-1)) / size;
  if (b.shape(positions).length !== 2) unsupported(node, 'a position offset');
  const [cos, sin] = [rowsAt(b, cosCache, positions), rowsAt(b, sinCache, positions)];
  const turned = rotate(b, splitHeads(b, x, heads), cos, sin);
  return [flat ? joinHeads(b, turned) : turned];
}
