// Writing a decoder's graph down, node by node, for the families that the project knows: where weights come from is
// the caller's business (a seed, or a file).

import { add, type Dim, symbol } from '../onnx/dim.ts';
import { type Attributes, type Graph, int, type Node, type Port } from '../onnx/graph.ts';
import { DataType, type Tensor, tensorOf } from '../onnx/tensor.ts';
import { initialWeight } from './initialWeights.ts';

/** How a fresh weight would be drawn. */
export interface Draw {
  /** Number of the tensor: its draws depend on the seed and on this. */
  readonly stream: number;
  readonly deviation: number;
  readonly mean: number;
}
/** A float32 tensor of these dims. */
export type WeightSource = (name: string, dims: readonly number[], draw: Draw) => Tensor;

/** Fresh weights: the same seed gives the same ones. */
export const fromSeed =
  (seed: number): WeightSource =>
  (_, dims, { stream, deviation, mean }) =>
    initialWeight(dims, seed, stream, deviation, mean);

const [batch, length, past] = ['batch_size', 'sequence_length', 'past_sequence_length'].map(symbol);
const total = add(past!, length!);
/** What a masked score gets added: far from any real score, and no infinity. */
const NEVER = -1e9;

/** Collects nodes and weights; every method returns the name of what it made. */
export class GraphWriter {
  readonly nodes: Node[] = [];
  readonly initializers = new Map<string, Tensor>();
  readonly #weights: WeightSource;

  constructor(weights: WeightSource) {
    this.#weights = weights;
  }

  node(op: string, inputs: readonly string[], output: string, attributes: Attributes = {}): string {
    this.many(op, inputs, [output], attributes);
    return output;
  }

  many(op: string, inputs: readonly string[], outputs: readonly string[], attributes: Attributes) {
    this.nodes.push({ name: `${outputs[0]}/${op}`, op, domain: '', inputs, outputs, attributes });
  }

  /** For a fresh model normal with this deviation, where 0 is `mean` everywhere. */
  weight(name: string, dims: readonly number[], deviation: number, mean = 0): string {
    const stream = this.initializers.size;
    this.initializers.set(name, this.#weights(name, dims, { stream, deviation, mean }));
    return name;
  }

  constant(name: string, dtype: number, dims: readonly number[], values: readonly number[]) {
    this.initializers.set(name, tensorOf(dtype, dims, values));
    return name;
  }
}

/** What is added to the scores, (B, 1, T, P + T): position i of the input sees keys up to P + i that are not padding. */
export function causalMask(w: GraphWriter): string {
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

/** What `causalMask` takes from `w`: these, and what `maskValues` writes. */
export function indexConstants(w: GraphWriter): void {
  for (const axis of [0, 1, 2]) w.constant(`axis.${axis}`, DataType.int64, [1], [axis]);
  w.constant('axes.1,2', DataType.int64, [2], [1, 2]);
  w.constant('index.0', DataType.int64, [], [0]);
  w.constant('index.1', DataType.int64, [], [1]);
}

export function maskValues(w: GraphWriter): void {
  w.constant('mask.open', DataType.float, [], [0]);
  w.constant('mask.closed', DataType.float, [], [NEVER]);
}

export interface DecoderShape {
  readonly layers: number;
  /** Heads that have keys, and the width of each. */
  readonly keyHeads: number;
  readonly headSize: number;
  readonly vocabulary: number;
}

/** The graph of a decoder with a KV cache around what `w` has gathered; its last value is `logits`. */
export function decoderPorts(
  w: GraphWriter,
  { layers, keyHeads, headSize, vocabulary }: DecoderShape,
  others: readonly Port[] = [positionsPort],
): Graph {
  const floats = (name: string, shape: readonly Dim[]) => ({ name, dtype: DataType.float, shape });
  const caches = (kind: string, positions: Dim) =>
    Array.from({ length: layers }, (_, layer) =>
      ['key', 'value'].map((what) =>
        floats(`${kind}.${layer}.${what}`, [batch!, keyHeads, positions, headSize]),
      ),
    ).flat();
  return {
    name: 'decoder',
    inputs: [
      { name: 'input_ids', dtype: DataType.int64, shape: [batch!, length!] },
      { name: 'attention_mask', dtype: DataType.int64, shape: [batch!, total] },
      ...others,
      ...caches('past_key_values', past!),
    ],
    outputs: [floats('logits', [batch!, length!, vocabulary]), ...caches('present', total)],
    initializers: w.initializers,
    nodes: w.nodes,
    values: new Map(),
    opsets: { '': 17 },
  };
}

export const positionsPort: Port = {
  name: 'position_ids',
  dtype: DataType.int64,
  shape: [batch!, length!],
};
