// One joint graph into two: a forward part that also gives out what the backward part needs (residuals), and a
// backward part that takes residuals and cotangents. How much is kept is a policy, as in AOTAutograd and in
// gradient checkpointing:
//   saveAll    every forward value that the backward part reads
//   minCut     the fewest bytes such that no matrix product runs twice
//   recompute  nothing: the backward part runs the forward part again
// Values that depend on no weights (masks, positions, zeros, sizes) are never kept.

import { evaluate } from '../onnx/dim.ts';
import type { Graph } from '../onnx/graph.ts';
import { subgraph } from '../onnx/subgraph.ts';
import { byteSize, isFloat } from '../onnx/tensor.ts';
import type { Joint } from './joint.ts';
import { FlowNetwork } from './maxFlow.ts';

export type Policy = 'saveAll' | 'minCut' | 'recompute';

export interface Partitioned {
  /** Inputs: the joint graph's without seeds. Outputs: the joint graph's outputs, then the residuals. */
  readonly forward: Graph;
  /** Inputs: residuals, seeds and whatever else it reads again. Outputs: the gradients. */
  readonly backward: Graph;
  readonly residuals: readonly string[];
  /** Bytes of the residuals at the nominal sizes. */
  readonly bytes: number;
}

/** Operators too expensive to run twice. */
const expensive = new Set(['MatMul', 'Gemm', 'MatMulNBits']);

/** All values that depend on any of `roots`. */
function reached(graph: Graph, roots: Iterable<string>): Set<string> {
  const found = new Set(roots);
  for (const node of graph.nodes) {
    if (!node.inputs.some((input) => found.has(input))) continue;
    for (const output of node.outputs) found.add(output);
  }
  return found;
}

function bytesAt(graph: Graph, value: string, nominal: Readonly<Record<string, number>>): number {
  const info = graph.values.get(value);
  if (info === undefined) throw new Error(`partition: '${value}' has no shape`);
  const size = info.shape.reduce<number>((n, dim) => n * evaluate(dim, nominal), 1);
  return byteSize(info.dtype, size);
}

/** The cheapest set of values of which everything in `read` can be computed without an expensive operator. */
function minimumCut(
  graph: Graph,
  keepable: ReadonlySet<string>,
  read: readonly string[],
  nominal: Readonly<Record<string, number>>,
): string[] {
  const network = new FlowNetwork();
  const [source, sink] = [network.vertex(), network.vertex()];
  const endless = Number.POSITIVE_INFINITY;
  /** A value is two vertices; the edge between them is cut when the value is kept. */
  const before = new Map<string, number>();
  const after = new Map<string, number>();
  for (const value of keepable) {
    const [enter, leave] = [network.vertex(), network.vertex()];
    before.set(value, enter);
    after.set(value, leave);
    network.connect(enter, leave, bytesAt(graph, value, nominal));
  }
  for (const node of graph.nodes) {
    for (const output of node.outputs) {
      const enter = before.get(output);
      if (enter === undefined) continue;
      const free = expensive.has(node.op) || !node.inputs.every((input) => keepable.has(input));
      // Weights and constants are at hand in the backward part: they are the source.
      if (free) network.connect(source, enter, endless);
      for (const input of node.inputs) {
        const leave = after.get(input);
        if (leave !== undefined) network.connect(leave, enter, endless);
      }
    }
  }
  for (const value of read) network.connect(after.get(value)!, sink, endless);
  const side = network.sourceSide(source, sink);
  return [...keepable].filter((value) => side[before.get(value)!] && !side[after.get(value)!]);
}

/**
 * @param nominal a value for every symbol: the sizes at which bytes are weighed; the graphs serve all sizes
 */
export function partition(
  joint: Joint,
  policy: Policy,
  nominal: Readonly<Record<string, number>> = {},
): Partitioned {
  const { graph, seeds, outputs, gradients } = joint;
  const seeded = reached(graph, seeds);
  const floatInputs = graph.inputs.filter((p) => isFloat(p.dtype)).map((p) => p.name);
  const weighted = reached(graph, floatInputs);
  const inputs = new Set(graph.inputs.map((port) => port.name));
  const keepable = new Set(
    graph.nodes
      .flatMap((node) => node.outputs)
      .filter((value) => weighted.has(value) && !seeded.has(value) && !inputs.has(value)),
  );
  const readers = graph.nodes.filter((node) => node.outputs.some((value) => seeded.has(value)));
  const wanted = [...gradients.values()];
  const read = [...new Set([...readers.flatMap((node) => node.inputs), ...wanted])].filter(
    (value) => keepable.has(value),
  );
  const kept = {
    saveAll: () => read,
    minCut: () => minimumCut(graph, keepable, read, nominal),
    recompute: () => [],
  }[policy]();
  const residuals = kept.filter((value) => !wanted.includes(value));
  return {
    forward: subgraph(graph, `${graph.name}_forward`, [], [...new Set([...outputs, ...residuals])]),
    backward: subgraph(graph, `${graph.name}_backward`, residuals, wanted),
    residuals,
    bytes: residuals.reduce((sum, value) => sum + bytesAt(graph, value, nominal), 0),
  };
}
