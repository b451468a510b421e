// The built-in pair on a GPUDevice of ours: same tokens as on wasm, logits and caches stay on the device, and
// whatever was read before, logits are those of a model that reads the sequence for the first time. Small,
// because a software adapter is about a hundred times slower than wasm.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCpuBackend } from '../backend/cpu.ts';
import { findDevice } from '../backend/device.ts';
import { DeviceLogits } from '../backend/logits.ts';
import { createWebGpuBackend, type WebGpuBackend } from '../backend/webgpu.ts';
import type { LanguageModel, Logits } from '../core/languageModel.ts';
import type { Ops } from '../core/ops.ts';
import { anchorModel } from './anchor.ts';
import { builtinFolder } from './builtin.ts';
import { type Checkpoint, loadCheckpoint } from './checkpoint.ts';
import type { OrtRuntime } from './runtime.ts';
import { loadWasmRuntime, loadWebGpuRuntime } from './webRuntime.ts';

const TOLERANCE = 1e-4;
const base = new URL('/', location.href).href;
let device: GPUDevice;
let runtime: OrtRuntime;
let backend: WebGpuBackend;
let onGpu: Checkpoint;
let onWasm: Checkpoint;
let wasm: OrtRuntime;

beforeAll(async () => {
  const found = await findDevice();
  if (!found.device) throw new Error(`These tests need a WebGPU device: ${found.why}`);
  device = found.device;
  runtime = await loadWebGpuRuntime(device);
  backend = createWebGpuBackend(device);
  wasm = await loadWasmRuntime();
  const folder = builtinFolder('base-small', base);
  onGpu = await loadCheckpoint(folder, runtime);
  onWasm = await loadCheckpoint(folder, wasm);
}, 120_000);
afterAll(async () => {
  await onGpu.release();
  await onWasm.release();
  await runtime.dispose();
});

const gpuModel = () => onGpu.model.decoder(onGpu.vocab);
const wasmModel = () => onWasm.model.decoder(onWasm.vocab);
const prompt = () => onWasm.tokenizer.encode('say 4120567: ');

async function greedy(model: LanguageModel, ops: Ops, y: readonly number[], tokens: number) {
  const text = [...y];
  for (let i = 0; i < tokens; i++) {
    const logits = await model.logits(text, text.length);
    text.push((await ops.top1(logits, 0)).token);
    logits.dispose();
  }
  return text.slice(y.length);
}

/** Rows as arrays of the columns that count; frees the logits. */
async function rowsOf(logits: Logits): Promise<number[][]> {
  if (!(logits instanceof DeviceLogits)) throw new Error('not a model’s logits');
  const { source, layout } = logits;
  const data = source instanceof Float32Array ? source : await readBack(source);
  const rows = Array.from({ length: layout.rows }, (_, r) => {
    const begin = (layout.rowStart + r * layout.rowStep) * layout.stride;
    return [...data.subarray(begin, begin + layout.vocab)];
  });
  logits.dispose();
  return rows;
}

async function readBack(source: GPUBuffer): Promise<Float32Array> {
  const usage = GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ;
  const staging = device.createBuffer({ size: source.size, usage });
  const encoder = device.createCommandEncoder();
  encoder.copyBufferToBuffer(source, 0, staging, 0, source.size);
  device.queue.submit([encoder.finish()]);
  await staging.mapAsync(GPUMapMode.READ);
  const data = new Float32Array(staging.getMappedRange().slice(0));
  staging.destroy();
  return data;
}

function expectClose(actual: number[][], expected: number[][]): void {
  expect(actual.length).toBe(expected.length);
  actual.forEach((row, r) => {
    expect(row.length).toBe(expected[r]?.length);
    row.forEach((value, c) => {
      const difference = Math.abs(value - (expected[r]?.[c] ?? Number.NaN));
      if (!(difference <= TOLERANCE)) expect.fail(`row ${r}, column ${c}: off by ${difference}`);
    });
  });
}
const fresh = async (y: readonly number[], from: number) =>
  rowsOf(await gpuModel().logits(y, from));

describe('sharing a device with ONNX Runtime', () => {
  it('logits are buffers of the device that was passed to the session', async () => {
    const errors: string[] = [];
    const listen = (event: GPUUncapturedErrorEvent) => errors.push(event.error.message);
    device.addEventListener('uncapturederror', listen);
    const logits = await gpuModel().logits(prompt(), 1);
    if (!(logits instanceof DeviceLogits)) throw new Error('not a model’s logits');
    expect(logits.source).toBeInstanceOf(GPUBuffer);
    // A kernel of ours on that buffer: another device's buffer would be a validation error.
    const best = await backend.ops.top1(logits, logits.rows - 1);
    expect(best.prob).toBeGreaterThan(0);
    logits.dispose();
    device.removeEventListener('uncapturederror', listen);
    expect(errors).toEqual([]);
  });

  it('the device outlives every session but the anchor, and sessions come and go', async () => {
    const other = (await findDevice()).device;
    if (!other) throw new Error('no second device');
    let lost = false;
    void other.lost.then(() => {
      lost = true;
    });
    const second = await loadWebGpuRuntime(other);
    for (let cycle = 0; cycle < 3; cycle++) {
      const session = await second.createSession(anchorModel());
      const x = new second.Tensor('float32', Float32Array.of(cycle), [1]);
      const { y } = await session.run({ x });
      expect(y?.location).toBe('gpu-buffer');
      y?.dispose();
      await session.release();
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(lost).toBe(false);
    await second.dispose();
    other.destroy();
  });
});

describe('base-small on WebGPU', () => {
  it('what loading took is known where WebAssembly has the model', () => {
    expect(onWasm.memory?.all).toBeGreaterThan(2 ** 20);
    expect(onWasm.memory?.grown).toBeGreaterThanOrEqual(0);
  });

  it('writes what it writes on wasm, and reads back only what the ops need', async () => {
    let mapped = 0;
    const { mapAsync } = GPUBuffer.prototype;
    GPUBuffer.prototype.mapAsync = function (mode, offset, size) {
      if (mode === GPUMapMode.READ) mapped += size ?? this.size - (offset ?? 0);
      return mapAsync.call(this, mode, offset, size);
    };
    const tokens = 12;
    const before = backend.ops.bytesReadBack;
    try {
      const expected = await greedy(wasmModel(), createCpuBackend().ops, prompt(), tokens);
      expect(await greedy(gpuModel(), backend.ops, prompt(), tokens)).toEqual(expected);
    } finally {
      GPUBuffer.prototype.mapAsync = mapAsync;
    }
    const counted = backend.ops.bytesReadBack - before;
    expect(counted).toBeGreaterThan(0);
    expect(counted / tokens).toBeLessThanOrEqual(64);
    // What was mapped by anyone, ONNX Runtime included; small buffers are mapped whole.
    expect(mapped / tokens).toBeLessThanOrEqual(64);
  });

  it('token by token with a cache gives what one pass over everything gives, as on wasm', async () => {
    const y = [...prompt(), 10, 19, 25, 22];
    const model = gpuModel();
    const steps: number[][] = [];
    for (let n = prompt().length; n <= y.length; n++) {
      steps.push(...(await rowsOf(await model.logits(y.slice(0, n), n))));
    }
    const whole = await fresh(y, prompt().length);
    expectClose(steps, whole);
    expectClose(whole, await rowsOf(await wasmModel().logits(y, prompt().length)));
  });

  it('a rollback crops the cache on the device: same logits as a fresh model', async () => {
    const model = gpuModel();
    const y = [...prompt(), 10, 11, 12, 13];
    (await model.logits(y, y.length)).dispose();
    const other = [...y.slice(0, -3), 20, 21];
    const fed = model.count.positions;
    expectClose(
      await rowsOf(await model.logits(other, other.length - 1)),
      await fresh(other, other.length - 1),
    );
    expect(model.count.positions - fed).toBe(2);
    const longer = [...other, 5];
    expectClose(
      await rowsOf(await model.logits(longer, longer.length)),
      await fresh(longer, longer.length),
    );
  });

  it('rows of a padded batch are the rows of each sequence alone, also reordered', async () => {
    const { tokenizer } = onWasm;
    const model = gpuModel();
    let batch = ['say 7: ', 'sort 5 2: '].map((text) => tokenizer.encode(text));
    const alone = async () => {
      const rows: number[][] = [];
      for (const y of batch) rows.push(...(await rowsOf(await wasmModel().logits(y, y.length))));
      return rows;
    };
    expectClose(await rowsOf(await model.nextLogits(batch)), await alone());
    batch = batch.map((y) => [...y, 10]);
    batch.reverse();
    const fed = model.count.positions;
    expectClose(await rowsOf(await model.nextLogits(batch)), await alone());
    expect(model.count.positions - fed).toBe(2);
  });

  it('the processor’s kernels can read what the GPU’s model left there', async () => {
    const cpu = createCpuBackend(device);
    const y = prompt();
    const [a, b] = [await gpuModel().logits(y, y.length), await wasmModel().logits(y, y.length)];
    const [there, here] = [await cpu.ops.top1(a, 0), await cpu.ops.top1(b, 0)];
    expect(there.token).toBe(here.token);
    expect(there.prob).toBeCloseTo(here.prob, 4);
    expect(cpu.ops.bytesReadBack).toBe(4 * onGpu.vocab);
  });
});
