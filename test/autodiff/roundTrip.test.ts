import { create, toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema } from 'onnx-buf';
import { describe, expect, it } from 'vitest';
import { withCotangents } from '../../src/autodiff/joint.ts';
import { readModel, writeModel } from '../../src/onnx/model.ts';
import { normalize } from '../../src/onnx/normalize.ts';
import { graphFrom, modelFrom } from '../../src/onnx/proto.ts';
import { bytesOf } from './fixtures.ts';

const files = [
  '../fixtures/autodiff/gpt2.onnx',
  '../fixtures/autodiff/llama.onnx',
  '../fixtures/torch-small/onnx/model.onnx',
  '../../public/models/base-small/onnx/model.onnx',
  '../../public/models/base-large/onnx/model.onnx',
];

describe('reading and writing', () => {
  it.each(files)('keeps %s byte for byte', (path) => {
    const bytes = bytesOf(path);
    expect(Buffer.compare(writeModel(readModel(bytes)), bytes)).toBe(0);
  });

  it('does not copy weights', () => {
    const bytes = bytesOf(files[0]!);
    for (const { bytes: view } of graphFrom(readModel(bytes)).initializers.values()) {
      expect(view.buffer).toBe(bytes.buffer);
    }
  });

  it('keeps fields that no schema knows', () => {
    // Field 1000, a varint: what a later version of ONNX might add.
    const bytes = new Uint8Array([...bytesOf(files[0]!), 0xc0, 0x3e, 0x07]);
    expect(Buffer.compare(writeModel(readModel(bytes)), bytes)).toBe(0);
  });

  it('keeps what the graph as a value leaves out', () => {
    const bytes = toBinary(
      ModelProtoSchema,
      create(ModelProtoSchema, {
        irVersion: 8n,
        docString: 'a model',
        metadataProps: [{ key: 'author', value: 'someone' }],
        functions: [{ name: 'F', domain: 'custom', input: ['x'], output: ['y'] }],
        graph: {
          name: 'g',
          docString: 'a graph',
          node: [{ opType: 'Relu', input: ['x'], output: ['y'], docString: 'a node' }],
          quantizationAnnotation: [{ tensorName: 'x' }],
        },
      }),
    );
    expect(Buffer.compare(writeModel(readModel(bytes)), bytes)).toBe(0);
  });

  it('keeps a training graph of ours as a value', () => {
    const { graph, parameters } = normalize(graphFrom(readModel(bytesOf(files[1]!))));
    const joint = withCotangents(
      graph,
      parameters.map((parameter) => parameter.name),
    ).graph;
    const again = graphFrom(readModel(writeModel(modelFrom(joint))));
    expect(again.nodes).toEqual(joint.nodes);
    expect(again.inputs).toEqual(joint.inputs);
    expect(again.outputs).toEqual(joint.outputs);
    expect([...again.initializers.keys()]).toEqual([...joint.initializers.keys()]);
  });
});
