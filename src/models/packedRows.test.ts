// Rows of several texts: the gradients and log-probs of a packed row are, by definition, those of its texts, each in a
// row of its own. On Node, for decoders of every kind that is taken apart for training.
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { loadNodeRuntime } from '../../cli/nodeRuntime.ts';
import { genAi, optimized } from '../../test/autodiff/contribModels.ts';
import { bytesOf } from '../../test/autodiff/fixtures.ts';
import { modelBytes, tiny } from '../../test/support/ownDecoder.ts';
import { difference, textRows } from '../../test/support/textRows.ts';
import { packRows } from '../algorithms/packing.ts';
import { createCpuBackend } from '../backend/cpu.ts';
import type { TokenRow, Update } from '../core/trainable.ts';
import { symbol } from '../onnx/dim.ts';
import type { Graph } from '../onnx/graph.ts';
import { writeModel } from '../onnx/model.ts';
import { modelFrom } from '../onnx/proto.ts';
import { DataType, tensorOf } from '../onnx/tensor.ts';
import { OrtTrainable } from './ortTrainable.ts';
import type { OrtRuntime } from './runtime.ts';
import type { TrainableOptions } from './trainable.ts';

const UPDATE: Update = {
  learningRate: 1e-2,
  beta1: 0.9,
  beta2: 0.99,
  epsilon: 1e-8,
  weightDecay: 0.1,
  clip: 1,
};
let runtime: OrtRuntime;
beforeAll(async () => {
  runtime = await loadNodeRuntime();
});
const made: { release(): Promise<void> }[] = [];
afterEach(async () => {
  for (const model of made.splice(0).reverse()) await model.release();
});
async function trainable(
  bytes: Uint8Array<ArrayBuffer>,
  options: Partial<TrainableOptions> = {},
): Promise<OrtTrainable> {
  const model = await OrtTrainable.create(bytes, runtime, { contextLength: 12, ...options });
  made.push(model);
  return model;
}

const fileOf = (graph: Graph) => writeModel(modelFrom(graph));
const models: Readonly<Record<string, () => Uint8Array<ArrayBuffer>>> = {
  'our own': () => modelBytes({ ...tiny, context: 12 }),
  'Llama as torch exports it': () => bytesOf('../fixtures/autodiff/llama.onnx'),
  'GroupQueryAttention, rotary positions from 0': () => fileOf(genAi('packed').graph),
  'GroupQueryAttention, positions given': () => fileOf(genAi('positions').graph),
  MultiHeadAttention: () => fileOf(optimized().graph),
};

describe.each(Object.entries(models))('%s', (_, bytes) => {
  it('reads a packed row as if each text had one to itself', async () => {
    const [packing, plain] = [
      await trainable(bytes(), { packed: true, microBatch: 3 }),
      await trainable(bytes(), { microBatch: 1 }),
    ];
    const rows = textRows(9, plain.vocab);
    const packed = packRows(rows, 12);
    expect(packed.length).toBeLessThan(rows.length / 2);
    expect(packed.some(({ starts = [] }) => starts.length > 2)).toBe(true);
    const [ours, theirs] = [await packing.gradients(packed), await plain.gradients(rows)];
    const worst = difference(ours.gradients.values(), theirs.gradients.values());
    expect(worst).toBeLessThanOrEqual(1e-5);
    // Texts are found again by their tokens' order in the packed rows.
    const inRows = packRows(
      rows.map((row, r) => ({ ...row, weights: [...theirs.logProbs[r]!] })),
      12,
    );
    const expected = inRows.map(({ weights }) => Float32Array.from(weights));
    expect(difference(ours.logProbs, expected)).toBeLessThanOrEqual(1e-5);
  });
});

it('a model that counts its learned positions itself goes on counting, and still sees no other text', async () => {
  // What torch exports of GPT-2 has token ids as its only input.
  const bytes = bytesOf('../fixtures/autodiff/gpt2.onnx');
  const model = await trainable(bytes, { packed: true });
  const [first, second] = textRows(2, model.vocab);
  const other = { ...first!, tokens: first!.tokens.map((token) => (token + 1) % model.vocab) };
  const logProbsAfter = async (text: TokenRow) => {
    const [row] = (await model.gradients(packRows([text, second!], 12))).logProbs;
    return [row!.slice(0, text.tokens.length), row!.slice(text.tokens.length)];
  };
  const [[own, after], [changed, afterChanged]] = [
    await logProbsAfter(first!),
    await logProbsAfter(other),
  ];
  expect(difference([own!], [changed!])).toBeGreaterThan(1e-3);
  expect(afterChanged).toEqual(after);
});

describe('rows of one text', () => {
  it('have the same numbers, to the bit, whether others could be beside them or not', async () => {
    const bytes = modelBytes({ ...tiny, context: 12 });
    const [packing, plain] = [await trainable(bytes, { packed: true }), await trainable(bytes)];
    const rows = textRows(6, tiny.vocabulary);
    expect(await packing.gradients(rows)).toEqual(await plain.gradients(rows));
  });

  it('and packed ones do not change with padding', async () => {
    const bytes = modelBytes({ ...tiny, context: 24 });
    const rows = packRows(textRows(9, tiny.vocabulary), 12);
    const options = { packed: true, contextLength: 24 };
    const tight = await (await trainable(bytes, { ...options, microBatch: 1 })).gradients(rows);
    const wide = await (await trainable(bytes, { ...options, minColumns: 20 })).gradients(rows);
    expect(difference(wide.logProbs, tight.logProbs)).toBeLessThanOrEqual(1e-5);
    const worst = difference(wide.gradients.values(), tight.gradients.values());
    expect(worst).toBeLessThanOrEqual(1e-5);
  });
});

it('what was trained packed is the file with new weights, and decodes as it was trained', async () => {
  const bytes = modelBytes({ ...tiny, context: 12 });
  const model = await trainable(bytes, { packed: true });
  expect(await model.export()).toEqual(bytes);
  await model.accumulate(packRows(textRows(6, tiny.vocabulary), 12));
  await model.step(UPDATE);
  const again = await trainable(await model.export());
  const live = await model.decoder('own', { contextLength: 12, eos: [2], bos: 1 });
  made.push(live);
  const [row] = textRows(1, tiny.vocabulary);
  const { logProbs } = await again.gradients([row!]);
  const logits = await live.decoder(model.vocab).logits([...row!.tokens], 1);
  const read = await createCpuBackend().ops.tokenLogProbs(logits, row!.targets);
  expect(difference([Float32Array.from(read.logProbs)], logProbs)).toBeLessThanOrEqual(1e-5);
});

describe('what cannot be packed', () => {
  it('a decoder without attention is told so', async () => {
    const shape = [symbol('B'), symbol('T')];
    const node = { name: '', domain: '', attributes: {} };
    const graph: Graph = {
      name: 'bigrams',
      inputs: [{ name: 'input_ids', dtype: DataType.int64, shape }],
      outputs: [{ name: 'logits', dtype: DataType.float, shape: [...shape, 2] }],
      initializers: new Map([['table', tensorOf(DataType.float, [2, 2], [1, 2, 3, 4])]]),
      nodes: [{ ...node, op: 'Gather', inputs: ['table', 'input_ids'], outputs: ['logits'] }],
      values: new Map(),
      opsets: { '': 17 },
    };
    await expect(trainable(fileOf(graph), { packed: true })).rejects.toMatchObject({
      code: 'onnx',
      message: expect.stringContaining('has no attention scores'),
      remedy: expect.stringContaining('padded'),
    });
    expect((await trainable(fileOf(graph))).vocab).toBe(2);
  });

  it('a packed row for graphs that know of none is a defect, and so are texts that overlap', async () => {
    const bytes = modelBytes({ ...tiny, context: 12 });
    const [row] = packRows(textRows(4, tiny.vocabulary), 12);
    await expect((await trainable(bytes)).accumulate([row!])).rejects.toThrow('no packed rows');
    const packing = await trainable(bytes, { packed: true });
    for (const starts of [[1], [0, 0], [0, 4, 3], [0, row!.tokens.length], []]) {
      await expect(packing.accumulate([{ ...row!, starts }])).rejects.toThrow('texts begin at');
    }
  });
});
