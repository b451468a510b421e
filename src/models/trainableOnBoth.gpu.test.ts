// Training on wasm and on a GPU side by side: the same gradients, of any shape of batch, of adapters, of torch's export.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { familyBytes } from '../../test/families/index.ts';
import { modelBytes, tiny } from '../../test/support/ownDecoder.ts';
import {
  difference,
  lossOf,
  numbersOf,
  rows,
  train,
  UPDATE,
} from '../../test/support/trainingBatches.ts';
import { findDevice } from '../backend/device.ts';
import type { TokenRow } from '../core/trainable.ts';
import { createTrainable } from './createTrainable.ts';
import type { OrtRuntime } from './runtime.ts';
import { loadWasmRuntime, loadWebGpuRuntime } from './webRuntime.ts';

let device: GPUDevice;
const runtimes: Partial<Record<OrtRuntime['provider'], OrtRuntime>> = {};
const errors: string[] = [];
beforeAll(async () => {
  const found = await findDevice();
  if (!found.device) throw new Error(`These tests need a WebGPU device: ${found.why}`);
  device = found.device;
  device.addEventListener('uncapturederror', ({ error }) => errors.push(error.message));
  runtimes.webgpu = await loadWebGpuRuntime(device);
  runtimes.wasm = await loadWasmRuntime();
}, 120_000);
afterAll(async () => {
  expect(errors).toEqual([]);
  await runtimes.webgpu?.dispose();
});

it('one pair of sessions serves every batch and length, with the gradients of wasm', async () => {
  const options = { contextLength: tiny.context, microBatch: 4 };
  const [there, here] = [
    await createTrainable(modelBytes(), runtimes.webgpu!, options),
    await createTrainable(modelBytes(), runtimes.wasm!, options),
  ];
  for (const [count, length] of [
    [1, 1],
    [2, 8],
    [4, 24],
    [3, 32],
  ] as const) {
    const batch = Array.from({ length: count }, (_, r): TokenRow => {
      const tokens = Array.from({ length }, (_, t) => (7 * t + 11 * r + 1) % tiny.vocabulary);
      return { tokens, targets: tokens.toReversed(), weights: tokens.map(() => -1 / length) };
    });
    const [a, b] = [await there.gradients(batch), await here.gradients(batch)];
    const where = `${count} x ${length}`;
    expect(difference(a.logProbs, b.logProbs), where).toBeLessThanOrEqual(1e-5);
    const worst = difference(a.gradients.values(), b.gradients.values());
    expect(worst, where).toBeLessThanOrEqual(1e-5);
  }
  await there.release();
  await here.release();
}, 120_000);

// Float matrices get theirs by the same operators as the rest of training does.
it('adapters (LoRA) beside 4-bit weights get on a GPU the gradients that they get on wasm, and learn', async () => {
  const options = {
    contextLength: tiny.context,
    microBatch: 4,
    lora: { rank: 3, alpha: 6, targets: 'all', seed: 5 } as const,
  };
  const bytes = familyBytes('contrib llama int4', 1);
  const [there, here] = [
    await createTrainable(bytes, runtimes.webgpu!, options),
    await createTrainable(bytes, runtimes.wasm!, options),
  ];
  const batch = rows(4);
  // While B is zero, as it begins, A has no gradient.
  await train(here, 0, 2);
  await there.restore(await here.state());
  const [a, b] = [await there.gradients(batch), await here.gradients(batch)];
  expect([...a.gradients.keys()].every((name) => /lora_[AB]/.test(name))).toBe(true);
  for (const gradient of b.gradients.values()) expect(gradient.some((g) => g !== 0)).toBe(true);
  expect(difference(a.logProbs, b.logProbs)).toBeLessThanOrEqual(1e-5);
  expect(difference(a.gradients.values(), b.gradients.values())).toBeLessThanOrEqual(1e-5);
  const before = lossOf(batch, await there.accumulate(batch));
  await there.step({ ...UPDATE, learningRate: 1e-3 });
  expect(lossOf(batch, await there.accumulate(batch))).toBeLessThan(before);
  await there.release();
  await here.release();
}, 120_000);

it('a checkpoint as torch exported it has the same gradients and logits on both', async () => {
  const response = await fetch(
    new URL('/test/fixtures/torch-small/onnx/model.onnx', location.href),
  );
  const bytes = new Uint8Array(await response.arrayBuffer());
  const config = { contextLength: 256, eos: [2], bos: 1 };
  const results = [];
  for (const runtime of Object.values(runtimes)) {
    const model = await createTrainable(bytes, runtime, { contextLength: 256 });
    const { logProbs, gradients } = await model.gradients(rows(2));
    const live = await model.decoder('torch-small', config);
    const logits = await numbersOf(device, await live.decoder(model.vocab).logits([1, 40, 41], 1));
    results.push({ logProbs, gradients, logits });
    await live.release();
    await model.release();
  }
  const [there, here] = results;
  expect(difference(there!.logProbs, here!.logProbs)).toBeLessThanOrEqual(1e-5);
  expect(difference(there!.gradients.values(), here!.gradients.values())).toBeLessThanOrEqual(1e-5);
  expect(difference([there!.logits], [here!.logits])).toBeLessThanOrEqual(1e-5);
}, 120_000);
