// Trained weights back into the file they came from. Everything else of the file stays as it was: its operators,
// its KV cache, its metadata. Copies (a tied head) follow their source, and a weight that the exporter had merged
// with an equal one (Identity of another initialiser) becomes a tensor of its own. Or no weights at all: then they
// are inputs, and the file decodes with those that are being trained.

import { create } from '@bufbuild/protobuf';
import {
  type GraphProto,
  type ModelProto,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  TensorProto_DataLocation,
} from 'onnx-buf';
import { UserError } from '../core/errors.ts';
import { floatToHalf } from './half.ts';
import type { Normalized } from './normalize.ts';
import { type ExternalFiles, tensorFrom, tensorProto, valueInfoProto } from './proto.ts';
import { DataType, float32Of, type Tensor, transposed } from './tensor.ts';
import type { Tie } from './ties.ts';

/** A copy one level deep; keeps the prototype, on which protobuf's defaults and presence rest. */
export function shallow<T extends object>(message: T): T {
  return Object.assign(Object.create(Object.getPrototypeOf(message)), message);
}

/** In the file's number type: float16 weights are trained as float32. */
function withBytes(proto: TensorProto, tensor: Tensor): TensorProto {
  const copy = shallow(proto);
  const narrow = proto.dataType === DataType.float16 && tensor.dtype === DataType.float;
  copy.rawData = narrow ? floatToHalf(float32Of(tensor)) : tensor.bytes;
  copy.floatData = [];
  copy.int32Data = [];
  if (proto.dataLocation === TensorProto_DataLocation.EXTERNAL) {
    copy.dataLocation = TensorProto_DataLocation.DEFAULT;
    copy.externalData = [];
  }
  return copy;
}

/** The model with the tensors that it keeps in files beside it, which it needs no more. Throws UserError 'onnx' */
export function withExternalData(model: ModelProto, files: ExternalFiles): ModelProto {
  if (model.graph === undefined) throw new Error('withExternalData: the model has no graph');
  const graph: GraphProto = shallow(model.graph);
  graph.initializer = graph.initializer.map((proto) =>
    proto.dataLocation === TensorProto_DataLocation.EXTERNAL
      ? withBytes(proto, tensorFrom(proto, files))
      : proto,
  );
  const copy = shallow(model);
  copy.graph = graph;
  return copy;
}

/** New tensors by initialiser name: parameters and their copies. */
function tensorsOf(
  { parameters, ties }: Pick<Normalized, 'parameters' | 'ties'>,
  weights: ReadonlyMap<string, Float32Array<ArrayBuffer>>,
): Map<string, Tensor> {
  const tensors = new Map<string, Tensor>();
  for (const { name, dims, tensor } of parameters) {
    const values = weights.get(name);
    if (values === undefined) continue;
    if (values.byteLength !== tensor.bytes.length) {
      throw new UserError(
        'onnx',
        `The weights for '${name}' have ${values.length} numbers, not ${tensor.bytes.length / 4}.`,
        'Use weights that were trained from this very file.',
      );
    }
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    tensors.set(name, { dtype: tensor.dtype, dims, bytes });
  }
  for (const [copy, { source, transposed: turned }] of ties) {
    const tensor = tensors.get(source);
    if (tensor !== undefined) tensors.set(copy, turned ? transposed(tensor) : tensor);
  }
  return tensors;
}

/**
 * The model with new weights, by parameter name; parameters that are not named keep theirs.
 * `model` itself is not changed.
 */
export function withWeights(
  model: ModelProto,
  normalized: Pick<Normalized, 'parameters' | 'ties'>,
  weights: ReadonlyMap<string, Float32Array<ArrayBuffer>>,
): ModelProto {
  if (model.graph === undefined) throw new Error('withWeights: the model has no graph');
  const tensors = tensorsOf(normalized, weights);
  const present = new Set(model.graph.initializer.map((proto) => proto.name));
  const added = [...tensors].filter(([name]) => !present.has(name));
  const ownNow = new Set(added.map(([name]) => name));
  const graph: GraphProto = shallow(model.graph);
  graph.initializer = [
    ...graph.initializer.map((proto) => {
      const tensor = tensors.get(proto.name);
      return tensor === undefined ? proto : withBytes(proto, tensor);
    }),
    ...added.map(([name, tensor]) => tensorProto(name, tensor)),
  ];
  graph.node = graph.node.filter(
    (node) => !(node.opType === 'Identity' && ownNow.has(node.output[0] ?? '')),
  );
  const copy = shallow(model);
  copy.graph = graph;
  return copy;
}

/**
 * The model with its parameters as inputs: whoever runs it gives the weights. Copies (a tied head) are made from
 * their source at every run. `model` itself is not changed.
 */
export function liftWeights(
  model: ModelProto,
  { parameters, ties }: Pick<Normalized, 'parameters' | 'ties'>,
): ModelProto {
  if (model.graph === undefined) throw new Error('liftWeights: the model has no graph');
  const lifted = new Set(parameters.map(({ name }) => name));
  const graph: GraphProto = shallow(model.graph);
  graph.initializer = graph.initializer.filter(({ name }) => !lifted.has(name) && !ties.has(name));
  graph.input = [
    ...graph.input.filter(({ name }) => !lifted.has(name) && !ties.has(name)),
    ...parameters.map(({ name, dims, tensor }) =>
      valueInfoProto({ name, dtype: tensor.dtype, shape: dims }),
    ),
  ];
  graph.node = [
    ...[...ties].map(([copy, tie]) => copyNode(copy, tie)),
    ...graph.node.filter((node) => !lifted.has(node.output[0] ?? '')),
  ];
  const copy = shallow(model);
  copy.graph = graph;
  return copy;
}

function copyNode(copy: string, { source, transposed: turned }: Tie): NodeProto {
  return create(NodeProtoSchema, {
    name: `${copy}.copy`,
    opType: turned ? 'Transpose' : 'Identity',
    input: [source],
    output: [copy],
  });
}
