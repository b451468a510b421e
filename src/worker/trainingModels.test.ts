// Models that people bring to train: weights in files beside the model, and what cannot be trained, each with a clear
// error and nothing lost. Through the worker's messages, on Node's ONNX Runtime.
import { create } from '@bufbuild/protobuf';
import {
  StringStringEntryProtoSchema,
  TensorProto_DataLocation,
  TensorProto_DataType,
} from 'onnx-buf';
import { describe, expect, it } from 'vitest';
import { folderOf, modelBytes } from '../../test/support/ownCheckpoint.ts';
import { browser, talk, timeless, trainingOf } from '../../test/support/talk.ts';
import { missingFile } from '../models/folder.ts';
import { type ModelProto, readModel, writeModel } from '../onnx/model.ts';

type Files = Readonly<Record<string, Uint8Array>>;

/** Our own decoder with something changed, in a folder with these files beside it. */
function folderWith(change: (model: ModelProto) => void, beside: Files = {}) {
  const model = readModel(modelBytes());
  change(model);
  const { read, ...folder } = folderOf(writeModel(model));
  return {
    ...folder,
    files: new Set([...(folder.files ?? []), ...Object.keys(beside)]),
    read: async (path: string) => {
      if (path in beside) return beside[path]!;
      if (path.endsWith('_data')) throw missingFile(folder.name, path, 'it is not there');
      return read(path);
    },
  };
}

/** Moves the embedding into a file of that name. Returns the file's bytes. */
function outside(model: ModelProto, location: string): Uint8Array {
  const tensor = model.graph!.initializer.find(({ name }) => name === 'wte.weight')!;
  const bytes = new Uint8Array([9, 9, 9, 9, ...tensor.rawData]);
  const entry = (key: string, value: string) =>
    create(StringStringEntryProtoSchema, { key, value });
  tensor.dataLocation = TensorProto_DataLocation.EXTERNAL;
  tensor.externalData = [
    entry('location', location),
    entry('offset', '4'),
    entry('length', `${tensor.rawData.length}`),
  ];
  tensor.rawData = new Uint8Array();
  return bytes;
}

async function train(folder: ReturnType<typeof folderWith>) {
  const conversation = await talk(browser(), { folder: () => folder });
  conversation.begin(1, trainingOf());
  await conversation.until(() => conversation.ended(1));
  return conversation;
}

describe('weights in files beside the model', () => {
  it('are read, trained as if they were inside, and kept inside', async () => {
    const data = outside(readModel(modelBytes()), 'model.onnx_data');
    const apart = folderWith((model) => outside(model, 'model.onnx_data'), {
      'onnx/model.onnx_data': data,
    });
    const { events, stored } = await train(apart);
    const expected = await train(folderWith(() => {}));
    expect(timeless(events(1))).toEqual(timeless(expected.events(1)));
    const [ours, theirs] = [stored, expected.stored].map((told) => told().checkpoints[0]!.bytes);
    // But for the word that the weights are inside now.
    expect(Math.abs(ours! - theirs!)).toBeLessThan(8);
  });

  it.each([
    ['a file that is not there', 'model.onnx_data', {}],
    [
      'a file outside the folder',
      '../../secret_data',
      { 'onnx/../../secret_data': new Uint8Array(9) },
    ],
  ])('in %s are asked for by name', async (_, location, beside) => {
    const { events, stored } = await train(folderWith((model) => outside(model, location), beside));
    expect(events(1)).toMatchObject([
      {
        type: 'failed',
        failure: {
          code: 'onnx',
          message: `The weights of 'wte.weight' are in the file '${location}', which is missing.`,
          remedy: `Add '${location}' beside the .onnx file and load both together.`,
        },
      },
    ]);
    expect(stored()?.checkpoints ?? []).toEqual([]);
  });

  it('in a file that is cut short are called so', async () => {
    const folder = folderWith((model) => outside(model, 'model.onnx_data'), {
      'onnx/model.onnx_data': new Uint8Array(100),
    });
    const { events } = await train(folder);
    expect(events(1)).toMatchObject([
      {
        failure: { code: 'onnx', message: expect.stringMatching(/'wte.weight' needs \d+ bytes/) },
      },
    ]);
  });
});

describe('a model that cannot be trained', () => {
  const first = (model: ModelProto, op: string) =>
    model.graph!.node.find(({ opType }) => opType === op)!;
  it.each<[string, (model: ModelProto) => void, RegExp, RegExp]>([
    [
      'an operator without a rule',
      (model) => Object.assign(first(model, 'Tanh'), { opType: 'Asinh' }),
      /there is no gradient for Asinh \(once\)/,
      /Export the model without it/,
    ],
    [
      'a body of its own',
      (model) => Object.assign(first(model, 'Tanh'), { opType: 'If' }),
      /there is no gradient for If \(once\)/,
      /without merged decoders/,
    ],
    [
      'bfloat16 weights',
      (model) => {
        const tensor = model.graph!.initializer.find(({ name }) => name === 'wte.weight')!;
        tensor.dataType = TensorProto_DataType.BFLOAT16;
        tensor.rawData = tensor.rawData.slice(0, tensor.rawData.length / 2);
      },
      /The weights are bfloat16 \('wte\.weight'\); training needs float32/,
      /Use the float32 export/,
    ],
    [
      'integer weights',
      (model) => Object.assign(first(model, 'MatMul'), { opType: 'MatMulInteger' }),
      /there is no gradient for MatMulInteger \(once\)/,
      /LoRA/,
    ],
  ])('%s: the run fails with the reason and the remedy, and the next one works', async (...row) => {
    const [, change, message, remedy] = row;
    const folders = [folderWith(change), folderWith(() => {})];
    const conversation = await talk(browser(), { folder: () => folders.shift()! });
    conversation.begin(1, trainingOf());
    await conversation.until(() => conversation.ended(1));
    expect(conversation.events(1)).toMatchObject([
      {
        type: 'failed',
        failure: {
          code: 'onnx',
          message: expect.stringMatching(message),
          remedy: expect.stringMatching(remedy),
        },
      },
    ]);
    conversation.begin(2, trainingOf({ steps: 1, evaluateEvery: 0 }));
    await conversation.until(() => conversation.ended(2));
    expect(conversation.types(2).at(-1)).toBe('completed');
    expect(conversation.stored().checkpoints).toHaveLength(1);
  });
});
