// Training in a browser: what must hold of gradients and steps on wasm and on a GPU, and that both follow Node.
// Small, because a software adapter is about a hundred times slower than wasm.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { modelBytes, tiny } from '../../test/support/ownDecoder.ts';
import { CURVE_OPTIONS, NODE_CURVE, trainingCurve } from '../../test/support/trainingCurve.ts';
import { findDevice } from '../backend/device.ts';
import { createTrainable } from './createTrainable.ts';
import type { OrtRuntime } from './runtime.ts';
import type { Trainable } from './trainable.ts';
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
const made: { release(): Promise<void> }[] = [];
afterEach(async () => {
  for (const model of made.splice(0).reverse()) await model.release();
});

describe.each(['wasm', 'webgpu'] as const)('on %s', (provider) => {
  const trainable = async (options = {}, bytes = modelBytes()): Promise<Trainable> => {
    const all = { contextLength: tiny.context, ...options };
    const model = await createTrainable(bytes, runtimes[provider]!, all);
    made.push(model);
    return model;
  };

  it('twelve steps follow Node’s curve', async () => {
    const losses = await trainingCurve(await trainable(CURVE_OPTIONS));
    console.log(
      provider,
      performance.now() - t,
      losses.map((l, i) => l - NODE_CURVE[i]!),
    );
    losses.forEach((loss, step) => {
      expect(Math.abs(loss - NODE_CURVE[step]!), `step ${step + 1}`).toBeLessThanOrEqual(1e-5);
    });
  });
});
