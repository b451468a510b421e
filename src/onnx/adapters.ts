// Low-rank adapters in the file itself: beside every product with an adapted weight stands scale (x A) B, and the sum
// takes the product's name. Everything else stays, the KV cache and fused operators included, so the file decodes with
// adapters that are being trained (A and B are inputs) or that were (they are weights of the file). For quantised
// weights, into which nothing can be merged, that is how they are exported.

import { create } from '@bufbuild/protobuf';
import { type GraphProto, type ModelProto, type NodeProto, NodeProtoSchema } from 'onnx-buf';
import { floatToHalf } from './half.ts';
import { tensorProto, valueInfoProto } from './proto.ts';
import { DataType, float32Of, type Tensor, tensorOf } from './tensor.ts';
import { shallow } from './weights.ts';

export interface AdapterNodes {
  /** The weight as the file or one of its Identity nodes calls it. */
  readonly weight: string;
  /** (K, rank) and (rank, N). */
  readonly a: { readonly name: string; readonly dims: readonly number[] };
  readonly b: { readonly name: string; readonly dims: readonly number[] };
  readonly scale: number;
}

const MULTIPLIES = new Set(['MatMul', 'Gemm', 'MatMulNBits', 'FusedMatMul']);

/** Number type of what is multiplied with a weight: of the weight itself, or of its scales. */
function activationType(graph: GraphProto, node: NodeProto, weight: string): number {
  const typeOf = (name: string | undefined) =>
    graph.initializer.find((tensor) => tensor.name === name)?.dataType;
  const found = node.opType === 'MatMulNBits' ? typeOf(node.input[2]) : typeOf(weight);
  return found === DataType.float16 ? DataType.float16 : DataType.float;
}

const inType = (tensor: Tensor, dtype: number): Tensor =>
  dtype === DataType.float16
    ? { dtype, dims: tensor.dims, bytes: floatToHalf(float32Of(tensor)) }
    : tensor;

/**
 * @param values A and B by name, to become weights of the file; absent, they are its inputs, as float32
 * @throws Error when an adapted weight is multiplied nowhere
 */
export function withAdapters(
  model: ModelProto,
  adapters: readonly AdapterNodes[],
  values?: ReadonlyMap<string, Tensor>,
): ModelProto {
  if (model.graph === undefined) throw new Error('withAdapters: the model has no graph');
  const byWeight = new Map(adapters.map((adapter) => [adapter.weight, adapter]));
  const before = model.graph;
  const producers = new Map(before.node.flatMap((node) => node.output.map((o) => [o, node])));
  const graph: GraphProto = shallow(before);
  const found = new Map<AdapterNodes, number>();
  graph.node = before.node.flatMap((node) => {
    const adapter = MULTIPLIES.has(node.opType) ? adapterOf(node) : undefined;
    if (!adapter) return [node];
    const dtype = activationType(before, node, adapter.weight);
    found.set(adapter, dtype);
    return adapted(node, adapter);
  });
  const lost = adapters.find((adapter) => !found.has(adapter));
  if (lost) throw new Error(`withAdapters: nothing is multiplied by '${lost.weight}'`);

  graph.initializer = [...graph.initializer];
  if (!values) graph.input = [...graph.input];
  for (const [{ a, b, scale, weight }, dtype] of found) {
    const factor = tensorOf(DataType.float, [], [scale]);
    graph.initializer.push(tensorProto(scaleName(weight), inType(factor, dtype)));
    for (const { name, dims } of [a, b]) {
      const tensor = values?.get(name);
      if (values && !tensor) throw new Error(`withAdapters: no values for '${name}'`);
      if (tensor) graph.initializer.push(tensorProto(name, inType(tensor, dtype)));
      else graph.input.push(valueInfoProto({ name, dtype: DataType.float, shape: dims }));
    }
  }
  const copy = shallow(model);
  copy.graph = graph;
  return copy;

  /** The adapter of the weight behind transposes and copies. */
  function adapterOf(node: NodeProto): AdapterNodes | undefined {
    let name = node.input[1];
    for (let depth = 0; name !== undefined && depth < 8; depth++) {
      const adapter = byWeight.get(name);
      if (adapter) return adapter;
      const producer = producers.get(name);
      if (!producer || !['Transpose', 'Identity', 'Cast'].includes(producer.opType))
        return undefined;
      name = producer.input[0];
    }
    return undefined;
  }
}

const scaleName = (weight: string) => `${weight}.lora_scale`;

function adapted(node: NodeProto, { weight, a, b }: AdapterNodes): NodeProto[] {
  const output = node.output[0] ?? '';
  const plain: NodeProto = shallow(node);
  plain.output = [`${output}.frozen`];
  const make = (opType: string, input: string[], to: string) =>
    create(NodeProtoSchema, { opType, name: `${to}/lora/${opType}`, input, output: [to] });
  const [low, product, change] = ['low', 'product', 'change'].map((s) => `${output}.lora_${s}`);
  return [
    plain,
    make('MatMul', [node.input[0]!, a.name], low!),
    make('MatMul', [low!, b.name], product!),
    make('Mul', [product!, scaleName(weight)], change!),
    make('Add', [plain.output[0]!, change!], output),
  ];
}
