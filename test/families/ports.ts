// The same decoder with inputs and outputs as other exporters have them: caches under other names, in another order of
// axes, keys and values in one, everything called otherwise.

import type { Graph, Node, Port } from '../../src/onnx/graph.ts';
import { int, ints } from '../../src/onnx/graph.ts';
import { DataType } from '../../src/onnx/tensor.ts';

const isPast = ({ name }: Port) => name.startsWith('past_key_values.');
const isPresent = ({ name }: Port) => name.startsWith('present.');

/** Every value under another name, and the ports in another order. */
function renamed(graph: Graph, other: (name: string) => string): Graph {
  const port = (one: Port): Port => ({ ...one, name: other(one.name) });
  return {
    ...graph,
    inputs: graph.inputs.map(port).reverse(),
    outputs: graph.outputs.map(port).reverse(),
    nodes: graph.nodes.map((node) => ({
      ...node,
      inputs: node.inputs.map(other),
      outputs: node.outputs.map(other),
    })),
  };
}

/** `past_0` is the first layer's keys, `past_1` its values. */
export const numbered = (graph: Graph): Graph =>
  renamed(graph, (name) => {
    const [, which, layer, kind] =
      /^(past_key_values|present)\.(\d+)\.(key|value)$/.exec(name) ?? [];
    if (layer === undefined) return { input_ids: 'token_ids', logits: 'output_0' }[name] ?? name;
    const at = 2 * Number(layer) + (kind === 'key' ? 0 : 1);
    return `${which === 'present' ? 'present' : 'past'}_${at}`;
  });

/** Nothing says what it is. */
export const nameless = (graph: Graph): Graph => {
  const ports = [...graph.inputs, ...graph.outputs].map(({ name }) => name);
  return renamed(graph, (name) => (ports.includes(name) ? `arg${ports.indexOf(name)}` : name));
};
export const namelessRoles = (graph: Graph) => {
  const ports = [...graph.inputs, ...graph.outputs].map(({ name }) => name);
  const roleOf = (name: string) =>
    name.startsWith('past')
      ? ('cache in' as const)
      : name.startsWith('present')
        ? ('cache out' as const)
        : ((
            {
              input_ids: 'token ids',
              attention_mask: 'attention mask',
              position_ids: 'positions',
            } as const
          )[name] ?? ('logits' as const));
  return Object.fromEntries(ports.map((name, i) => [`arg${i}`, roleOf(name)]));
};

const node = (op: string, inputs: string[], outputs: string[], attributes = {}): Node => ({
  name: `/ports/${outputs[0]}`,
  op,
  domain: '',
  inputs,
  outputs,
  attributes,
});

/** Caches as [batch, positions, heads, width]. */
export function positionsFirst(graph: Graph): Graph {
  const swap = { perm: ints([0, 2, 1, 3]) };
  const swapped = (port: Port): Port => {
    const [b, h, p, w] = port.shape;
    return { ...port, shape: [b!, p!, h!, w!] };
  };
  const inner = (name: string) =>
    /^(past_key_values|present)\./.test(name) ? `${name}.inner` : name;
  const pasts = graph.inputs.filter(isPast);
  const presents = graph.outputs.filter(isPresent);
  return {
    ...graph,
    inputs: graph.inputs.map((port) => (isPast(port) ? swapped(port) : port)),
    outputs: graph.outputs.map((port) => (isPresent(port) ? swapped(port) : port)),
    nodes: [
      ...pasts.map(({ name }) => node('Transpose', [name], [inner(name)], swap)),
      ...graph.nodes.map((one) => ({
        ...one,
        inputs: one.inputs.map(inner),
        outputs: one.outputs.map(inner),
      })),
      ...presents.map(({ name }) => node('Transpose', [inner(name)], [name], swap)),
    ],
  };
}

/** Keys and values of a layer in one: [2, batch, heads, positions, width], called `past_0`. */
export function paired(graph: Graph): Graph {
  const layers = graph.inputs.filter(({ name }) => /^past.*\.key$/.test(name)).length;
  const both = (port: Port, name: string): Port => ({ ...port, name, shape: [2, ...port.shape] });
  const index = (value: number) => ({
    dtype: DataType.int64,
    dims: [] as number[],
    bytes: new Uint8Array(new BigInt64Array([BigInt(value)]).buffer),
  });
  const before: Node[] = [];
  const after: Node[] = [];
  const inputs = graph.inputs.filter((port) => !isPast(port));
  const outputs = graph.outputs.filter((port) => !isPresent(port));
  for (let layer = 0; layer < layers; layer++) {
    const find = (ports: readonly Port[], name: string) => ports.find((one) => one.name === name)!;
    const past = `past_key_values.${layer}`;
    inputs.push(both(find(graph.inputs, `${past}.key`), `past_${layer}`));
    outputs.push(both(find(graph.outputs, `present.${layer}.key`), `present_${layer}`));
    ['key', 'value'].forEach((kind, at) => {
      const axis = { axis: int(0) };
      before.push(node('Gather', [`past_${layer}`, `pair.${at}`], [`${past}.${kind}`], axis));
      after.push(
        node(
          'Unsqueeze',
          [`present.${layer}.${kind}`, 'pair.axis'],
          [`present.${layer}.${kind}.one`],
        ),
      );
    });
    const parts = ['key', 'value'].map((kind) => `present.${layer}.${kind}.one`);
    after.push(node('Concat', parts, [`present_${layer}`], { axis: int(0) }));
  }
  return {
    ...graph,
    inputs,
    outputs,
    nodes: [...before, ...graph.nodes, ...after],
    initializers: new Map([
      ...graph.initializers,
      ['pair.0', index(0)],
      ['pair.1', index(1)],
      ['pair.axis', { ...index(0), dims: [1] }],
    ]),
  };
}
