// From a decoder as exported to a graph that can be trained: symbols bound, shape computations folded, fused
// operators taken apart where they have no gradient and put together where an exporter took them apart, weights
// found and made inputs, the KV cache gone.

import { UserError } from '../core/errors.ts';
import type { GraphBuilder } from './builder.ts';
import { addTensor, decompose } from './decompose.ts';
import { bind, type Dim } from './dim.ts';
import { fuse } from './fuse.ts';
import { type Graph, liveNodes, type Node } from './graph.ts';
import { isComposite, isOperator, unknownOperator } from './operators.ts';
import { findParameters, lift, type Parameter, refuseNarrowWeights } from './parameters.ts';
import { rewrite } from './rewrite.ts';
import { isCache, trainingBindings } from './roles.ts';
import { splitTiles } from './splitTiles.ts';
import { isFloat } from './tensor.ts';
import { findTies, type Tie } from './ties.ts';
import { checkOpset, refuseExtraOutput, upgrade } from './upgrade.ts';

export interface NormalizeOptions {
  /** Fixes symbols, e.g. { batch_size: 32, sequence_length: 64 }; by default they stay open. */
  readonly bindings?: Readonly<Record<string, Dim>>;
  /** Outputs to keep; by default 'logits', else the first. */
  readonly outputs?: readonly string[];
  /** Overrules by name which initialisers are trained. */
  readonly trainable?: (name: string) => boolean | undefined;
}

export interface Normalized {
  /** Inputs: the model's own (no cache), then the parameters. Outputs: those kept. */
  readonly graph: Graph;
  readonly parameters: readonly Parameter[];
  /** Copies that the file holds of a parameter, by the copy's name. */
  readonly ties: ReadonlyMap<string, Tie>;
  /** Assumptions about symbols that the graph rests on. */
  readonly warnings: readonly string[];
}

function keptOutputs(graph: Graph, wanted: readonly string[] | undefined): string[] {
  const names = graph.outputs.map((port) => port.name);
  const chosen = wanted ?? [names.includes('logits') ? 'logits' : (names[0] ?? '')];
  const missing = chosen.find((name) => !names.includes(name));
  if (missing === undefined) return [...chosen];
  throw new UserError(
    'onnx',
    `The model has no output '${missing}'; it has ${names.map((name) => `'${name}'`).join(', ') || 'none'}.`,
    'Choose one of its outputs, or export a decoder with a language-model head.',
  );
}

function bindGraph(
  graph: Graph,
  bindings: Readonly<Record<string, Dim>>,
  outputs: readonly string[],
) {
  return {
    ...graph,
    inputs: graph.inputs.map((port) => ({
      ...port,
      shape: port.shape.map((dim) => bind(dim, bindings)),
    })),
    outputs: graph.outputs.filter((port) => outputs.includes(port.name)),
    nodes: liveNodes(graph.nodes, outputs),
  };
}

/** Identity(initialiser): torch merges weights of equal value; each becomes its own again. */
function untie(b: GraphBuilder, graph: Graph, node: Node): string | undefined {
  const tensor = node.op === 'Identity' ? graph.initializers.get(node.inputs[0]!) : undefined;
  return tensor === undefined || !isFloat(tensor.dtype)
    ? undefined
    : addTensor(b, node.outputs[0]!, tensor);
}

function translate(
  b: GraphBuilder,
  node: Node,
  inputs: readonly string[],
  used: ReadonlySet<string>,
): readonly string[] {
  const keep = (values: readonly (string | undefined)[]) =>
    node.outputs.map((output, i) => {
      const value = values[i];
      if (value !== undefined) return fuse(b, value) ?? value;
      return output !== '' && used.has(output) ? refuseExtraOutput(node, i) : '';
    });
  if (isComposite(node.op)) return keep(decompose(b, { ...node, op: node.op }, inputs));
  if (!isOperator(node.op)) throw unknownOperator(node);
  const { op, inputs: upgraded, attributes } = upgrade(b, { ...node, op: node.op }, inputs);
  if (op === 'Split') return b.addMany(op, upgraded, attributes, node.outputs);
  return keep([b.add(op, upgraded, attributes, node.outputs[0])]);
}

/**
 * Throws UserError 'onnx' for operators without rules, bodies (If, Loop), float16 or integer weights, operator
 * sets below 13, shapes that depend on data, and caches that cannot be left out.
 */
export function normalize(raw: Graph, options: NormalizeOptions = {}): Normalized {
  checkOpset(raw.opsets);
  refuseNarrowWeights(raw);
  const outputs = keptOutputs(raw, options.outputs);
  const roles = trainingBindings(raw);
  const bindings = Object.fromEntries(
    Object.entries(roles).map(([name, dim]) => [name, bind(dim, options.bindings ?? {})]),
  );
  const graph = bindGraph(raw, { ...bindings, ...options.bindings }, outputs);
  const ties = findTies(graph);
  const used = new Set([...graph.nodes.flatMap((node) => node.inputs), ...outputs]);
  const plain = rewrite(graph, (b, node, inputs) => {
    const own = untie(b, graph, node);
    if (own !== undefined) return [own];
    const tied = inputs.map((input) => {
      const tie = ties.get(input);
      if (tie === undefined) return input;
      return tie.transposed ? b.transpose(tie.source, [1, 0]) : tie.source;
    });
    return translate(b, node, tied, used);
  });
  const cache = plain.graph.inputs.find(isCache);
  if (cache !== undefined) {
    throw new UserError(
      'onnx',
      `The graph needs its cache input '${cache.name}' even when the cache is empty.`,
      'Export the model without a KV cache (use_cache=False).',
    );
  }
  const split = splitTiles(plain.graph);
  const names = findParameters(split, options.trainable);
  const parameters = names.map((name) => {
    const tensor = split.initializers.get(name)!;
    return { name, dims: tensor.dims, tensor };
  });
  return { graph: lift(split, names), parameters, ties, warnings: plain.warnings };
}
