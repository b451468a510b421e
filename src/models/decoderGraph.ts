// GPT-2 written down: one of any size as an ONNX graph with a KV cache, with weights from a seed (our own decoders: a
// built-in checkpoint is a recipe and a number) or from a file (safetensors). The graph is as small as it can be read: about thirty nodes a layer, no shape arithmetic but the causal mask's.

import { float, type Graph, int, ints } from '../onnx/graph.ts';
import { DataType } from '../onnx/tensor.ts';
import {
  causalMask,
  decoderPorts,
  fromSeed,
  GraphWriter,
  indexConstants,
  maskValues,
  type WeightSource,
} from './graphWriter.ts';

export interface Architecture {
  readonly layers: number;
  /** Elements of one position's state; a multiple of `heads`. */
  readonly width: number;
  readonly heads: number;
  /** Largest number of tokens a sequence may have; positions are learned. */
  readonly context: number;
  readonly vocabulary: number;
}

const EPSILON = 1e-5;

/** What of a GPT-2 is not in its shape. */
export interface Gpt2Options {
  readonly weights: WeightSource;
  readonly epsilon?: number;
  /** Width of the MLP; four times that of the state where it is not given. */
  readonly inner?: number;
  /** The head has a matrix of its own instead of the embedding's. */
  readonly ownHead?: boolean;
  /** Divides the scores by sqrt(head size), as all but a few do. */
  readonly scaled?: boolean;
}

class Writer extends GraphWriter {
  readonly #epsilon: number;

  constructor(weights: WeightSource, epsilon: number) {
    super(weights);
    this.#epsilon = epsilon;
  }

  norm(x: string, name: string, width: number): string {
    const scale = this.weight(`${name}.weight`, [width], 0, 1);
    const bias = this.weight(`${name}.bias`, [width], 0);
    const attributes = { axis: int(-1), epsilon: float(this.#epsilon) };
    return this.node('LayerNormalization', [x, scale, bias], `${name}.out`, attributes);
  }

  /** x W + b, W as (in, out), with 1 / sqrt(in) as the weights' deviation, times `scale`. */
  linear(x: string, name: string, dims: readonly [number, number], scale = 1): string {
    const weight = this.weight(`${name}.weight`, dims, scale / Math.sqrt(dims[0]));
    const product = this.node('MatMul', [x, weight], `${name}.product`);
    return this.node('Add', [product, this.weight(`${name}.bias`, [dims[1]], 0)], `${name}.out`);
  }

  /** 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))), as GPT-2 has it. */
  gelu(x: string, name: string): string {
    const square = this.node('Mul', [x, x], `${name}.square`);
    const cube = this.node('Mul', [square, x], `${name}.cube`);
    const bent = this.node('Mul', [cube, 'gelu.bend'], `${name}.bent`);
    const inner = this.node('Add', [x, bent], `${name}.inner`);
    const scaled = this.node('Mul', [inner, 'gelu.slope'], `${name}.scaled`);
    const tanh = this.node('Tanh', [scaled], `${name}.tanh`);
    const gate = this.node('Add', [tanh, 'one'], `${name}.gate`);
    const gated = this.node('Mul', [x, gate], `${name}.gated`);
    return this.node('Mul', [gated, 'half'], `${name}.out`);
  }
}

function constants(w: Writer, { heads, width }: Architecture, scaled: boolean): void {
  const { int64, float: float32 } = DataType;
  const size = width / heads;
  indexConstants(w);
  w.constant('shape.heads', int64, [4], [0, 0, heads, size]);
  w.constant('shape.state', int64, [3], [0, 0, width]);
  w.constant('attention.scale', float32, [], [scaled ? 1 / Math.sqrt(size) : 1]);
  maskValues(w);
  w.constant('gelu.bend', float32, [], [0.044715]);
  w.constant('gelu.slope', float32, [], [Math.sqrt(2 / Math.PI)]);
  w.constant('one', float32, [], [1]);
  w.constant('half', float32, [], [0.5]);
}

function attention(w: Writer, x: string, layer: number, shape: Architecture): string {
  const name = `h.${layer}.attn`;
  const { width, layers } = shape;
  const qkv = w.linear(x, `${name}.c_attn`, [width, 3 * width]);
  const parts = ['q', 'k', 'v'].map((part) => `${name}.${part}`);
  w.many('Split', [qkv], parts, { axis: int(2) });
  const [q, k, v] = parts.map((part) => {
    const split = w.node('Reshape', [part, 'shape.heads'], `${part}.split`);
    return w.node('Transpose', [split], `${part}.heads`, { perm: ints([0, 2, 1, 3]) });
  });
  const remember = (now: string, what: 'key' | 'value') =>
    w.node('Concat', [`past_key_values.${layer}.${what}`, now], `present.${layer}.${what}`, {
      axis: int(2),
    });
  const keys = remember(k!, 'key');
  const values = remember(v!, 'value');
  const query = w.node('Mul', [q!, 'attention.scale'], `${name}.query`);
  const turned = w.node('Transpose', [keys], `${name}.turned`, { perm: ints([0, 1, 3, 2]) });
  const scores = w.node('MatMul', [query, turned], `${name}.scores`);
  const masked = w.node('Add', [scores, 'mask'], `${name}.masked`);
  const weights = w.node('Softmax', [masked], `${name}.weights`, { axis: int(-1) });
  const mixed = w.node('MatMul', [weights, values], `${name}.mixed`);
  const back = w.node('Transpose', [mixed], `${name}.back`, { perm: ints([0, 2, 1, 3]) });
  const joined = w.node('Reshape', [back, 'shape.state'], `${name}.joined`);
  return w.linear(joined, `${name}.c_proj`, [width, width], 1 / Math.sqrt(2 * layers));
}

function block(w: Writer, x: string, layer: number, shape: Architecture, inner: number): string {
  const { width, layers } = shape;
  const name = `h.${layer}`;
  const attended = attention(w, w.norm(x, `${name}.ln_1`, width), layer, shape);
  const middle = w.node('Add', [x, attended], `${name}.middle`);
  const up = w.linear(w.norm(middle, `${name}.ln_2`, width), `${name}.mlp.c_fc`, [width, inner]);
  const scale = 1 / Math.sqrt(2 * layers);
  const down = w.linear(
    w.gelu(up, `${name}.mlp.gelu`),
    `${name}.mlp.c_proj`,
    [inner, width],
    scale,
  );
  return w.node('Add', [middle, down], `${name}.out`);
}

/**
 * A fresh decoder: pre-norm blocks, learned positions, head tied to the embedding, float32, operator set 17.
 * Weights are N(0, 1 / in), embeddings N(0, 0.02^2), and what is added to the residual stream is scaled by
 * 1 / sqrt(2 layers) (GPT-2). The same seed gives the same weights.
 */
export const decoderGraph = (shape: Architecture, seed: number): Graph =>
  gpt2Graph(shape, { weights: fromSeed(seed) });

/** A GPT-2 with weights from anywhere, under the names that they have there: `h.0.attn.c_attn.weight`, as (in, out). */
export function gpt2Graph(shape: Architecture, options: Gpt2Options): Graph {
  const { layers, width, heads, context, vocabulary } = shape;
  if (!Number.isInteger(width / heads)) {
    throw new Error(`decoderGraph: width ${width} is no multiple of ${heads} heads`);
  }
  const w = new Writer(options.weights, options.epsilon ?? EPSILON);
  const embedding = w.weight('wte.weight', [vocabulary, width], 0.02);
  const positions = w.weight('wpe.weight', [context, width], 0.02);
  constants(w, shape, options.scaled ?? true);
  causalMask(w);
  const tokens = w.node('Gather', [embedding, 'input_ids'], 'tokens', { axis: int(0) });
  const places = w.node('Gather', [positions, 'position_ids'], 'places', { axis: int(0) });
  let x = w.node('Add', [tokens, places], 'embedded');
  const inner = options.inner ?? 4 * width;
  for (let layer = 0; layer < layers; layer++) x = block(w, x, layer, shape, inner);
  const state = w.norm(x, 'ln_f', width);
  const table = options.ownHead ? w.weight('lm_head.weight', [vocabulary, width], 0.02) : embedding;
  const head = w.node('Transpose', [table], 'head', { perm: ints([1, 0]) });
  w.node('MatMul', [state, head], 'logits');
  return decoderPorts(w, { layers, keyHeads: heads, headSize: width / heads, vocabulary });
}
