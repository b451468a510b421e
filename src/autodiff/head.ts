// A decoder in two: the body, which ends with what it knows at each position, and the head, which turns each position
// by itself into logits. With many thousands of columns the logits of a whole batch are the largest tensor of training
// by far; a head of its own can be run for some positions at a time.

import { same } from '../onnx/dim.ts';
import type { Graph, Node, Port } from '../onnx/graph.ts';
import { rewrite } from '../onnx/rewrite.ts';
import { subgraph } from '../onnx/subgraph.ts';
import { isFloat } from '../onnx/tensor.ts';

export interface Headed {
  /** Output: the hidden states. */
  readonly body: Graph;
  /** Inputs: the hidden states and weights. Output: the logits. */
  readonly head: Graph;
  /** Hidden states (B, T, D): output of the one, input of the other. */
  readonly hidden: Port;
}

const PRODUCTS = new Set(['MatMul', 'Gemm', 'MatMulNBits']);
/** What treats each element by itself, and one position like any other. */
const ELEMENTWISE = new Set([
  ...['Add', 'Sub', 'Mul', 'Div', 'Pow', 'Max', 'Min', 'Clip', 'Where', 'Cast', 'Identity'],
  ...['Neg', 'Abs', 'Exp', 'Log', 'Sqrt', 'Reciprocal', 'Erf', 'Tanh', 'Sigmoid', 'Softplus'],
  ...['Relu', 'LeakyRelu', 'Gelu', 'FastGelu'],
]);

/**
 * @param weights inputs of the graph that are no data
 * @returns undefined where the logits of a position follow from more than one tensor, or from other positions
 */
export function splitHead(graph: Graph, weights: Iterable<string>): Headed | undefined {
  const logits = graph.outputs[0]!.name;
  const name = hiddenOf(graph, logits, dataOf(graph, new Set(weights)));
  if (name === undefined) return undefined;
  const { dtype, shape } = graph.values.get(name)!;
  // Written again, shapes are taken from the hidden states instead of from the ids.
  const cut = subgraph(graph, `${graph.name}_head`, [name], [logits]);
  const head = rewrite(cut, () => undefined).graph;
  const own = new Set([name, ...weights]);
  if (head.inputs.some((port) => !own.has(port.name))) return undefined;
  return {
    body: subgraph(graph, `${graph.name}_body`, [], [name]),
    head,
    hidden: { name, dtype, shape },
  };
}

/** Values that depend on what is read; those known by shapes alone are left out. */
function dataOf(graph: Graph, weights: ReadonlySet<string>): ReadonlySet<string> {
  const data = new Set(graph.inputs.flatMap(({ name }) => (weights.has(name) ? [] : [name])));
  for (const node of graph.nodes) {
    if (!node.inputs.some((input) => data.has(input))) continue;
    for (const output of node.outputs) {
      if (graph.values.get(output)?.contents === undefined) data.add(output);
    }
  }
  return data;
}

/** The last value that all of the logits' data passes through before the head's matrix product. */
function hiddenOf(graph: Graph, logits: string, data: ReadonlySet<string>): string | undefined {
  const frontier = new Set([logits]);
  let multiplied = false;
  for (const node of graph.nodes.toReversed()) {
    if (multiplied && frontier.size === 1) {
      const [only] = frontier;
      const info = graph.values.get(only!);
      if (info && isFloat(info.dtype) && info.shape.length === 3) return only;
    }
    if (!node.outputs.some((output) => frontier.has(output))) continue;
    if (!isByRow(graph, node, data)) return undefined;
    multiplied ||= PRODUCTS.has(node.op);
    for (const output of node.outputs) frontier.delete(output);
    for (const input of node.inputs) if (data.has(input)) frontier.add(input);
  }
  return undefined;
}

/** Does each row of the result depend on the same row of the data alone? Rows are what stands along the last axis. */
function isByRow(graph: Graph, node: Node, data: ReadonlySet<string>): boolean {
  const shapeOf = (name: string) => graph.values.get(name)?.shape ?? [];
  const [x, ...others] = node.inputs;
  const out = shapeOf(node.outputs[0]!);
  if (PRODUCTS.has(node.op)) {
    const { transA } = node.attributes;
    const plain = transA?.type !== 'int' || transA.value === 0;
    const flat = node.op === 'MatMulNBits' || shapeOf(others[0]!).length === 2;
    return data.has(x!) && !others.some((other) => data.has(other)) && plain && flat;
  }
  if (node.op === 'Reshape') return same(shapeOf(x!).at(-1) ?? 0, out.at(-1) ?? 1);
  if (!ELEMENTWISE.has(node.op)) return false;
  return node.inputs.every((input) => {
    if (input === '') return true;
    const shape = shapeOf(input);
    // What is no data must be the same at every position, and data must not be spread over others.
    return data.has(input)
      ? shape.length === out.length && shape.every((dim, axis) => same(dim, out[axis]!))
      : shape.slice(0, -1).every((dim) => dim === 1);
  });
}
