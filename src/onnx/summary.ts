// A model's file in figures: what it computes with, what goes in and out, where its weights are. Nothing is run, and no
// weight is read.

import { type ModelProto, type NodeProto, TensorProto_DataLocation } from 'onnx-buf';
import type { OperatorCount, ParameterKind, PortCard } from '../core/modelCard.ts';
import { show } from './dim.ts';
import { parameterPlaces } from './parameterKinds.ts';
import { portFrom } from './proto.ts';
import { byteSize, DataType, sizeOf, typeName } from './tensor.ts';

export interface WeightSummary {
  readonly name: string;
  readonly kind: ParameterKind;
  readonly layer?: number;
  /** `float32`, or `int4` where numbers share a byte. */
  readonly type: string;
  readonly dims: readonly number[];
  /** 0 for what only helps to read other weights: scales, zero points. */
  readonly numbers: number;
  readonly bytes: number;
}

export interface ExternalFile {
  /** Name beside the model. */
  readonly file: string;
  /** Bytes that it must have at least. */
  readonly bytes: number;
}

export interface OnnxSummary {
  readonly producer: string;
  readonly ir: number;
  readonly opsets: Readonly<Record<string, number>>;
  readonly nodes: number;
  /** Most frequent first; bodies of If and Loop included. */
  readonly operators: readonly OperatorCount[];
  readonly inputs: readonly PortCard[];
  readonly outputs: readonly PortCard[];
  readonly weights: readonly WeightSummary[];
  readonly external: readonly ExternalFile[];
  /** Is anything float16? */
  readonly half: boolean;
}

/** Operators whose second input is packed: how many bits a number has. */
const PACKED = new Set(['MatMulNBits', 'GatherBlockQuantized', 'MatMulBnb4']);

const fullName = ({ domain, opType }: NodeProto): string =>
  domain === '' || domain === 'ai.onnx' ? opType : `${domain}.${opType}`;

function* allNodes(nodes: readonly NodeProto[], depth = 0): Generator<NodeProto> {
  for (const node of nodes) {
    yield node;
    if (depth > 32) continue;
    for (const { g, graphs } of node.attribute) {
      if (g) yield* allNodes(g.node, depth + 1);
      for (const graph of graphs) yield* allNodes(graph.node, depth + 1);
    }
  }
}

/** Packed weights -> bits of a number; and what helps to read them -> 0. */
function packedBits(nodes: readonly NodeProto[]): Map<string, number> {
  const bits = new Map<string, number>();
  for (const node of nodes) {
    if (!PACKED.has(node.opType)) continue;
    const own = node.attribute.find(({ name }) => name === 'bits');
    const weight = node.opType === 'GatherBlockQuantized' ? 0 : 1;
    node.input.forEach((input, i) => {
      if (input === '' || i === 1 - weight) return;
      if (i === weight) bits.set(input, own ? Number(own.i) : 4);
      else if (!bits.has(input)) bits.set(input, 0);
    });
  }
  return bits;
}

const card = (port: Parameters<typeof portFrom>[0]): PortCard => {
  const { name, dtype, shape } = portFrom(port);
  return {
    name,
    type: typeName(dtype),
    shape: shape.map((dim) => (typeof dim === 'number' ? dim : show(dim))),
  };
};

/** What goes in and comes out; weights that are listed as inputs are none. @throws UserError 'onnx' without a shape */
export function portsOf({ graph }: ModelProto): Pick<OnnxSummary, 'inputs' | 'outputs'> {
  const known = new Set(graph?.initializer.map(({ name }) => name));
  const inputs = graph?.input.filter(({ name }) => !known.has(name)) ?? [];
  return { inputs: inputs.map(card), outputs: (graph?.output ?? []).map(card) };
}

/** Most frequent first; bodies of If and Loop included. */
export function operatorsOf({ graph }: ModelProto): readonly OperatorCount[] {
  const counts = new Map<string, number>();
  for (const node of allNodes(graph?.node ?? [])) {
    const name = fullName(node);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts]
    .map(([op, count]) => ({ op, count }))
    .sort((a, b) => b.count - a.count || (a.op < b.op ? -1 : 1));
}

/** @throws UserError 'onnx' for ports without a shape */
export function summarize(model: ModelProto): OnnxSummary {
  const { graph } = model;
  if (!graph) throw new Error('summarize: the model has no graph');
  const bits = packedBits(graph.node);
  const places = parameterPlaces({
    nodes: graph.node.map(({ name, opType, input, output }) => ({
      name,
      op: opType,
      inputs: input,
      outputs: output,
    })),
    initializers: new Map(
      graph.initializer.map(({ name, dims, dataType }) => [
        name,
        { dims: dims.map(Number), dtype: dataType },
      ]),
    ),
  });
  const weights = graph.initializer.map((tensor): WeightSummary => {
    const dims = tensor.dims.map(Number);
    const size = sizeOf(dims);
    const bytes = tensor.dataType === DataType.string ? 0 : byteSize(tensor.dataType, size);
    const packed = bits.get(tensor.name);
    const { kind, layer } = places.get(tensor.name) ?? { kind: 'other' as const };
    return {
      name: tensor.name,
      kind,
      ...(layer !== undefined && { layer }),
      type: packed ? `int${packed}` : typeName(tensor.dataType),
      dims,
      numbers: packed === undefined ? size : packed === 0 ? 0 : (8 / packed) * bytes,
      bytes,
    };
  });
  const ports = portsOf(model);
  return {
    producer: [model.producerName, model.producerVersion].filter(Boolean).join(' '),
    ir: Number(model.irVersion),
    opsets: Object.fromEntries(
      model.opsetImport.map(({ domain, version }) => [
        domain === 'ai.onnx' ? '' : domain,
        Number(version),
      ]),
    ),
    nodes: graph.node.length,
    operators: operatorsOf(model),
    ...ports,
    weights,
    external: externalNeeds(model),
    half:
      weights.some(({ type }) => type === 'float16') ||
      [...ports.inputs, ...ports.outputs].some(({ type }) => type === 'float16'),
  };
}

/** What the files beside the model must hold. */
export function externalNeeds(model: ModelProto): ExternalFile[] {
  const needs = new Map<string, number>();
  for (const tensor of model.graph?.initializer ?? []) {
    if (tensor.dataLocation !== TensorProto_DataLocation.EXTERNAL) continue;
    const entry = (key: string) => tensor.externalData.find((pair) => pair.key === key)?.value;
    const file = entry('location') ?? '?';
    const end =
      Number(entry('offset') ?? 0) + byteSize(tensor.dataType, sizeOf(tensor.dims.map(Number)));
    needs.set(file, Math.max(needs.get(file) ?? 0, end));
  }
  return [...needs]
    .map(([file, bytes]) => ({ file, bytes }))
    .sort((a, b) => (a.file < b.file ? -1 : 1));
}
