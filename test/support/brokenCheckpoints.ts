// Checkpoints that go wrong in one chosen way, made from a built-in one: what people will drop on the page
// sooner or later, for tests of what happens then.
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  TensorProto_DataType,
  TensorProtoSchema,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  ValueInfoProtoSchema,
} from 'onnx-buf';

type Bytes = Uint8Array<ArrayBuffer>;

const int64 = (name: string, value: bigint) =>
  create(TensorProtoSchema, { name, dataType: TensorProto_DataType.INT64, int64Data: [value] });

/** Logits through an operator that has no gradient here. */
export function untrainable(model: Bytes, opType = 'Selu', before = 'logits_before'): Bytes {
  const proto = fromBinary(ModelProtoSchema, model);
  const graph = proto.graph;
  if (!graph) throw new Error('no graph');
  for (const node of graph.node) {
    node.output = node.output.map((name) => (name === 'logits' ? before : name));
  }
  graph.node.push(create(NodeProtoSchema, { opType, input: [before], output: ['logits'] }));
  return Uint8Array.from(toBinary(ModelProtoSchema, proto));
}

/** The same model behind a Loop that runs 2^62 times: every forward pass hangs. */
export function hanging(model: Bytes): Bytes {
  const proto = fromBinary(ModelProtoSchema, model);
  const graph = proto.graph;
  if (!graph) throw new Error('no graph');
  for (const node of graph.node) {
    node.output = node.output.map((name) => (name === 'logits' ? 'logits_before' : name));
    node.input = node.input.map((name) => (name === 'logits' ? 'logits_before' : name));
  }
  const value = (name: string, elemType: number, rank = 0) =>
    create(ValueInfoProtoSchema, {
      name,
      type: create(TypeProtoSchema, {
        value: {
          case: 'tensorType',
          value: create(TypeProto_TensorSchema, {
            elemType,
            shape: create(TensorShapeProtoSchema, {
              dim: Array.from({ length: rank }, () => create(TensorShapeProto_DimensionSchema)),
            }),
          }),
        },
      }),
    });
  const body = create(GraphProtoSchema, {
    name: 'endless',
    input: [
      value('iteration', TensorProto_DataType.INT64),
      value('condition', TensorProto_DataType.BOOL),
      value('carried', TensorProto_DataType.FLOAT, 3),
    ],
    output: [
      value('condition_out', TensorProto_DataType.BOOL),
      value('carried_out', TensorProto_DataType.FLOAT, 3),
    ],
    node: [
      create(NodeProtoSchema, {
        opType: 'Identity',
        input: ['condition'],
        output: ['condition_out'],
      }),
      create(NodeProtoSchema, { opType: 'Neg', input: ['carried'], output: ['carried_out'] }),
    ],
  });
  const yes = create(TensorProtoSchema, {
    name: 'yes',
    dataType: TensorProto_DataType.BOOL,
    int32Data: [1],
  });
  graph.initializer.push(int64('trips', 2n ** 62n), yes);
  graph.node.push(
    create(NodeProtoSchema, {
      opType: 'Loop',
      name: 'endless',
      input: ['trips', 'yes', 'logits_before'],
      output: ['logits'],
      attribute: [
        create(AttributeProtoSchema, {
          name: 'body',
          type: AttributeProto_AttributeType.GRAPH,
          g: body,
        }),
      ],
    }),
  );
  return toBinary(ModelProtoSchema, proto);
}

/** The same model with one NaN in its largest float weight, so that logits become NaN. */
export function withNaN(model: Bytes): Bytes {
  const proto = fromBinary(ModelProtoSchema, model);
  const floats = (proto.graph?.initializer ?? []).filter(
    (tensor) => tensor.dataType === TensorProto_DataType.FLOAT && tensor.dims.length === 2,
  );
  for (const tensor of floats) {
    const raw = tensor.rawData;
    if (raw.byteLength < 4) continue;
    const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
    for (let at = 0; at + 4 <= raw.byteLength; at += 4) view.setFloat32(at, Number.NaN, true);
  }
  return toBinary(ModelProtoSchema, proto);
}

/** The same tokenizer in which two characters have changed places. */
export function swappedVocabulary(tokenizer: string): string {
  const json = JSON.parse(tokenizer);
  const vocab = json.model.vocab;
  [vocab.a, vocab.b] = [vocab.b, vocab.a];
  return JSON.stringify(json);
}

/** The same tokenizer with `extra` more entries than the model has rows. */
export function largerVocabulary(tokenizer: string, extra: number): string {
  const json = JSON.parse(tokenizer);
  const vocab = json.model.vocab;
  const size = Object.keys(vocab).length;
  for (let i = 0; i < extra; i++) vocab[`<extra ${i}>`] = size + i;
  return JSON.stringify(json);
}
