// Values of a graph under other names, wherever they occur: as inputs and outputs, in nodes, in the bodies of If and
// Loop.

import type { GraphProto, ModelProto } from 'onnx-buf';

/** Changes `model` in place. What has one of the new names already gets another. */
export function renameValues(model: ModelProto, names: ReadonlyMap<string, string>): void {
  const { graph } = model;
  if (!graph) return;
  const all = new Map(names);
  const taken = new Set(names.values());
  const used = valuesOf(graph);
  for (const name of taken) {
    if (used.has(name) && !names.has(name)) all.set(name, spare(name, used));
  }
  rename(graph, all);
}

function spare(name: string, used: ReadonlySet<string>): string {
  let other = `${name}.before`;
  while (used.has(other)) other += '_';
  return other;
}

function* graphsIn(graph: GraphProto): Generator<GraphProto> {
  yield graph;
  for (const { attribute } of graph.node) {
    for (const { g, graphs } of attribute) {
      if (g) yield* graphsIn(g);
      for (const one of graphs) yield* graphsIn(one);
    }
  }
}

function valuesOf(whole: GraphProto): Set<string> {
  const used = new Set<string>();
  for (const graph of graphsIn(whole)) {
    for (const { name } of [...graph.input, ...graph.output, ...graph.initializer]) used.add(name);
    for (const { input, output } of graph.node) {
      for (const name of [...input, ...output]) used.add(name);
    }
  }
  return used;
}

function rename(whole: GraphProto, names: ReadonlyMap<string, string>): void {
  const other = (name: string) => names.get(name) ?? name;
  for (const graph of graphsIn(whole)) {
    const { input, output, valueInfo, initializer } = graph;
    for (const one of [...input, ...output, ...valueInfo, ...initializer]) {
      one.name = other(one.name);
    }
    for (const one of graph.quantizationAnnotation) one.tensorName = other(one.tensorName);
    for (const node of graph.node) {
      node.input = node.input.map(other);
      node.output = node.output.map(other);
    }
  }
}
