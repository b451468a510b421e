// A float16 model as float32: what trains it computes in float32 (a gradient of 1e-8 is zero in float16). Weights,
// caches, logits and casts; everything else of the file stays. What was trained is narrowed again when it is written
// back into the file that it came from (weights.ts).

import { create } from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType as AttributeType,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type TensorProto,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  type ValueInfoProto,
} from 'onnx-buf';
import { halfToFloat } from './half.ts';
import { tensorFrom, tensorProto } from './proto.ts';
import { DataType } from './tensor.ts';
import { shallow } from './weights.ts';

function wideTensor(proto: TensorProto): TensorProto {
  if (proto.dataType !== DataType.float16) return proto;
  // Few numbers may stand one by one, as the bits of a float16 each.
  const bits = proto.int32Data;
  const bytes =
    proto.rawData.length === 0 && bits.length > 0
      ? new Uint8Array(Uint16Array.from(bits).buffer)
      : tensorFrom(proto).bytes;
  const dims = proto.dims.map(Number);
  const values = new Uint8Array(halfToFloat(bytes).buffer);
  return tensorProto(proto.name, { dtype: DataType.float, dims, bytes: values });
}

function widePort(port: ValueInfoProto): ValueInfoProto {
  const type = port.type?.value;
  if (type?.case !== 'tensorType' || type.value.elemType !== DataType.float16) return port;
  const copy = shallow(port);
  const tensor = create(TypeProto_TensorSchema, {
    elemType: DataType.float,
    ...(type.value.shape && { shape: type.value.shape }),
  });
  copy.type = create(TypeProtoSchema, { value: { case: 'tensorType', value: tensor } });
  return copy;
}

function wideNode(node: NodeProto): NodeProto {
  const touched = node.attribute.some(
    (a) =>
      (a.type === AttributeType.INT && a.name === 'to' && a.i === BigInt(DataType.float16)) ||
      a.t?.dataType === DataType.float16,
  );
  if (!touched) return node;
  const copy = shallow(node);
  copy.attribute = node.attribute.map((a) => {
    const own = shallow(a);
    if (own.name === 'to' && own.i === BigInt(DataType.float16)) own.i = BigInt(DataType.float);
    if (own.t) own.t = wideTensor(own.t);
    return own;
  });
  return copy;
}

/** The same model if nothing in it is float16. Throws UserError 'onnx' for tensors cut short. */
export function widened(model: ModelProto): ModelProto {
  const { graph } = model;
  const narrow = graph?.initializer.some(({ dataType }) => dataType === DataType.float16);
  if (!graph || !narrow) return model;
  const wide: GraphProto = shallow(graph);
  wide.initializer = graph.initializer.map(wideTensor);
  wide.input = graph.input.map(widePort);
  wide.output = graph.output.map(widePort);
  wide.valueInfo = graph.valueInfo.map(widePort);
  wide.node = graph.node.map(wideNode);
  const copy = shallow(model);
  copy.graph = wide;
  return copy;
}
