// A part of a graph between given values and wanted ones, by name and without rewriting anything.

import type { Graph, Node, Port } from './graph.ts';

function portOf(graph: Graph, name: string): Port {
  const info = graph.values.get(name);
  if (info === undefined) throw new Error(`subgraph: '${name}' has no shape`);
  return { name, dtype: info.dtype, shape: info.shape };
}

/**
 * What computes `outputs` from the graph's inputs and from `given` values, which become inputs.
 * An operator of which one output is given and another needed runs again; its given output gets another name.
 */
export function subgraph(
  graph: Graph,
  name: string,
  given: readonly string[],
  outputs: readonly string[],
): Graph {
  const provided = new Set(given);
  const needed = new Set(outputs.filter((value) => !provided.has(value)));
  const nodes: Node[] = [];
  for (const node of graph.nodes.toReversed()) {
    if (!node.outputs.some((output) => needed.has(output))) continue;
    for (const input of node.inputs) if (input !== '' && !provided.has(input)) needed.add(input);
    const again = (output: string) => (provided.has(output) ? `${output}.again` : output);
    nodes.push({ ...node, outputs: node.outputs.map(again) });
  }
  nodes.reverse();
  const used = new Set([...nodes.flatMap((node) => node.inputs), ...outputs]);
  const inputs = [
    ...graph.inputs.filter((port) => used.has(port.name) && !provided.has(port.name)),
    ...given.filter((value) => used.has(value)).map((value) => portOf(graph, value)),
  ];
  const inside = new Set([...used, ...nodes.flatMap((node) => node.outputs)]);
  return {
    ...graph,
    name,
    inputs,
    outputs: outputs.map((value) => portOf(graph, value)),
    initializers: new Map([...graph.initializers].filter(([key]) => used.has(key))),
    nodes,
    values: new Map([...graph.values].filter(([key]) => inside.has(key))),
  };
}
