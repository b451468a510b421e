// LoRA (Hu et al. 2021, arXiv:2106.09685): y = x W becomes y = x W + scale (x A) B with W frozen. A starts random,
// B at zero, so that the first step starts from the model as it is. Works on plain and on 4-bit matrices.

import { UserError } from '../core/errors.ts';
import type { GraphBuilder } from '../onnx/builder.ts';
import { type Graph, intOf, type Node } from '../onnx/graph.ts';
import type { Normalized } from '../onnx/normalize.ts';
import { lift, type Parameter } from '../onnx/parameters.ts';
import { replay, rewrite } from '../onnx/rewrite.ts';
import { DataType, float32Of, tensorOf } from '../onnx/tensor.ts';

export interface LoraOptions {
  /** Columns of A and rows of B. */
  readonly rank: number;
  /** scale = alpha / rank. */
  readonly alpha: number;
  /** Standard normal draws for A, by an index that counts over all adapters. */
  readonly normal: (index: number) => number;
  /** Which matrices get an adapter, by weight name; by default all but embeddings and a head tied to one. */
  readonly targets?: (weight: string) => boolean;
}

export interface Adapter {
  /** The frozen weight: (K, N), or (N, K) where `transposed`. */
  readonly weight: string;
  readonly transposed: boolean;
  /** (K, rank) */
  readonly a: Parameter;
  /** (rank, N) */
  readonly b: Parameter;
  readonly scale: number;
}

export interface WithLora {
  /** Inputs: the model's own, then A and B of every adapter; all other weights are initialisers. */
  readonly graph: Graph;
  readonly parameters: readonly Parameter[];
  readonly adapters: readonly Adapter[];
}

/** The weight matrix that a node multiplies by, behind a transpose or a Gemm flag. */
function weightOf(
  producers: ReadonlyMap<string, Node>,
  graph: Graph,
  node: Node,
): { readonly weight: string; readonly transposed: boolean } | undefined {
  const right = node.inputs[1];
  if (right === undefined || !['MatMul', 'Gemm', 'MatMulNBits'].includes(node.op)) return undefined;
  if (node.op === 'MatMulNBits') return { weight: right, transposed: true };
  if (node.op === 'Gemm' && intOf(node, 'transA', 0) !== 0) return undefined;
  const before = producers.get(right);
  const turned = before?.op === 'Transpose';
  const weight = turned ? before.inputs[0]! : right;
  const tensor = graph.initializers.get(weight);
  if (tensor?.dims.length !== 2 || tensor.dtype !== DataType.float) return undefined;
  const flag = node.op === 'Gemm' && intOf(node, 'transB', 0) !== 0;
  return { weight, transposed: turned !== flag };
}

/** Every parameter an initialiser again. */
function freeze({ graph, parameters }: Pick<Normalized, 'graph' | 'parameters'>): Graph {
  const names = new Set(parameters.map((parameter) => parameter.name));
  return {
    ...graph,
    inputs: graph.inputs.filter((port) => !names.has(port.name)),
    initializers: new Map([
      ...graph.initializers,
      ...parameters.map(({ name, tensor }) => [name, tensor] as const),
    ]),
  };
}

/** scale (x A) B, added to what the node computes. */
function adapt(b: GraphBuilder, node: Node, inputs: readonly string[], adapter: Adapter): string {
  const low = b.add('MatMul', [inputs[0]!, adapter.a.name]);
  const product = b.add('MatMul', [low, adapter.b.name]);
  const change = b.add('Mul', [product, b.scalarLike(product, adapter.scale)]);
  return b.add('Add', [replay(b, node, inputs)[0]!, change]);
}

/** Throws UserError 'onnx' if no matrix is chosen. */
export function injectLora(
  normalized: Pick<Normalized, 'graph' | 'parameters'>,
  options: LoraOptions,
): WithLora {
  const { rank, alpha, normal } = options;
  const frozen = freeze(normalized);
  const embeddings = new Set(
    frozen.nodes.filter((node) => node.op === 'Gather').map((node) => node.inputs[0]),
  );
  const chosen = options.targets ?? ((weight: string) => !embeddings.has(weight));
  const producers = new Map(frozen.nodes.flatMap((node) => node.outputs.map((o) => [o, node])));
  const adapters = new Map<Node, Adapter>();
  let drawn = 0;
  for (const node of frozen.nodes) {
    const found = weightOf(producers, frozen, node);
    if (found === undefined || !chosen(found.weight)) continue;
    const same = [...adapters.values()].find((adapter) => adapter.weight === found.weight);
    if (same !== undefined) {
      adapters.set(node, same);
      continue;
    }
    const k = Number(frozen.values.get(node.inputs[0]!)?.shape.at(-1));
    const n = Number(frozen.values.get(node.outputs[0]!)?.shape.at(-1));
    const parameter = (suffix: string, dims: readonly number[], values: readonly number[]) => ({
      name: `${found.weight}.lora_${suffix}`,
      dims,
      tensor: tensorOf(DataType.float, dims, values),
    });
    const first = Array.from({ length: k * rank }, () => normal(drawn++) / Math.sqrt(k));
    const a = parameter('A', [k, rank], first);
    const b = parameter('B', [rank, n], new Array<number>(rank * n).fill(0));
    adapters.set(node, { ...found, a, b, scale: alpha / rank });
  }
  if (adapters.size === 0) {
    throw new UserError(
      'onnx',
      'No weight matrix was found that LoRA could adapt.',
      'Choose other target names, or train the parameters themselves.',
    );
  }
  const unique = [...new Set(adapters.values())];
  const parameters = unique.flatMap(({ a, b }) => [a, b]);
  const withTensors: Graph = {
    ...frozen,
    initializers: new Map([
      ...frozen.initializers,
      ...parameters.map(({ name, tensor }) => [name, tensor] as const),
    ]),
  };
  const { graph } = rewrite(withTensors, (b, node, inputs) => {
    const adapter = adapters.get(node);
    return adapter === undefined ? undefined : [adapt(b, node, inputs, adapter)];
  });
  return {
    graph: lift(
      graph,
      parameters.map((p) => p.name),
    ),
    parameters,
    adapters: unique,
  };
}

/**
 * W + scale A B for every adapted float32 weight, for export as an ordinary model (see onnx/weights.ts).
 * `trained` holds A and B by parameter name.
 */
export function mergeLora(
  { parameters }: Pick<Normalized, 'parameters'>,
  adapters: readonly Adapter[],
  trained: ReadonlyMap<string, Float32Array<ArrayBuffer>>,
): Map<string, Float32Array<ArrayBuffer>> {
  const merged = new Map<string, Float32Array<ArrayBuffer>>();
  for (const { weight, transposed, a, b, scale } of adapters) {
    const parameter = parameters.find(({ name }) => name === weight);
    const [k = 0, rank = 0] = a.dims;
    const n = b.dims[1] ?? 0;
    const [first, second] = [trained.get(a.name), trained.get(b.name)];
    if (parameter === undefined || first === undefined || second === undefined) {
      throw new UserError(
        'onnx',
        `The adapter of '${weight}' cannot be merged into a float32 weight.`,
        'Export the adapter by itself, or start from the float32 export of the model.',
      );
    }
    const values = float32Of(parameter.tensor).slice();
    for (let row = 0; row < k; row++) {
      for (let column = 0; column < n; column++) {
        let change = 0;
        for (let r = 0; r < rank; r++) change += first[row * rank + r]! * second[r * n + column]!;
        values[transposed ? column * k + row : row * n + column]! += scale * change;
      }
    }
    merged.set(weight, values);
  }
  return merged;
}
