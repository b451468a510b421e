// The texts that people see for files that cannot be read or trained: what was found and what to do.

import { create } from '@bufbuild/protobuf';
import { TensorProto_DataLocation, TensorProtoSchema } from 'onnx-buf';
import { describe, expect, it } from 'vitest';
import { withCotangents, withTokenLogProbs } from '../../src/autodiff/joint.ts';
import { injectLora } from '../../src/autodiff/lora.ts';
import { UserError } from '../../src/core/errors.ts';
import { symbol } from '../../src/onnx/dim.ts';
import { type Attributes, type Graph, int, type Node } from '../../src/onnx/graph.ts';
import { externalFiles, readModel, writeModel } from '../../src/onnx/model.ts';
import { normalize } from '../../src/onnx/normalize.ts';
import { graphFrom, modelFrom } from '../../src/onnx/proto.ts';
import { DataType, type Tensor, tensorOf } from '../../src/onnx/tensor.ts';
import { withWeights } from '../../src/onnx/weights.ts';
import { bytesOf } from './fixtures.ts';

function failure(action: () => unknown): UserError {
  try {
    action();
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

const ascii = (text: string) => new Uint8Array(new TextEncoder().encode(text));
const whole = bytesOf('../fixtures/autodiff/gpt2.onnx');

describe('files that are not models', () => {
  it.each([
    ['', 'This file is empty.'],
    ['{"model_type": "gpt2"}', 'This is a JSON file, not an ONNX model.'],
    ['<!doctype html><html>', 'This is a web page (HTML or XML), not an ONNX model.'],
    ['GGUF\u0003\u0000\u0000', 'This is a GGUF file, not an ONNX model.'],
    ['PK\u0003\u0004', 'This is a zip archive (or a PyTorch checkpoint), not an ONNX model.'],
    [
      '\u0040\u0000\u0000\u0000\u0000\u0000\u0000\u0000{"a":1}',
      'This is a safetensors file, not an ONNX model.',
    ],
    [
      'version https://git-lfs.github.com/spec/v1',
      'This is a Git LFS pointer, not the ONNX model itself.',
    ],
    ['hello world', 'This is not an ONNX model.'],
  ])('%j', (text, message) => {
    const error = failure(() => readModel(ascii(text)));
    expect(error.code).toBe('onnx');
    expect(error.message).toBe(message);
    expect(error.remedy).toBe(
      'Choose the .onnx file of an export made with torch.onnx, Optimum or the ONNX Runtime GenAI builder.',
    );
  });

  it.each([100, 5000, 300000])('a model cut after %i bytes', (length) => {
    const error = failure(() => readModel(whole.slice(0, length)));
    expect(error.message).toBe(`The ONNX file ends early or is damaged (${length} bytes).`);
    expect(error.remedy).toBe('Download or export it again and check its size.');
  });

  it('a tensor with too few bytes', () => {
    const model = readModel(whole);
    const tensor = model.graph!.initializer[0]!;
    tensor.rawData = tensor.rawData.slice(0, 10);
    const error = failure(() => graphFrom(model));
    expect(error.message).toBe("Tensor 'wte.weight' needs 18624 bytes and has 10.");
  });

  it('external data that is missing, and the same data given', () => {
    const model = readModel(whole);
    const index = model.graph!.initializer.findIndex((tensor) => tensor.name === 'wpe.weight');
    const tensor = model.graph!.initializer[index]!;
    const data = new Uint8Array([0, 0, 0, 0, ...tensor.rawData]);
    model.graph!.initializer[index] = create(TensorProtoSchema, {
      name: tensor.name,
      dataType: tensor.dataType,
      dims: tensor.dims,
      dataLocation: TensorProto_DataLocation.EXTERNAL,
      externalData: [
        { key: 'location', value: 'model.onnx_data' },
        { key: 'offset', value: '4' },
        { key: 'length', value: `${data.length - 4}` },
      ],
    });
    expect(externalFiles(model)).toEqual(['model.onnx_data']);
    const error = failure(() => graphFrom(model));
    expect(error.message).toBe(
      "The weights of 'wpe.weight' are in the file 'model.onnx_data', which is missing.",
    );
    expect(error.remedy).toBe(
      "Add 'model.onnx_data' beside the .onnx file and load both together.",
    );
    const graph = graphFrom(model, new Map([['model.onnx_data', data]]));
    expect(graph.initializers.get('wpe.weight')!.bytes).toEqual(tensor.rawData);
  });
});

const weight = tensorOf(
  DataType.float,
  [4, 4],
  Array.from({ length: 16 }, (_, i) => i / 16),
);

/** ids (B, T) -> embedding (B, T, 4) -> the nodes under test -> logits */
function decoder(
  nodes: readonly Partial<Node>[],
  { tensors = {}, opset = 17 }: { tensors?: Record<string, Tensor>; opset?: number } = {},
): Graph {
  const attributes: Attributes = {};
  return {
    name: 'test',
    inputs: [{ name: 'input_ids', dtype: DataType.int64, shape: [symbol('B'), symbol('T')] }],
    outputs: [{ name: 'logits', dtype: DataType.float, shape: [symbol('B'), symbol('T'), 4] }],
    initializers: new Map(Object.entries({ wte: weight, ...tensors })),
    nodes: [{ op: 'Gather', inputs: ['wte', 'input_ids'], outputs: ['x'] }, ...nodes].map(
      (node) => ({ name: '', op: '', domain: '', inputs: [], outputs: [], attributes, ...node }),
    ),
    values: new Map(),
    opsets: { '': opset },
  };
}

describe('graphs that cannot be trained', () => {
  const cases: readonly [string, Graph, string, RegExp][] = [
    [
      'an operator without a rule',
      decoder([{ op: 'Einsum', name: '/h.0/Einsum', inputs: ['x', 'x'], outputs: ['logits'] }]),
      "Einsum node '/h.0/Einsum': the operator Einsum has no rule here.",
      /Export the model without it/,
    ],
    [
      'an operator of an unknown domain',
      decoder([{ op: 'Fancy', domain: 'custom', inputs: ['x'], outputs: ['logits'] }]),
      "custom.Fancy node 'logits': the operator custom.Fancy has no rule here.",
      /Export the model without it/,
    ],
    [
      'If',
      decoder([{ op: 'If', name: 'optimum::if', inputs: ['x'], outputs: ['logits'] }]),
      "If node 'optimum::if' has a body of its own, which cannot be differentiated.",
      /decoder_model_merged\.onnx/,
    ],
    [
      'Loop',
      decoder([{ op: 'Loop', inputs: ['x'], outputs: ['logits'] }]),
      "Loop node 'logits' has a body of its own, which cannot be differentiated.",
      /past inputs always given/,
    ],
    [
      'an old operator set',
      decoder([{ op: 'Identity', inputs: ['x'], outputs: ['logits'] }], { opset: 11 }),
      'The model uses ONNX operator set 11; its Softmax and Squeeze differ from those of set 13 and later.',
      /opset_version=17/,
    ],
    [
      'float16 weights',
      decoder([{ op: 'Identity', inputs: ['x'], outputs: ['logits'] }], {
        tensors: { h: { dtype: DataType.float16, dims: [2, 2], bytes: new Uint8Array(8) } },
      }),
      "The weights are float16 ('h'); training needs float32.",
      /model\.onnx instead of model_fp16\.onnx/,
    ],
    [
      'integer weights',
      decoder([{ op: 'MatMulInteger', name: 'q', inputs: ['x', 'w'], outputs: ['logits'] }]),
      "The weights are integers (operator MatMulInteger in node 'q').",
      /4-bit export \(model_q4\.onnx\) with LoRA/,
    ],
    [
      'a reshape that does not fit',
      decoder([{ op: 'Reshape', name: 'r', inputs: ['x', 's'], outputs: ['logits'] }], {
        tensors: { s: tensorOf(DataType.int64, [2], [7, -1]) },
      }),
      "Reshape node 'r': cannot divide 4*B*T by 7.",
      /Bind the symbols/,
    ],
    [
      'a shape that depends on data',
      decoder([
        { op: 'Cast', inputs: ['x'], outputs: ['i'], attributes: { to: int(DataType.int64) } },
        { op: 'Reshape', name: 'r', inputs: ['x', 'i'], outputs: ['logits'] },
      ]),
      "Reshape node 'r': input 1 depends on data, so the shape is unknown.",
      /Bind the symbols/,
    ],
    [
      'shapes that do not multiply',
      decoder([{ op: 'MatMul', name: 'm', inputs: ['x', 'w'], outputs: ['logits'] }], {
        tensors: { w: tensorOf(DataType.float, [3, 2], [1, 2, 3, 4, 5, 6]) },
      }),
      "MatMul node 'm': shapes [B, T, 4] and [3, 2] do not multiply.",
      /Bind the symbols/,
    ],
    [
      'a value that nothing computes',
      decoder([{ op: 'Relu', inputs: ['nowhere'], outputs: ['logits'] }]),
      "The value 'nowhere' is used before anything computes it.",
      /export it again/,
    ],
  ];

  it.each(cases)('%s', (_, graph, message, remedy) => {
    const error = failure(() => normalize(graph));
    expect(error.code).toBe('onnx');
    expect(error.message).toBe(message);
    expect(error.remedy).toMatch(remedy);
  });

  it('an output that is not there', () => {
    const graph = decoder([{ op: 'Identity', inputs: ['x'], outputs: ['logits'] }]);
    const error = failure(() => normalize(graph, { outputs: ['hidden'] }));
    expect(error.message).toBe("The model has no output 'hidden'; it has 'logits'.");
  });

  it('a gradient through an operator that only goes forward', () => {
    const nodes = [
      {
        op: 'ScatterElements',
        name: 's',
        inputs: ['x', 'at', 'x'],
        outputs: ['logits'],
        attributes: { axis: int(0) },
      },
    ];
    const at = tensorOf(DataType.int64, [1, 1, 4], [0, 0, 0, 0]);
    const { graph } = normalize(decoder(nodes, { tensors: { at } }));
    const error = failure(() => withCotangents(graph, ['wte']));
    expect(error.message).toBe(
      "ScatterElements node 'logits' has no gradient: only gradients and shapes use this operator.",
    );
  });

  it('a slice with gaps', () => {
    const numbers = (...values: number[]) => tensorOf(DataType.int64, [values.length], values);
    const tensors = { zero: numbers(0), four: numbers(4), two: numbers(2) };
    const nodes = [
      { op: 'Slice', inputs: ['x', 'zero', 'four', 'two', 'two'], outputs: ['logits'] },
    ];
    const { graph } = normalize(decoder(nodes, { tensors }));
    const error = failure(() => withCotangents(graph, ['wte']));
    expect(error.message).toBe("Slice node 'logits' has no gradient: its step is not 1.");
  });

  it('logits without a length', () => {
    const nodes = [
      {
        op: 'ReduceMean',
        inputs: ['x'],
        outputs: ['logits'],
        attributes: { keepdims: int(0), axes: { type: 'ints', value: [1] } as const },
      },
    ];
    const { graph } = normalize(decoder(nodes));
    const error = failure(() => withTokenLogProbs(graph, ['wte']));
    expect(error.message).toBe(
      'The logits have 2 axes; training needs (batch, length, vocabulary).',
    );
  });

  it('LoRA without a matrix', () => {
    const normalized = normalize(decoder([{ op: 'Relu', inputs: ['x'], outputs: ['logits'] }]));
    const error = failure(() => injectLora(normalized, { rank: 2, alpha: 2, normal: () => 1 }));
    expect(error.message).toBe('No weight matrix was found that LoRA could adapt.');
  });

  it('weights of another size', () => {
    const raw = decoder([{ op: 'Relu', inputs: ['x'], outputs: ['logits'] }]);
    const model = readModel(writeModel(modelFrom(raw)));
    const error = failure(() =>
      withWeights(model, normalize(graphFrom(model)), new Map([['wte', new Float32Array(3)]])),
    );
    expect(error.message).toBe("The weights for 'wte' have 3 numbers, not 16.");
  });
});
