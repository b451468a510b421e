// What decoding brings home from the GPU, whole runs of a method of each kind: at most 64 bytes for each token. A search writes
// many texts at a time; there a token is one that any of them got.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { tableModel } from '../../test/support/tableModel.ts';
import { findDevice } from '../backend/device.ts';
import { DeviceLogits } from '../backend/logits.ts';
import { createWebGpuBackend, type WebGpuBackend } from '../backend/webgpu.ts';
import type { AnyAlgorithm } from '../core/algorithm.ts';
import type { LanguageModel, Logits } from '../core/languageModel.ts';
import { defaultsOf } from '../core/params.ts';
import { uniform } from '../core/rng.ts';
import { ROLES } from '../core/roles.ts';
import { algorithms } from './index.ts';

const VOCAB = 79;
/** So unlikely that no text ends before its time. */
const EOS = 78;
const MOST = 64;

let device: GPUDevice;
let backend: WebGpuBackend;
beforeAll(async () => {
  const found = await findDevice();
  if (!found.device) throw new Error(found.why);
  device = found.device;
  backend = createWebGpuBackend(device);
});
afterAll(() => {
  backend.dispose();
  device.destroy();
});

/** As a model that runs on the GPU leaves them. */
function onDevice(logits: Logits): Logits {
  const { source, layout } = logits as DeviceLogits;
  const words = source as Float32Array<ArrayBuffer>;
  const { STORAGE, COPY_SRC, COPY_DST } = GPUBufferUsage;
  const buffer = device.createBuffer({
    size: words.byteLength,
    usage: STORAGE | COPY_SRC | COPY_DST,
  });
  device.queue.writeBuffer(buffer, 0, words);
  return new DeviceLogits(buffer, layout, () => buffer.destroy());
}

function model(who: number): LanguageModel {
  const table = tableModel(
    (prefix) =>
      Array.from({ length: VOCAB }, (_, row) => {
        const draw = (run: number) => uniform({ seed: 1, run, step: prefix.at(-1) ?? 0, row });
        return row === EOS ? -30 : 5 * draw(0) + 2 * draw(who);
      }),
    VOCAB,
    EOS,
  );
  return {
    ...table,
    logits: async (y, from) => onDevice(await table.logits(y, from)),
    nextLogits: async (batch) => onDevice(await table.nextLogits(batch)),
    batchLogits: async (batch, from) => onDevice(await table.batchLogits(batch, from)),
  };
}
const models = Object.fromEntries(ROLES.map((role, i) => [role, model(i + 1)]));

test.each([
  ['dynamicFusion', { experts: 1 }, MOST],
  ['speculative', {}, MOST],
  ['weakToStrong', { beams: 4, successors: 4, chunkLength: 5 }, 8 + 8 / 5],
  ['bestOfN', { samples: 16 }, 8 + 8 / 20],
] as const)('%s, %o: %d bytes a token at most', async (method, setting, most) => {
  const algorithm = algorithms[method] as AnyAlgorithm;
  const before = backend.ops.bytesReadBack;
  let written = 0;
  const params = { ...defaultsOf(algorithm.params), temperature: 0.7, ...setting };
  const context = { models, ops: backend.ops, prompt: [3], maxTokens: 20, seed: 1, run: 0 };
  for await (const event of algorithm.decode({ ...context, params })) {
    if (event.type === 'beams') written += event.tokens.length;
    else if (event.type === 'token' && !algorithm.searches) written++;
  }
  expect(written).toBeGreaterThanOrEqual(20);
  const each = (backend.ops.bytesReadBack - before) / written;
  expect(each).toBeGreaterThan(0);
  expect(each).toBeLessThanOrEqual(most);
  expect(each).toBeLessThanOrEqual(MOST);
});
