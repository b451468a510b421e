// Rows of several texts in a browser, on wasm and on WebGPU: the numbers of one row each.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { modelBytes, tiny } from '../../test/support/ownDecoder.ts';
import { difference, textRows } from '../../test/support/textRows.ts';
import { packRows } from '../algorithms/packing.ts';
import { findDevice } from '../backend/device.ts';
import { createTrainable } from './createTrainable.ts';
import type { OrtRuntime } from './runtime.ts';
import { loadWasmRuntime, loadWebGpuRuntime } from './webRuntime.ts';

const runtimes: Partial<Record<OrtRuntime['provider'], OrtRuntime>> = {};
beforeAll(async () => {
  const { device, why } = await findDevice();
  if (!device) throw new Error(`These tests need a WebGPU device: ${why}`);
  runtimes.webgpu = await loadWebGpuRuntime(device);
  runtimes.wasm = await loadWasmRuntime();
}, 120_000);
afterAll(() => runtimes.webgpu?.dispose());

it.each(['wasm', 'webgpu'] as const)(
  'on %s a packed row is read as if each text had one to itself',
  async (provider) => {
    const options = { contextLength: 12, microBatch: 3 };
    const bytes = modelBytes({ ...tiny, context: 12 });
    const packing = await createTrainable(bytes, runtimes[provider]!, { ...options, packed: true });
    const plain = await createTrainable(bytes, runtimes[provider]!, options);
    const rows = textRows(7, tiny.vocabulary);
    const packed = packRows(rows, 12);
    expect(packed.length).toBe(3);
    const [ours, theirs] = [await packing.gradients(packed), await plain.gradients(rows)];
    const worst = difference(ours.gradients.values(), theirs.gradients.values());
    expect(worst).toBeLessThanOrEqual(1e-5);
    const asPacked = rows.map((row, r) => ({ ...row, weights: [...theirs.logProbs[r]!] }));
    const expected = packRows(asPacked, 12).map(({ weights }) => Float32Array.from(weights));
    expect(difference(ours.logProbs, expected)).toBeLessThanOrEqual(1e-5);
    await packing.release();
    await plain.release();
  },
  120_000,
);
