// What exporters do to a decoder: leave out positions or the cache, store float16, put weights into files beside it.

import type { Attribute, Graph, Node, Port } from '../../src/onnx/graph.ts';
import { int } from '../../src/onnx/graph.ts';
import { floatToHalf } from '../../src/onnx/half.ts';
import { DataType, float32Of, type Tensor } from '../../src/onnx/tensor.ts';

/** Positions are counted within: from the lengths of mask and ids, as the causal mask's rows are. */
export const withoutPositions = (graph: Graph): Graph => {
  const at = graph.nodes.findIndex((node) => node.outputs[0] === 'mask.rows') + 1;
  const count: Node = {
    name: '/positions/Unsqueeze',
    op: 'Unsqueeze',
    domain: '',
    inputs: ['mask.rows', 'axis.0'],
    outputs: ['position_ids'],
    attributes: {},
  };
  return {
    ...graph,
    inputs: graph.inputs.filter((port) => port.name !== 'position_ids'),
    nodes: [...graph.nodes.slice(0, at), count, ...graph.nodes.slice(at)],
  };
};

/** Keys and values of what is read now, and nothing else. */
export const withoutCache = (graph: Graph): Graph => ({
  ...graph,
  inputs: graph.inputs.filter((port) => !port.name.startsWith('past')),
  outputs: graph.outputs.filter((port) => !port.name.startsWith('present')),
  nodes: graph.nodes.map((node) =>
    node.op === 'Concat' && node.inputs[0]?.startsWith('past')
      ? { ...node, op: 'Identity', inputs: [node.inputs[1]!], attributes: {} }
      : node,
  ),
});

const LARGEST_HALF = 65_504;

function half(tensor: Tensor): Tensor {
  if (tensor.dtype !== DataType.float) return tensor;
  const finite = float32Of(tensor).map((x) => Math.max(-LARGEST_HALF, Math.min(LARGEST_HALF, x)));
  return { dtype: DataType.float16, dims: tensor.dims, bytes: floatToHalf(finite) };
}

/** float16 throughout, but for the angles of rotary embedding, which no exporter trusts it with. */
export function narrowed(graph: Graph): Graph {
  const port = (one: Port): Port =>
    one.dtype === DataType.float ? { ...one, dtype: DataType.float16 } : one;
  const nodes = graph.nodes.flatMap((node): Node[] => {
    const [output = ''] = node.outputs;
    if (output === 'rotary.cos' || output === 'rotary.sin') {
      const wide = `${output}.wide`;
      const cast = { name: `${output}/Cast`, op: 'Cast', domain: '', inputs: [wide] };
      const to: Record<string, Attribute> = { to: int(DataType.float16) };
      return [
        { ...node, outputs: [wide] },
        { ...cast, outputs: [output], attributes: to },
      ];
    }
    return [node];
  });
  return {
    ...graph,
    nodes,
    inputs: graph.inputs.map(port),
    outputs: graph.outputs.map(port),
    initializers: new Map(
      [...graph.initializers].map(([name, tensor]) => [
        name,
        name.startsWith('rotary.') ? tensor : half(tensor),
      ]),
    ),
  };
}
