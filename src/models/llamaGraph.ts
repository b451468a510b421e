// Llama, Qwen2 and what is built like them, written down: RMSNorm, rotary positions, grouped-query attention, SwiGLU;
// plain operators of set 17 with a KV cache, so that any runtime runs it and its gradients are known. Weights keep the
// names and the layout of the PyTorch model: `model.layers.0.self_attn.q_proj.weight`, as (out, in).

import { type Graph, int, ints } from '../onnx/graph.ts';
import { DataType } from '../onnx/tensor.ts';
import {
  causalMask,
  decoderPorts,
  GraphWriter,
  indexConstants,
  maskValues,
  type WeightSource,
} from './graphWriter.ts';

export interface LlamaArchitecture {
  readonly layers: number;
  readonly width: number;
  readonly heads: number;
  /** Divides `heads`. */
  readonly keyHeads: number;
  readonly headSize: number;
  /** Width of the MLP. */
  readonly inner: number;
  readonly context: number;
  readonly vocabulary: number;
  readonly epsilon: number;
  /** Radians per position of each pair of features, headSize / 2 of them. */
  readonly frequencies: readonly number[];
  /** Qwen2: queries, keys and values have biases. */
  readonly biases: boolean;
  /** Qwen3: queries and keys are normalised by head. */
  readonly headNorms: boolean;
  readonly tied: boolean;
}

/** theta^(-2 i / size), the frequencies of Su et al., "RoFormer" (2021), section 3.3. */
export const rotaryFrequencies = (size: number, theta: number): number[] =>
  Array.from({ length: size / 2 }, (_, i) => theta ** ((-2 * i) / size));

class Writer extends GraphWriter {
  readonly #epsilon: number;

  constructor(weights: WeightSource, epsilon: number) {
    super(weights);
    this.#epsilon = epsilon;
  }

  /** x / sqrt(mean(x^2) + epsilon), times the scale; in the operators that runtimes know to fuse. */
  norm(x: string, name: string, width: number): string {
    this.constant('two', DataType.float, [], [2]);
    this.constant('epsilon', DataType.float, [], [this.#epsilon]);
    const square = this.node('Pow', [x, 'two'], `${name}.square`);
    const mean = this.node('ReduceMean', [square], `${name}.mean`, {
      axes: ints([-1]),
      keepdims: int(1),
    });
    const safe = this.node('Add', [mean, 'epsilon'], `${name}.safe`);
    const root = this.node('Sqrt', [safe], `${name}.root`);
    const unit = this.node('Div', [x, root], `${name}.unit`);
    return this.node('Mul', [unit, this.weight(`${name}.weight`, [width], 0, 1)], `${name}.out`);
  }

  /** x W^T, W as (out, in), plus a bias if there is one. */
  linear(x: string, name: string, [from, to]: readonly [number, number], bias = false): string {
    const weight = this.weight(`${name}.weight`, [to, from], 1 / Math.sqrt(from));
    const turned = this.node('Transpose', [weight], `${name}.turned`, { perm: ints([1, 0]) });
    const product = this.node('MatMul', [x, turned], `${name}.${bias ? 'product' : 'out'}`);
    if (!bias) return product;
    return this.node('Add', [product, this.weight(`${name}.bias`, [to], 0.02)], `${name}.out`);
  }
}

function constants(w: Writer, shape: LlamaArchitecture): void {
  const { int64, float: float32 } = DataType;
  const { heads, keyHeads, headSize, frequencies } = shape;
  indexConstants(w);
  maskValues(w);
  // 0 keeps an axis; queries that share a key stand one below the other.
  w.constant('shape.queries', int64, [4], [0, 0, heads, headSize]);
  w.constant('shape.keys', int64, [4], [0, 0, keyHeads, headSize]);
  w.constant('shape.grouped', int64, [4], [0, keyHeads, -1, headSize]);
  w.constant('shape.scores', int64, [4], [0, heads, -1, 0]);
  w.constant('shape.groupedScores', int64, [4], [0, keyHeads, -1, 0]);
  w.constant('shape.mixed', int64, [4], [0, heads, -1, headSize]);
  w.constant('shape.state', int64, [3], [0, 0, heads * headSize]);
  w.constant('attention.scale', float32, [], [1 / Math.sqrt(headSize)]);
  w.constant('rotary.frequencies', float32, [1, 1, headSize / 2], frequencies);
}

/** cos and sin of position x frequency, (B, 1, T, headSize / 2). */
function angles(w: Writer): void {
  const places = w.node('Cast', ['position_ids'], 'rotary.positions', {
    to: int(DataType.float),
  });
  const column = w.node('Unsqueeze', [places, 'axis.2'], 'rotary.column');
  const angle = w.node('Mul', [column, 'rotary.frequencies'], 'rotary.angles');
  for (const [op, name] of [
    ['Cos', 'rotary.cos'],
    ['Sin', 'rotary.sin'],
  ] as const) {
    w.node('Unsqueeze', [w.node(op, [angle], `${name}.flat`), 'axis.1'], name);
  }
}

/** First half against second half, as Llama has it. */
function rotate(w: Writer, x: string): string {
  const [first, second] = [`${x}.first`, `${x}.second`];
  w.many('Split', [x], [first, second], { axis: int(3) });
  const mul = (a: string, b: 'cos' | 'sin') => w.node('Mul', [a, `rotary.${b}`], `${a}.${b}`);
  const left = w.node('Sub', [mul(first, 'cos'), mul(second, 'sin')], `${x}.left`);
  const right = w.node('Add', [mul(second, 'cos'), mul(first, 'sin')], `${x}.right`);
  return w.node('Concat', [left, right], `${x}.rotated`, { axis: int(3) });
}

function attention(w: Writer, x: string, layer: number, shape: LlamaArchitecture): string {
  const { width, heads, keyHeads, headSize, biases, headNorms } = shape;
  const name = `model.layers.${layer}.self_attn`;
  const split = (part: 'q' | 'k' | 'v', count: number) => {
    const all = w.linear(x, `${name}.${part}_proj`, [width, count * headSize], biases);
    const kind = part === 'q' ? 'queries' : 'keys';
    const apart = w.node('Reshape', [all, `shape.${kind}`], `${name}.${part}.apart`);
    const even =
      headNorms && part !== 'v' ? w.norm(apart, `${name}.${part}_norm`, headSize) : apart;
    return w.node('Transpose', [even], `${name}.${part}.heads`, { perm: ints([0, 2, 1, 3]) });
  };
  const remember = (now: string, what: 'key' | 'value') =>
    w.node('Concat', [`past_key_values.${layer}.${what}`, now], `present.${layer}.${what}`, {
      axis: int(2),
    });
  const query = rotate(w, split('q', heads));
  const keys = remember(rotate(w, split('k', keyHeads)), 'key');
  const values = remember(split('v', keyHeads), 'value');
  const scaled = w.node('Mul', [query, 'attention.scale'], `${name}.scaled`);
  const grouped = w.node('Reshape', [scaled, 'shape.grouped'], `${name}.grouped`);
  const turned = w.node('Transpose', [keys], `${name}.turned`, { perm: ints([0, 1, 3, 2]) });
  const products = w.node('MatMul', [grouped, turned], `${name}.products`);
  const scores = w.node('Reshape', [products, 'shape.scores'], `${name}.scores`);
  const masked = w.node('Add', [scores, 'mask'], `${name}.masked`);
  const weights = w.node('Softmax', [masked], `${name}.weights`, { axis: int(-1) });
  const together = w.node('Reshape', [weights, 'shape.groupedScores'], `${name}.together`);
  const mixed = w.node('MatMul', [together, values], `${name}.mixed`);
  const apart = w.node('Reshape', [mixed, 'shape.mixed'], `${name}.apart`);
  const back = w.node('Transpose', [apart], `${name}.back`, { perm: ints([0, 2, 1, 3]) });
  const joined = w.node('Reshape', [back, 'shape.state'], `${name}.joined`);
  return w.linear(joined, `${name}.o_proj`, [heads * headSize, width]);
}

/** down(silu(gate(x)) * up(x)) */
function mlp(w: Writer, x: string, layer: number, { width, inner }: LlamaArchitecture): string {
  const name = `model.layers.${layer}.mlp`;
  const gate = w.linear(x, `${name}.gate_proj`, [width, inner]);
  const open = w.node('Sigmoid', [gate], `${name}.open`);
  const silu = w.node('Mul', [gate, open], `${name}.silu`);
  const up = w.linear(x, `${name}.up_proj`, [width, inner]);
  const product = w.node('Mul', [silu, up], `${name}.product`);
  return w.linear(product, `${name}.down_proj`, [inner, width]);
}

export function llamaGraph(shape: LlamaArchitecture, weights: WeightSource): Graph {
  const { layers, width, keyHeads, headSize, vocabulary, tied, epsilon } = shape;
  const w = new Writer(weights, epsilon);
  const embedding = w.weight('model.embed_tokens.weight', [vocabulary, width], 0.5);
  constants(w, shape);
  causalMask(w);
  angles(w);
  let x = w.node('Gather', [embedding, 'input_ids'], 'tokens', { axis: int(0) });
  for (let layer = 0; layer < layers; layer++) {
    const name = `model.layers.${layer}`;
    const read = attention(w, w.norm(x, `${name}.input_layernorm`, width), layer, shape);
    const middle = w.node('Add', [x, read], `${name}.middle`);
    const even = w.norm(middle, `${name}.post_attention_layernorm`, width);
    x = w.node('Add', [middle, mlp(w, even, layer, shape)], `${name}.out`);
  }
  const state = w.norm(x, 'model.norm', width);
  const table = tied ? embedding : w.weight('lm_head.weight', [vocabulary, width], 0.2);
  const head = w.node('Transpose', [table], 'head', { perm: ints([1, 0]) });
  w.node('MatMul', [state, head], 'logits');
  return decoderPorts(w, { layers, keyHeads, headSize, vocabulary });
}
