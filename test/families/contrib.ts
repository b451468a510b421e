// A Llama in the fused operators of ONNX Runtime, as its GenAI builder writes it: GroupQueryAttention with a cache,
// RotaryEmbedding apart or within, SkipSimplifiedLayerNormalization, and MatMulNBits where weights have 4 bits.

import {
  decoderPorts,
  GraphWriter,
  positionsPort,
  type WeightSource,
} from '../../src/models/graphWriter.ts';
import type { LlamaArchitecture } from '../../src/models/llamaGraph.ts';
import { type Attributes, float, type Graph, int } from '../../src/onnx/graph.ts';
import { DataType, float32Of, type Tensor, tensorOf } from '../../src/onnx/tensor.ts';

export interface ContribOptions {
  /** Positions are an input, and rotary embedding is a node of its own. */
  readonly positions: boolean;
  /** Weights of 4 bits in blocks of 16. */
  readonly int4: boolean;
}

const BLOCK = 16;
const MICROSOFT = 'com.microsoft';

class Writer extends GraphWriter {
  fused(op: string, inputs: readonly string[], outputs: readonly string[], attributes: Attributes) {
    const name = `/${outputs[0]}/${op}`;
    this.nodes.push({ name, op, domain: MICROSOFT, inputs, outputs, attributes });
    return outputs[0]!;
  }
}

/** W (out, in) as 4-bit numbers around 8, two to a byte, with one scale a block; the sign of the largest is kept. */
export function quantized(weight: Tensor): { packed: Tensor; scales: Tensor } {
  const [n = 0, k = 0] = weight.dims;
  const blocks = k / BLOCK;
  const values = float32Of(weight);
  const bytes = new Uint8Array((n * k) / 2);
  const scales = new Float32Array(n * blocks);
  for (let block = 0; block < scales.length; block++) {
    const own = values.subarray(block * BLOCK, (block + 1) * BLOCK);
    const largest = own.reduce((most, x) => (Math.abs(x) > Math.abs(most) ? x : most), 0);
    const scale = largest / -8 || 1;
    scales[block] = scale;
    own.forEach((x, i) => {
      const q = Math.min(15, Math.max(0, Math.round(x / scale) + 8));
      bytes[(block * BLOCK + i) >> 1]! |= i % 2 === 0 ? q : q << 4;
    });
  }
  return {
    packed: { dtype: DataType.uint8, dims: [n, blocks, BLOCK / 2], bytes },
    scales: { dtype: DataType.float, dims: [n * blocks], bytes: new Uint8Array(scales.buffer) },
  };
}

/** x W^T with W under PyTorch's name, as the builder lays it out: (in, out), or packed. */
function linear(
  w: Writer,
  x: string,
  path: string,
  from: number,
  to: number,
  int4: boolean,
): string {
  const key = w.weight(`${path}.weight`, [to, from], 1 / Math.sqrt(from));
  const tensor = w.initializers.get(key)!;
  w.initializers.delete(key);
  const output = `/${path.replaceAll('.', '/')}/MatMul_output`;
  const name = path.replace('self_attn', 'attn');
  if (int4) {
    const { packed, scales } = quantized(tensor);
    w.initializers.set(`${name}.MatMul.weight_Q4`, packed);
    w.initializers.set(`${name}.MatMul.weight_scales`, scales);
    const attributes = { K: int(from), N: int(to), bits: int(4), block_size: int(BLOCK) };
    const weights = [`${name}.MatMul.weight_Q4`, `${name}.MatMul.weight_scales`];
    return w.fused('MatMulNBits', [x, ...weights], [output], attributes);
  }
  const values = float32Of(tensor);
  const turned = Array.from(
    { length: to * from },
    (_, i) => values[(i % to) * from + Math.floor(i / to)]!,
  );
  w.initializers.set(`${name}.MatMul.weight`, tensorOf(DataType.float, [from, to], turned));
  return w.node('MatMul', [x, `${name}.MatMul.weight`], output);
}

function rotaryTables(w: Writer, { context, frequencies }: LlamaArchitecture): void {
  const half = frequencies.length;
  const table = (f: (angle: number) => number) =>
    Array.from({ length: context * half }, (_, i) =>
      f(Math.floor(i / half) * frequencies[i % half]!),
    );
  w.constant('cos_cache', DataType.float, [context, half], table(Math.cos));
  w.constant('sin_cache', DataType.float, [context, half], table(Math.sin));
}

/** How long each sequence is, from attention_mask (B, S), as the builder computes it. */
function lengths(w: Writer): void {
  w.constant('one', DataType.int64, [1], [1]);
  w.constant('axis', DataType.int64, [], [1]);
  const to = { to: int(DataType.int32) };
  const sum = w.node('ReduceSum', ['attention_mask', 'one'], 'mask.sum', { keepdims: int(1) });
  const last = w.node('Sub', [sum, 'one'], 'mask.last');
  w.node('Cast', [last], 'seqlens_k', to);
  const shape = w.node('Shape', ['attention_mask'], 'mask.shape');
  const total = w.node('Gather', [shape, 'axis'], 'mask.length', { axis: int(0) });
  w.node('Cast', [total], 'total_seq_len', to);
}

export function contribGraph(
  shape: LlamaArchitecture,
  weights: WeightSource,
  { positions, int4 }: ContribOptions,
): Graph {
  const { layers, width, heads, keyHeads, headSize, inner, vocabulary } = shape;
  const epsilon = { epsilon: float(shape.epsilon) };
  const w = new Writer(weights);
  const embedding = w.weight('model.embed_tokens.weight', [vocabulary, width], 0.5);
  rotaryTables(w, shape);
  lengths(w);
  const norm = (name: string) => w.weight(`${name}.weight`, [width], 0, 1);
  let x = w.node('Gather', [embedding, 'input_ids'], 'tokens', { axis: int(0) });
  let even = w.node(
    'SimplifiedLayerNormalization',
    [x, norm('model.layers.0.input_layernorm')],
    'n0',
    {
      ...epsilon,
      axis: int(-1),
    },
  );
  for (let layer = 0; layer < layers; layer++) {
    const path = `model.layers.${layer}`;
    const at = `${path}.self_attn`;
    const project = (part: string, count: number) =>
      linear(w, even, `${at}.${part}_proj`, width, count * headSize, int4);
    const rotary = (y: string, count: number) =>
      positions
        ? w.fused('RotaryEmbedding', [y, 'position_ids', 'cos_cache', 'sin_cache'], [`${y}.r`], {
            num_heads: int(count),
            rotary_embedding_dim: int(0),
          })
        : y;
    const q = rotary(project('q', heads), heads);
    const k = rotary(project('k', keyHeads), keyHeads);
    const caches = ['key', 'value'].map((what) => `past_key_values.${layer}.${what}`);
    const presents = ['key', 'value'].map((what) => `present.${layer}.${what}`);
    const tables = positions ? [] : ['cos_cache', 'sin_cache'];
    const attended = w.fused(
      'GroupQueryAttention',
      [q, k, project('v', keyHeads), ...caches, 'seqlens_k', 'total_seq_len', ...tables],
      [`${at}.out`, ...presents],
      { num_heads: int(heads), kv_num_heads: int(keyHeads), do_rotary: int(positions ? 0 : 1) },
    );
    const o = linear(w, attended, `${at}.o_proj`, heads * headSize, width, int4);
    const skip = (y: string, scale: string, name: string) =>
      w.fused(
        'SkipSimplifiedLayerNormalization',
        [x, y, scale],
        [name, '', '', `${name}.sum`],
        epsilon,
      );
    even = skip(o, norm(`${path}.post_attention_layernorm`), `${path}.middle`);
    x = `${path}.middle.sum`;
    const gate = linear(w, even, `${path}.mlp.gate_proj`, width, inner, int4);
    const silu = w.node('Mul', [gate, w.node('Sigmoid', [gate], `${path}.open`)], `${path}.silu`);
    const up = linear(w, even, `${path}.mlp.up_proj`, width, inner, int4);
    const gated = w.node('Mul', [silu, up], `${path}.gated`);
    const down = linear(w, gated, `${path}.mlp.down_proj`, inner, width, int4);
    const next = layer + 1 < layers ? `model.layers.${layer + 1}.input_layernorm` : 'model.norm';
    even = skip(down, norm(next), `${path}.end`);
    x = `${path}.end.sum`;
  }
  const logits = linear(w, even, 'lm_head', width, vocabulary, int4);
  const last = w.nodes.at(-1)!;
  w.nodes[w.nodes.length - 1] = { ...last, outputs: ['logits'] };
  if (last.outputs[0] !== logits) throw new Error('the head is not last');
  // The last norm's sum goes nowhere.
  const spare = w.nodes.findIndex((node) => node.outputs.includes(x));
  w.nodes[spare] = { ...w.nodes[spare]!, outputs: [w.nodes[spare]!.outputs[0]!] };
  const ports = decoderPorts(
    w,
    { layers, keyHeads, headSize, vocabulary },
    positions ? [positionsPort] : [],
  );
  return { ...ports, opsets: { '': 17, [MICROSOFT]: 1 } };
}
