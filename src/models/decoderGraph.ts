// Our own decoders, written down: a GPT-2 of any size as an ONNX graph with a KV cache, from a seed. Nothing is
// exported from anywhere, so a built-in checkpoint is a recipe and a number, and the graph is as small as it can
// be read: about thirty nodes a layer, no shape arithmetic but the causal mask's.

import { add, type Dim, symbol } from '../onnx/dim.ts';
import { type Attributes, float, type Graph, int, ints, type Node } from '../onnx/graph.ts';
import { DataType, type Tensor, tensorOf } from '../onnx/tensor.ts';
import { initialWeight } from './initialWeights.ts';

export interface Architecture {
  readonly layers: number;
  /** Elements of one position's state; a multiple of `heads`. */
  readonly width: number;
  readonly heads: number;
  /** Largest number of tokens a sequence may have; positions are learned. */
  readonly context: number;
  readonly vocabulary: number;
}

const [batch, length, past] = ['batch_size', 'sequence_length', 'past_sequence_length'].map(symbol);
const total = add(past!, length!);
/** What a masked score gets added: far from any real score, and no infinity. */
const NEVER = -1e9;
const EPSILON = 1e-5;

/** Collects nodes and weights; every method returns the name of what it made. */
class Writer {
  readonly nodes: Node[] = [];
  readonly initializers = new Map<string, Tensor>();
  readonly #seed: number;

  constructor(seed: number) {
    this.#seed = seed;
  }

  node(op: string, inputs: readonly string[], output: string, attributes: Attributes = {}): string {
    this.many(op, inputs, [output], attributes);
    return output;
  }

  many(op: string, inputs: readonly string[], outputs: readonly string[], attributes: Attributes) {
    this.nodes.push({ name: `${outputs[0]}/${op}`, op, domain: '', inputs, outputs, attributes });
  }

  /** Normal with this deviation; 0 is all zeros. Its draws depend on the seed and on how many came before. */
  weight(name: string, dims: readonly number[], deviation: number, mean = 0): string {
    const stream = this.initializers.size;
    this.initializers.set(name, initialWeight(dims, this.#seed, stream, deviation, mean));
    return name;
  }

  constant(name: string, dtype: number, dims: readonly number[], values: readonly number[]) {
    this.initializers.set(name, tensorOf(dtype, dims, values));
    return name;
  }

  norm(x: string, name: string, width: number): string {
    const scale = this.weight(`${name}.weight`, [width], 0, 1);
    const bias = this.weight(`${name}.bias`, [width], 0);
    const attributes = { axis: int(-1), epsilon: float(EPSILON) };
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

function constants(w: Writer, { heads, width }: Architecture): void {
  const { int64, float: float32 } = DataType;
  const size = width / heads;
  for (const axis of [0, 1, 2]) w.constant(`axis.${axis}`, int64, [1], [axis]);
  w.constant('axes.1,2', int64, [2], [1, 2]);
  w.constant('index.0', int64, [], [0]);
  w.constant('index.1', int64, [], [1]);
  w.constant('shape.heads', int64, [4], [0, 0, heads, size]);
  w.constant('shape.state', int64, [3], [0, 0, width]);
  w.constant('attention.scale', float32, [], [1 / Math.sqrt(size)]);
  w.constant('mask.open', float32, [], [0]);
  w.constant('mask.closed', float32, [], [NEVER]);
  w.constant('gelu.bend', float32, [], [0.044715]);
  w.constant('gelu.slope', float32, [], [Math.sqrt(2 / Math.PI)]);
  w.constant('one', float32, [], [1]);
  w.constant('half', float32, [], [0.5]);
}

/** What is added to the scores, (B, 1, T, P + T): position i of the input sees keys up to P + i that are not padding. */
function mask(w: Writer): string {
  const size = (of: string, name: string) => {
    const shape = w.node('Shape', [of], `${name}.shape`);
    return w.node('Gather', [shape, 'index.1'], name, { axis: int(0) });
  };
  const keys = size('attention_mask', 'mask.keys');
  const queries = size('input_ids', 'mask.queries');
  const first = w.node('Sub', [keys, queries], 'mask.past');
  const columns = w.node('Range', ['index.0', keys, 'index.1'], 'mask.columns');
  const rows = w.node('Range', [first, keys, 'index.1'], 'mask.rows');
  const row = w.node('Unsqueeze', [rows, 'axis.1'], 'mask.row');
  const column = w.node('Unsqueeze', [columns, 'axis.0'], 'mask.column');
  const causal = w.node('LessOrEqual', [column, row], 'mask.causal');
  const padding = w.node('Unsqueeze', ['attention_mask', 'axes.1,2'], 'mask.padding');
  const real = w.node('Greater', [padding, 'index.0'], 'mask.real');
  const open = w.node('And', [causal, real], 'mask.seen');
  return w.node('Where', [open, 'mask.open', 'mask.closed'], 'mask');
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

function block(w: Writer, x: string, layer: number, shape: Architecture): string {
  const { width, layers } = shape;
  const name = `h.${layer}`;
  const attended = attention(w, w.norm(x, `${name}.ln_1`, width), layer, shape);
  const middle = w.node('Add', [x, attended], `${name}.middle`);
  const up = w.linear(w.norm(middle, `${name}.ln_2`, width), `${name}.mlp.c_fc`, [
    width,
    4 * width,
  ]);
  const scale = 1 / Math.sqrt(2 * layers);
  const down = w.linear(
    w.gelu(up, `${name}.mlp.gelu`),
    `${name}.mlp.c_proj`,
    [4 * width, width],
    scale,
  );
  return w.node('Add', [middle, down], `${name}.out`);
}

/**
 * A fresh decoder: pre-norm blocks, learned positions, head tied to the embedding, float32, operator set 17.
 * Weights are N(0, 1 / in), embeddings N(0, 0.02^2), and what is added to the residual stream is scaled by
 * 1 / sqrt(2 layers) (GPT-2). The same seed gives the same weights.
 */
export function decoderGraph(shape: Architecture, seed: number): Graph {
  const { layers, width, heads, context, vocabulary } = shape;
  if (!Number.isInteger(width / heads)) {
    throw new Error(`decoderGraph: width ${width} is no multiple of ${heads} heads`);
  }
  const w = new Writer(seed);
  const embedding = w.weight('wte.weight', [vocabulary, width], 0.02);
  const positions = w.weight('wpe.weight', [context, width], 0.02);
  constants(w, shape);
  mask(w);
  const tokens = w.node('Gather', [embedding, 'input_ids'], 'tokens', { axis: int(0) });
  const places = w.node('Gather', [positions, 'position_ids'], 'places', { axis: int(0) });
  let x = w.node('Add', [tokens, places], 'embedded');
  for (let layer = 0; layer < layers; layer++) x = block(w, x, layer, shape);
  const state = w.norm(x, 'ln_f', width);
  const head = w.node('Transpose', [embedding], 'head', { perm: ints([1, 0]) });
  w.node('MatMul', [state, head], 'logits');

  const ids = (name: string, shape: readonly Dim[]) => ({ name, dtype: DataType.int64, shape });
  const floats = (name: string, shape: readonly Dim[]) => ({ name, dtype: DataType.float, shape });
  const caches = (kind: string, positions: Dim) =>
    Array.from({ length: layers }, (_, layer) =>
      ['key', 'value'].map((what) =>
        floats(`${kind}.${layer}.${what}`, [batch!, heads, positions, width / heads]),
      ),
    ).flat();
  return {
    name: 'decoder',
    inputs: [
      ids('input_ids', [batch!, length!]),
      ids('attention_mask', [batch!, total]),
      ids('position_ids', [batch!, length!]),
      ...caches('past_key_values', past!),
    ],
    outputs: [floats('logits', [batch!, length!, vocabulary]), ...caches('present', total)],
    initializers: w.initializers,
    nodes: w.nodes,
    values: new Map(),
    opsets: { '': 17 },
  };
}
