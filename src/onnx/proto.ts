// Between the file's messages and the graph as a value, both ways. Reading looks only at what graphs of decoders
// use; what it does not understand stays in the message (see model.ts) and is named as 'opaque' here.

import { create } from '@bufbuild/protobuf';
import {
  type AttributeProto,
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  GraphProtoSchema,
  type ModelProto,
  ModelProtoSchema,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  StringStringEntryProtoSchema,
  type TensorProto,
  TensorProto_DataLocation,
  TensorProtoSchema,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from 'onnx-buf';
import { UserError } from '../core/errors.ts';
import { type Dim, parseDim, show, symbol } from './dim.ts';
import type { Attribute, Graph, Node, Port, ValueInfo } from './graph.ts';
import { byteSize, DataType, sizeOf, type Tensor, tensorOf, toInt64 } from './tensor.ts';

/** Contents of the files beside the model, by the name that the model gives them. */
export type ExternalFiles = ReadonlyMap<string, Uint8Array<ArrayBuffer>>;

function externalBytes(proto: TensorProto, files: ExternalFiles): Uint8Array<ArrayBuffer> {
  const entry = (key: string) => proto.externalData.find((pair) => pair.key === key)?.value;
  const location = entry('location') ?? '?';
  const file = files.get(location);
  if (file === undefined) {
    throw new UserError(
      'onnx',
      `The weights of '${proto.name}' are in the file '${location}', which is missing.`,
      `Add '${location}' beside the .onnx file and load both together.`,
    );
  }
  const offset = Number(entry('offset') ?? 0);
  return file.subarray(offset, offset + Number(entry('length') ?? file.length - offset));
}

/** A tensor of the file; raw bytes are views. Throws UserError if bytes are missing. */
export function tensorFrom(proto: TensorProto, files: ExternalFiles = new Map()): Tensor {
  const dtype = proto.dataType;
  const dims = proto.dims.map(Number);
  if (dtype === DataType.string) return { dtype, dims, bytes: new Uint8Array(0) };
  const external = proto.dataLocation === TensorProto_DataLocation.EXTERNAL;
  const expected = byteSize(dtype, sizeOf(dims));
  const bytes = external ? externalBytes(proto, files) : proto.rawData;
  if (bytes.length === expected) return { dtype, dims, bytes };
  const lists = [proto.floatData, proto.int32Data, proto.int64Data.map(Number), proto.doubleData];
  const values = lists.find((list) => list.length > 0);
  if (external || bytes.length > 0 || values?.length !== sizeOf(dims)) {
    throw new UserError(
      'onnx',
      `Tensor '${proto.name}' needs ${expected} bytes and has ${bytes.length}.`,
      'The file is damaged or was cut short: download or export it again.',
    );
  }
  return tensorOf(dtype, dims, values);
}

function attributeFrom(proto: AttributeProto): Attribute {
  const decoder = new TextDecoder();
  switch (proto.type) {
    case AttributeType.FLOAT:
      return { type: 'float', value: proto.f };
    case AttributeType.INT:
      return { type: 'int', value: Number(proto.i) };
    case AttributeType.STRING:
      return { type: 'string', value: decoder.decode(proto.s) };
    case AttributeType.TENSOR:
      return proto.t === undefined
        ? { type: 'opaque', value: 'TENSOR' }
        : { type: 'tensor', value: tensorFrom(proto.t) };
    case AttributeType.FLOATS:
      return { type: 'floats', value: proto.floats };
    case AttributeType.INTS:
      return { type: 'ints', value: proto.ints.map(Number) };
    case AttributeType.STRINGS:
      return { type: 'strings', value: proto.strings.map((bytes) => decoder.decode(bytes)) };
    default:
      return { type: 'opaque', value: AttributeType[proto.type] ?? `${proto.type}` };
  }
}

export function portFrom(proto: ValueInfoProto): Port {
  const type = proto.type?.value;
  if (type?.case !== 'tensorType' || type.value.shape === undefined) {
    throw new UserError(
      'onnx',
      `'${proto.name}' has no tensor type with a known rank.`,
      'Export with shapes declared (dynamic_axes or dynamic_shapes), not with unknown ranks.',
    );
  }
  const shape = type.value.shape.dim.map((dim, axis): Dim => {
    if (dim.value.case === 'dimValue') return Number(dim.value.value);
    if (dim.value.case === 'dimParam' && dim.value.value !== '') return parseDim(dim.value.value);
    return symbol(`${proto.name}.${axis}`);
  });
  return { name: proto.name, dtype: type.value.elemType, shape };
}

/**
 * The graph of a model, with symbols for dimensions that the file leaves open.
 * Throws UserError 'onnx' for missing external data and for damaged tensors.
 */
export function graphFrom(model: ModelProto, files: ExternalFiles = new Map()): Graph {
  const proto = model.graph;
  if (proto === undefined) throw new Error('graphFrom: the model has no graph');
  const initializers = new Map(proto.initializer.map((t) => [t.name, tensorFrom(t, files)]));
  // Files of IR version 3 list initialisers among the inputs as well; those are not fed.
  const inputs = proto.input.filter((input) => !initializers.has(input.name)).map(portFrom);
  const nodes = proto.node.map(
    (node): Node => ({
      name: node.name,
      op: node.opType,
      domain: node.domain === 'ai.onnx' ? '' : node.domain,
      inputs: node.input,
      outputs: node.output,
      attributes: Object.fromEntries(node.attribute.map((a) => [a.name, attributeFrom(a)])),
    }),
  );
  return {
    name: proto.name,
    inputs,
    outputs: proto.output.map(portFrom),
    initializers,
    nodes,
    values: new Map<string, ValueInfo>(inputs.map(({ name, ...info }) => [name, info])),
    opsets: Object.fromEntries(
      model.opsetImport.map(({ domain, version }) => [
        domain === 'ai.onnx' ? '' : domain,
        Number(version),
      ]),
    ),
  };
}

export function tensorProto(name: string, tensor: Tensor): TensorProto {
  return create(TensorProtoSchema, {
    name,
    dataType: tensor.dtype,
    dims: tensor.dims.map(BigInt),
    rawData: tensor.bytes,
  });
}

function attributeProto(name: string, attribute: Attribute): AttributeProto {
  const encoder = new TextEncoder();
  switch (attribute.type) {
    case 'float':
      return create(AttributeProtoSchema, { name, type: AttributeType.FLOAT, f: attribute.value });
    case 'int':
      return create(AttributeProtoSchema, {
        name,
        type: AttributeType.INT,
        i: toInt64(attribute.value),
      });
    case 'string':
      return create(AttributeProtoSchema, {
        name,
        type: AttributeType.STRING,
        s: encoder.encode(attribute.value),
      });
    case 'tensor':
      return create(AttributeProtoSchema, {
        name,
        type: AttributeType.TENSOR,
        t: tensorProto('', attribute.value),
      });
    case 'floats':
      return create(AttributeProtoSchema, {
        name,
        type: AttributeType.FLOATS,
        floats: [...attribute.value],
      });
    case 'ints':
      return create(AttributeProtoSchema, {
        name,
        type: AttributeType.INTS,
        ints: attribute.value.map(toInt64),
      });
    case 'strings':
      return create(AttributeProtoSchema, {
        name,
        type: AttributeType.STRINGS,
        strings: attribute.value.map((value) => encoder.encode(value)),
      });
    case 'opaque':
      throw new Error(`attribute '${name}' of kind ${attribute.value} cannot be written`);
  }
}

export function valueInfoProto({ name, dtype, shape }: Port): ValueInfoProto {
  const dim = shape.map((size) =>
    create(TensorShapeProto_DimensionSchema, {
      value:
        typeof size === 'number'
          ? { case: 'dimValue', value: BigInt(size) }
          : { case: 'dimParam', value: show(size) },
    }),
  );
  const tensorType = create(TypeProto_TensorSchema, {
    elemType: dtype,
    shape: create(TensorShapeProtoSchema, { dim }),
  });
  return create(ValueInfoProtoSchema, {
    name,
    type: create(TypeProtoSchema, { value: { case: 'tensorType', value: tensorType } }),
  });
}

/** A file for a graph of ours (training graphs, our own checkpoints). */
export function modelFrom(graph: Graph): ModelProto {
  return create(ModelProtoSchema, {
    // 4-bit types came with IR version 10.
    irVersion: (graph.opsets[''] ?? 0) >= 21 ? 10n : 8n,
    producerName: 'tandem',
    opsetImport: Object.entries(graph.opsets).map(([domain, version]) =>
      create(OperatorSetIdProtoSchema, { domain, version: BigInt(version) }),
    ),
    graph: create(GraphProtoSchema, {
      name: graph.name,
      node: graph.nodes.map((node) =>
        create(NodeProtoSchema, {
          name: node.name,
          opType: node.op,
          domain: node.domain,
          input: [...node.inputs],
          output: [...node.outputs],
          attribute: Object.entries(node.attributes).map(([name, a]) => attributeProto(name, a)),
        }),
      ),
      initializer: [...graph.initializers].map(([name, tensor]) => tensorProto(name, tensor)),
      input: graph.inputs.map(valueInfoProto),
      output: graph.outputs.map(valueInfoProto),
    }),
  });
}

/** The tensor's bytes are in a file beside the model. */
export function pointTo(tensor: TensorProto, file: string, offset: number, length: number): void {
  tensor.dataLocation = TensorProto_DataLocation.EXTERNAL;
  tensor.rawData = new Uint8Array(0);
  tensor.externalData = Object.entries({
    location: file,
    offset: `${offset}`,
    length: `${length}`,
  }).map(([key, value]) => create(StringStringEntryProtoSchema, { key, value }));
}
