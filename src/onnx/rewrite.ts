// A pass over a graph is a replay: every node is added again through a fresh builder, and the pass says, for the
// nodes it cares about, what to add instead. Merging, folding and dead code need no further thought.

import { GraphBuilder } from './builder.ts';
import type { Graph, Node } from './graph.ts';
import { isOperator, unknownOperator } from './operators.ts';

/** Values that stand for the node's outputs, or undefined to keep the node as it is. */
export type Visit = (
  builder: GraphBuilder,
  node: Node,
  inputs: readonly string[],
) => readonly string[] | undefined;

/** Adds a node of a normalised graph with other inputs. Throws UserError for operators without rules. */
export function replay(
  builder: GraphBuilder,
  node: Node,
  inputs: readonly string[],
): readonly string[] {
  if (!isOperator(node.op)) throw unknownOperator(node);
  return node.outputs.length === 1
    ? [builder.add(node.op, inputs, node.attributes, node.outputs[0])]
    : builder.addMany(node.op, inputs, node.attributes, node.outputs);
}

export interface Rewritten {
  readonly graph: Graph;
  readonly warnings: readonly string[];
}

/** The graph with each node replaced by what `visit` says; inputs and outputs keep their names. */
export function rewrite(graph: Graph, visit: Visit): Rewritten {
  const builder = new GraphBuilder();
  for (const { name, dtype, shape } of graph.inputs) builder.input(name, dtype, shape);
  for (const [name, tensor] of graph.initializers) builder.initializer(name, tensor);
  const renamed = new Map<string, string>();
  const rename = (name: string) => renamed.get(name) ?? name;
  for (const node of graph.nodes) {
    const inputs = node.inputs.map(rename);
    builder.label = node.name || undefined;
    const values = visit(builder, node, inputs) ?? replay(builder, node, inputs);
    node.outputs.forEach((output, i) => {
      const value = values[i];
      if (value !== undefined && output !== '') renamed.set(output, value);
    });
  }
  builder.label = undefined;
  const outputs = new Map(graph.outputs.map(({ name }) => [name, rename(name)]));
  return { graph: builder.toGraph(graph.name, outputs), warnings: builder.warnings };
}
