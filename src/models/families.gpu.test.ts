// Every family and form of decoder in a browser, on wasm and on WebGPU: the tokens that ONNX Runtime's own library
// writes for the same file (test/families/greedy.json).

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import expected from '../../test/families/greedy.json';
import { CONTEXT, type Family, families, familyBytes } from '../../test/families/index.ts';
import { createCpuBackend } from '../backend/cpu.ts';
import { findDevice } from '../backend/device.ts';
import { createWebGpuBackend } from '../backend/webgpu.ts';
import type { Ops } from '../core/ops.ts';
import { OnnxModel } from './onnxModel.ts';
import type { OrtRuntime } from './runtime.ts';
import { loadWasmRuntime, loadWebGpuRuntime } from './webRuntime.ts';

const PROMPT = [1, 17, 30, 22, 41];
const config = { contextLength: CONTEXT, eos: [2], bos: 1 };
const runtimes: Partial<Record<OrtRuntime['provider'], OrtRuntime>> = {};
let gpuOps: Ops;
let half = false;

beforeAll(async () => {
  const { device, why } = await findDevice();
  if (!device) throw new Error(`These tests need a WebGPU device: ${why}`);
  half = device.features.has('shader-f16');
  gpuOps = createWebGpuBackend(device).ops;
  runtimes.webgpu = await loadWebGpuRuntime(device);
  runtimes.wasm = await loadWasmRuntime();
}, 120_000);
afterAll(() => runtimes.webgpu?.dispose());

const greedyJson: Readonly<Record<string, readonly number[]>> = expected;

async function tokensOf(family: Family, provider: OrtRuntime['provider'], count: number) {
  const runtime = runtimes[provider]!;
  const ops = provider === 'webgpu' ? gpuOps : createCpuBackend().ops;
  const model = await OnnxModel.create(family, family, config, runtime, familyBytes(family));
  try {
    const decoder = model.decoder(79);
    const y = [...PROMPT];
    while (y.length < PROMPT.length + count) {
      const logits = await decoder.logits(y, y.length);
      y.push((await ops.top1(logits, 0)).token);
      logits.dispose();
    }
    decoder.reset();
    return y.slice(PROMPT.length);
  } finally {
    await model.release();
  }
}

/** On the software adapter a pass takes long: the forms that differ in operators, and fewer tokens. */
const onGpu: readonly Family[] = [
  'gpt2',
  'llama without a cache',
  'qwen2',
  'contrib llama',
  'contrib llama with positions',
  'contrib llama int4',
];

describe('on wasm', () => {
  it.each(families)('%s', async (family) => {
    expect(await tokensOf(family, 'wasm', 16)).toEqual(greedyJson[family]);
  });
});

describe('on WebGPU', () => {
  it.each(onGpu)('%s', async (family) => {
    expect(await tokensOf(family, 'webgpu', 4)).toEqual(greedyJson[family]!.slice(0, 4));
  });

  it('float16 works with shader-f16, and is refused in words without', async () => {
    const tokens = tokensOf('contrib llama float16', 'webgpu', 2);
    if (half) expect(await tokens).toEqual(greedyJson['contrib llama float16']!.slice(0, 2));
    else await expect(tokens).rejects.toThrow(/could not (run|load)/);
  });
});
