// Tiny decoders in the fused operators of ONNX Runtime, as its GenAI builder and its transformer optimiser write
// them, with random weights. No file of that kind is small enough to keep.

import { symbol } from '../../src/onnx/dim.ts';
import {
  type Attributes,
  float,
  type Graph,
  int,
  type Node,
  type Port,
} from '../../src/onnx/graph.ts';
import { DataType, type Tensor, tensorOf } from '../../src/onnx/tensor.ts';
import { type Feeds, floats, int64s, type Value } from './run.ts';

const [D, heads, keyHeads, size, vocabulary, maxLength] = [64, 4, 2, 16, 11, 12];
export const [B, T] = [2, 5];

/** Numbers in [-scale, scale] that never change. */
function noise(count: number, seed: number, scale: number): number[] {
  return Array.from(
    { length: count },
    (_, i) => scale * Math.sin(seed * 1000 + i * 78.233 + 0.3 * i * i),
  );
}

class Draft {
  readonly nodes: Node[] = [];
  readonly initializers = new Map<string, Tensor>();

  weight(name: string, dims: readonly number[], scale = 0.15, centre = 0): string {
    const count = dims.reduce((n, dim) => n * dim, 1);
    const values = noise(count, this.initializers.size + 1, scale).map((x) => x + centre);
    this.initializers.set(name, tensorOf(DataType.float, dims, values));
    return name;
  }

  /** Returns the first output; others are named `${output}.1`, ... if asked for. */
  node(
    op: string,
    inputs: readonly string[],
    output: string,
    attributes: Attributes = {},
    more: readonly string[] = [],
    domain = 'com.microsoft',
  ): string {
    this.nodes.push({
      name: `/${output}/${op}`,
      op,
      domain,
      inputs,
      outputs: [output, ...more],
      attributes,
    });
    return output;
  }

  linear(x: string, name: string, rows: number, columns: number): string {
    return this.node(
      'MatMul',
      [x, this.weight(`${name}.weight`, [rows, columns])],
      name,
      {},
      [],
      '',
    );
  }

  graph(inputs: readonly Port[]): Graph {
    const shape = [symbol('B'), symbol('T'), vocabulary];
    return {
      name: 'contrib',
      inputs,
      outputs: [{ name: 'logits', dtype: DataType.float, shape }],
      initializers: this.initializers,
      nodes: this.nodes,
      values: new Map(),
      opsets: { '': 17, 'com.microsoft': 1 },
    };
  }
}

function rotaryTables(draft: Draft): void {
  const angle = (i: number) => Math.floor(i / (size / 2)) / 100 ** ((i % (size / 2)) / (size / 2));
  const table = (f: (x: number) => number) =>
    tensorOf(
      DataType.float,
      [maxLength, size / 2],
      Array.from({ length: (maxLength * size) / 2 }, (_, i) => f(angle(i))),
    );
  draft.initializers.set('cos_cache', table(Math.cos));
  draft.initializers.set('sin_cache', table(Math.sin));
}

const BT = [symbol('B'), symbol('T')];
const idsPort: Port = { name: 'input_ids', dtype: DataType.int64, shape: BT };
const ids: Value = int64s(
  [B, T],
  Array.from({ length: B * T }, (_, i) => (i * 7 + 3) % vocabulary),
);

/** Llama as the GenAI builder writes it: RMSNorm, GroupQueryAttention with rotary embedding and cache, SwiGLU. */
export function genAi(packed: boolean): { graph: Graph; feeds: Feeds } {
  const d = new Draft();
  rotaryTables(d);
  const norm = { axis: int(-1), epsilon: float(1e-5) };
  const x = d.node(
    'Gather',
    [d.weight('embed', [vocabulary, D], 1), 'input_ids'],
    'x',
    { axis: int(0) },
    [],
    '',
  );
  const n1 = d.node(
    'SimplifiedLayerNormalization',
    [x, d.weight('n1.weight', [D], 0.2, 1)],
    'n1',
    norm,
    [],
    '',
  );
  const qkv = packed
    ? [d.linear(n1, 'qkv', D, (heads + 2 * keyHeads) * size), '', '']
    : [
        d.linear(n1, 'q', D, heads * size),
        d.linear(n1, 'k', D, keyHeads * size),
        d.linear(n1, 'v', D, keyHeads * size),
      ];
  const caches = ['past_key_values.0.key', 'past_key_values.0.value'];
  const attention = [...qkv, ...caches, 'seqlens_k', 'total_length', 'cos_cache', 'sin_cache'];
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
  const product = d.node('Mul', [gate, d.linear('n2', 'up', D, 20)], 'gated', {}, [], '');
  const down = d.linear(product, 'down', 20, D);
  d.node(
    'SkipSimplifiedLayerNormalization',
    ['residual', down, d.weight('n3.weight', [D], 0.2, 1)],
    'n3',
    { epsilon: float(1e-5) },
  );
  d.linear('n3', 'logits', D, vocabulary);
  const cacheShape = [symbol('B'), keyHeads, symbol('past_length'), size];
  const int32 = DataType.int32;
  const graph = d.graph([
    idsPort,
    { name: 'seqlens_k', dtype: int32, shape: [symbol('B')] },
    { name: 'total_length', dtype: int32, shape: [] },
    ...caches.map((name) => ({ name, dtype: DataType.float, shape: cacheShape })),
  ]);
  const empty = floats([B, keyHeads, 0, size], []);
  const feeds: Feeds = {
    input_ids: ids,
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
    d.node('Gather', [table, at], output, { axis: int(0) }, [], '');
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
  const sum = d.node('Add', ['r2', d.linear(mid, 'down', 24, D)], 'r3', {}, [], '');
  d.node(
    'SimplifiedLayerNormalization',
    [sum, d.weight('n3.weight', [D], 0.2, 1)],
    'n3',
    { axis: int(-1), epsilon: float(1e-5) },
    [],
    '',
  );
  d.linear('n3', 'logits', D, vocabulary);
  const graph = d.graph([idsPort, { name: 'position_ids', dtype: DataType.int64, shape: BT }]);
  const feeds: Feeds = {
    input_ids: ids,
    position_ids: int64s(
      [B, T],
      Array.from({ length: B * T }, (_, i) => i % T),
    ),
  };
  return { graph, feeds };
}
