// Tiny decoders in the fused operators of ONNX Runtime, as its GenAI builder and its transformer optimiser write
// them, with random weights. No file of that kind is small enough to keep.

import { symbol } from '../../src/onnx/dim.ts';
import { float, type Graph, int, text } from '../../src/onnx/graph.ts';
import { DataType, tensorOf } from '../../src/onnx/tensor.ts';
import {
  B,
  D,
  Draft,
  heads,
  ids,
  idsPort,
  keyHeads,
  maxLength,
  positions,
  positionsPort,
  rotaryTables,
  size,
  T,
  vocabulary,
} from './draft.ts';
import { type Feeds, floats, int64s } from './run.ts';

/** seqlens_k and total_length as the GenAI builder computes them from attention_mask (B, S). */
function lengthsFromMask(d: Draft): void {
  const one = tensorOf(DataType.int64, [1], [1]);
  d.initializers.set('one', one);
  d.initializers.set('axis', tensorOf(DataType.int64, [], [1]));
  const to = { to: int(DataType.int32) };
  d.nodes.unshift(
    ...new Draft().with((first) => {
      first.plain('ReduceSum', ['attention_mask', 'one'], 'mask.sum', { keepdims: int(0) });
      first.plain('Sub', ['mask.sum', 'one'], 'mask.last');
      first.plain('Cast', ['mask.last'], 'seqlens_k', to);
      first.plain('Shape', ['attention_mask'], 'mask.shape');
      first.plain('Gather', ['mask.shape', 'axis'], 'mask.length', { axis: int(0) });
      first.plain('Cast', ['mask.length'], 'total_length', to);
    }),
  );
}

/** Llama as the GenAI builder writes it: RMSNorm, GroupQueryAttention with rotary embedding and cache, SwiGLU. */
export function genAi(form: 'packed' | 'apart' | 'positions'): { graph: Graph; feeds: Feeds } {
  const d = new Draft();
  rotaryTables(d);
  const norm = { axis: int(-1), epsilon: float(1e-5) };
  const x = d.plain('Gather', [d.weight('embed', [vocabulary, D], 1), 'input_ids'], 'x', {
    axis: int(0),
  });
  const n1 = d.plain(
    'SimplifiedLayerNormalization',
    [x, d.weight('n1.weight', [D], 0.2, 1)],
    'n1',
    norm,
  );
  const qkv =
    form === 'packed'
      ? [d.linear(n1, 'qkv', D, (heads + 2 * keyHeads) * size), '', '']
      : [
          d.linear(n1, 'q', D, heads * size),
          d.linear(n1, 'k', D, keyHeads * size),
          d.linear(n1, 'v', D, keyHeads * size),
        ];
  const caches = ['past_key_values.0.key', 'past_key_values.0.value'];
  const attention = [...qkv, ...caches, 'seqlens_k', 'total_length', 'cos_cache', 'sin_cache'];
  if (form === 'positions') attention.push('position_ids');
  d.node(
    'GroupQueryAttention',
    attention,
    'a',
    { num_heads: int(heads), kv_num_heads: int(keyHeads), do_rotary: int(1) },
    ['present.0.key', 'present.0.value'],
  );
  const o = d.linear('a', 'o', heads * size, D);
  d.node(
    'SkipSimplifiedLayerNormalization',
    [x, o, d.weight('n2.weight', [D], 0.2, 1)],
    'n2',
    { epsilon: float(1e-5) },
    ['', '', 'residual'],
  );
  const gate = d.node('QuickGelu', [d.linear('n2', 'gate', D, 20)], 'act', { alpha: float(1) });
  const product = d.plain('Mul', [gate, d.linear('n2', 'up', D, 20)], 'gated', {});
  const down = d.linear(product, 'down', 20, D);
  d.node(
    'SkipSimplifiedLayerNormalization',
    ['residual', down, d.weight('n3.weight', [D], 0.2, 1)],
    'n3',
    { epsilon: float(1e-5) },
  );
  d.linear('n3', 'logits', D, vocabulary);
  if (form === 'apart') lengthsFromMask(d);
  const cacheShape = [symbol('B'), keyHeads, symbol('past_length'), size];
  const int32 = DataType.int32;
  const graph = d.graph([
    idsPort,
    ...(form === 'positions' ? [positionsPort] : []),
    ...(form === 'apart'
      ? [{ name: 'attention_mask', dtype: DataType.int64, shape: [symbol('B'), symbol('S')] }]
      : [
          { name: 'seqlens_k', dtype: int32, shape: [symbol('B')] },
          { name: 'total_length', dtype: int32, shape: [] },
        ]),
    ...caches.map((name) => ({ name, dtype: DataType.float, shape: cacheShape })),
  ]);
  const empty = floats([B, keyHeads, 0, size], []);
  const feeds: Feeds = {
    input_ids: ids,
    position_ids: positions,
    attention_mask: int64s([B, T], new Array<number>(B * T).fill(1)),
    seqlens_k: { dims: [B], data: Int32Array.from([T - 1, T - 1]) },
    total_length: { dims: [], data: Int32Array.from([T]) },
    'past_key_values.0.key': empty,
    'past_key_values.0.value': empty,
  };
  return { graph, feeds };
}

/** GPT as the transformer optimiser writes it: MultiHeadAttention, Skip norms with bias, BiasGelu and FastGelu. */
export function optimized(): { graph: Graph; feeds: Feeds } {
  const d = new Draft();
  rotaryTables(d);
  const gather = (table: string, at: string, output: string) =>
    d.plain('Gather', [table, at], output, { axis: int(0) });
  const tokens = gather(d.weight('wte', [vocabulary, D], 1), 'input_ids', 'tokens');
  const places = gather(d.weight('wpe', [maxLength, D], 1), 'position_ids', 'places');
  const skip = [
    tokens,
    places,
    d.weight('n1.weight', [D], 0.2, 1),
    d.weight('n1.bias', [D]),
    d.weight('embed.bias', [D]),
  ];
  d.node('SkipLayerNormalization', skip, 'n1', { epsilon: float(1e-5) }, ['', '', 'r1']);
  const rotary = (x: string) =>
    d.node('RotaryEmbedding', [x, 'position_ids', 'cos_cache', 'sin_cache'], `${x}.r`, {
      num_heads: int(heads),
      rotary_embedding_dim: int(0),
    });
  const [q, k] = [rotary(d.linear('n1', 'q', D, D)), rotary(d.linear('n1', 'k', D, D))];
  const v = d.linear('n1', 'v', D, D);
  d.node('MultiHeadAttention', [q, k, v, d.weight('qkv.bias', [3 * D])], 'a', {
    num_heads: int(heads),
    unidirectional: int(1),
    scale: float(0.4),
  });
  const o = d.linear('a', 'o', D, D);
  const rms = [
    d.node(
      'SkipLayerNormalization',
      ['r1', o, d.weight('n2.weight', [D], 0.2, 1), d.weight('n2.bias', [D])],
      'n2',
      { epsilon: float(1e-5) },
      ['', '', 'r2'],
    ),
  ];
  const up = d.node('BiasGelu', [d.linear(rms[0]!, 'up', D, 24), d.weight('up.bias', [24])], 'act');
  const mid = d.node('FastGelu', [d.linear(up, 'mid', 24, 24), d.weight('mid.bias', [24])], 'act2');
  const sum = d.plain('Add', ['r2', d.linear(mid, 'down', 24, D)], 'r3', {});
  d.plain('SimplifiedLayerNormalization', [sum, d.weight('n3.weight', [D], 0.2, 1)], 'n3', {
    axis: int(-1),
    epsilon: float(1e-5),
  });
  d.linear('n3', 'logits', D, vocabulary);
  const graph = d.graph([idsPort, positionsPort]);
  return { graph, feeds: { input_ids: ids, position_ids: positions } };
}

/** Operators of ONNX 23 and short forms that other exporters write. */
export function modern(): { graph: Graph; feeds: Feeds } {
  const d = new Draft();
  rotaryTables(d);
  const x = d.plain('Gather', [d.weight('embed', [vocabulary, D], 1), 'input_ids'], 'x', {
    axis: int(0),
  });
  const epsilon = { epsilon: float(1e-5) };
  const n1 = d.plain('RMSNormalization', [x, d.weight('n1.weight', [D], 0.2, 1)], 'n1', epsilon);
  const rotary = ['cos_cache', 'sin_cache', 'position_ids'];
  const r = d.plain('RotaryEmbedding', [n1, ...rotary], 'r', { num_heads: int(heads) });
  const head = d.weight('o.weight', [D, D]);
  d.node('FusedMatMul', [r, head], 'o', { transB: int(1), alpha: float(0.5) });
  const sum = d.plain('Sum', [x, 'o', d.weight('bias', [D])], 'sum');
  const mean = d.plain('Mean', [sum, x], 'mean');
  const kept = d.plain('Dropout', [mean], 'kept');
  const gelu = d.plain('Gelu', [kept], 'gelu', { approximate: text('tanh') });
  const squares = d.plain('ReduceSumSquare', [gelu, 'axes'], 'squares', { keepdims: int(1) });
  d.initializers.set('axes', tensorOf(DataType.int64, [1], [-1]));
  const scaled = d.plain('Div', [gelu, d.plain('Sqrt', [squares], 'length')], 'unit');
  d.linear(scaled, 'logits', D, vocabulary);
  const graph = d.graph([idsPort, positionsPort], 23);
  return { graph, feeds: { input_ids: ids, position_ids: positions } };
}
