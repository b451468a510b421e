// The two backends side by side, what comes back from the GPU, and what happens when it goes away.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Ops } from '../core/ops.ts';
import { hardRows, likely, makeRows, type RowsSpec, someTokens } from '../kernels/hardRows.ts';
import { createCpuBackend } from './cpu.ts';
import { findDevice } from './device.ts';
import { DeviceLogits, type LogitsLayout } from './logits.ts';
import { Pipelines } from './pipelines.ts';
import { createWebGpuBackend, type WebGpuBackend } from './webgpu.ts';

let device: GPUDevice;
let webgpu: WebGpuBackend;
let complaints = 0;

async function needDevice(): Promise<GPUDevice> {
  const found = await findDevice();
  if (!found.device) throw new Error(`no GPU device: ${found.why}`);
  return found.device;
}

beforeAll(async () => {
  device = await needDevice();
  device.addEventListener('uncapturederror', () => complaints++);
  webgpu = createWebGpuBackend(device);
});
afterAll(() => {
  expect(complaints, 'uncaptured errors').toBe(0);
  webgpu.dispose();
  device.destroy();
});

function upload(source: Float32Array | Uint32Array): GPUBuffer {
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
  const buffer = device.createBuffer({ size: source.byteLength, usage });
  device.queue.writeBuffer(buffer, 0, source.buffer, source.byteOffset, source.byteLength);
  return buffer;
}

function logitsOn(where: 'cpu' | 'gpu', spec: RowsSpec): DeviceLogits {
  const { logits } = makeRows(spec);
  const { rows, vocab, stride = vocab, rowStart = 0, rowStep = 1 } = spec;
  const layout: LogitsLayout = { rows, vocab, stride, rowStart, rowStep };
  if (where === 'cpu') return new DeviceLogits(logits, layout);
  const buffer = upload(logits);
  return new DeviceLogits(buffer, layout, () => buffer.destroy());
}

/** Where two answers differ by more than rounding; NaN differs from everything. */
function differences(got: unknown, wanted: unknown, path = 'answer'): string[] {
  if (typeof got === 'number' && typeof wanted === 'number') {
    const close = Math.abs(got - wanted) <= 2e-5 + 2e-5 * Math.abs(wanted);
    return close ? [] : [`${path}: ${got}, wanted ${wanted}`];
  }
  if (typeof got !== 'object' || typeof wanted !== 'object' || !got || !wanted) {
    return got === wanted ? [] : [`${path}: ${got}, wanted ${wanted}`];
  }
  const others = new Map(Object.entries(wanted));
  const keys = new Set([...Object.keys(got), ...others.keys()]);
  const entries = new Map(Object.entries(got));
  return [...keys].flatMap((key) =>
    differences(entries.get(key), others.get(key), `${path}.${key}`),
  );
}

/** Every operation once; an error is an answer too. */
async function answers(ops: Ops, logits: DeviceLogits): Promise<unknown[]> {
  const row = logits.rows - 1;
  const tokens = [...someTokens({ ...logits.layout, base: 0, pitch: 0 })];
  const sampling = { temperature: 0.5, topK: 3, topP: 0.95, minP: 0.01 };
  const address = { seed: 8, run: 1, step: 2, row: 0 };
  const calls = [
    ops.top1(logits, row),
    ops.topK(logits, row, Math.min(4, logits.vocab)),
    ops.tokenLogProbs(logits, tokens),
    ops.verifyDraft(logits, tokens.slice(0, Math.min(row, 12)), 4),
    ops.sampleToken(logits, row, sampling, address),
    ops.sampleToken(logits, row, { ...sampling, temperature: 0 }, address),
    ops.sampleTokens(
      logits,
      sampling,
      { seed: 8, run: 1, step: 2 },
      tokens.map((_, i) => 3 * i),
    ),
    ops.chunkScores({ logits, tokens }, { logits, tokens: tokens.map(() => 0) }, logits.rows),
  ];
  const settled = await Promise.allSettled(calls);
  return settled.map((call) => (call.status === 'fulfilled' ? call.value : String(call.reason)));
}

describe('CPU and WebGPU agree', () => {
  for (const spec of hardRows.filter(({ rows, vocab }) => rows * vocab < 400_000)) {
    test(spec.why, async () => {
      const onGpu = logitsOn('gpu', spec);
      const wanted = await answers(createCpuBackend().ops, logitsOn('cpu', spec));
      expect(differences(await answers(webgpu.ops, onGpu), wanted)).toEqual([]);
      onGpu.dispose();
    });
  }

  test('wherever the logits are: uploaded for WebGPU, read back for the CPU', async () => {
    const spec: RowsSpec = {
      why: '',
      rows: 3,
      vocab: 101,
      stride: 128,
      rowStart: 1,
      rowStep: 2,
      fill: likely,
    };
    const [here, there] = [logitsOn('cpu', spec), logitsOn('gpu', spec)];
    const cpu = createCpuBackend(device);
    const wanted = await answers(cpu.ops, here);
    expect(cpu.ops.bytesReadBack).toBe(0);
    expect(differences(await answers(webgpu.ops, here), wanted)).toEqual([]);
    await cpu.ops.top1(there, 0);
    expect(cpu.ops.bytesReadBack).toBe(4 * 101);
    expect(differences(await answers(cpu.ops, there), wanted)).toEqual([]);
  });
});

test('a verdict over 13 rows of 151,936 logits comes home in 64 bytes', async () => {
  const logits = logitsOn('gpu', { why: '', rows: 13, vocab: 151_936, fill: likely });
  const before = webgpu.ops.bytesReadBack;
  const { distances } = await webgpu.ops.verifyDraft(
    logits,
    Array.from({ length: 12 }, (_, i) => i),
    5,
  );
  expect(distances).toHaveLength(12);
  expect(webgpu.ops.bytesReadBack - before).toBe(64);
  await webgpu.ops.top1(logits, 12);
  expect(webgpu.ops.bytesReadBack - before).toBe(64 + 8);
  logits.dispose();
});

test('a token that three models write together comes home in 56 bytes, 16 beams in 8 bytes each', async () => {
  const vocab = 151_936;
  const rows = (count: number, from: number) =>
    logitsOn('gpu', { why: '', rows: count, vocab, fill: (row, id) => likely(row + from, id) });
  const [large, small, expert] = [rows(1, 0), rows(1, 40), rows(1, 80)] as const;
  const sampling = { temperature: 0.7, topK: 50, topP: 1, minP: 0 };
  const address = { seed: 1, run: 0, step: 0 };
  let before = webgpu.ops.bytesReadBack;
  const since = () => {
    const bytes = webgpu.ops.bytesReadBack - before;
    before += bytes;
    return bytes;
  };
  const alphas = { kind: 'refined', low: 0, step: 0.1, count: 21 } as const;
  const { logits, solved } = await webgpu.ops.fuse({ large, small, experts: [expert], alphas });
  await webgpu.ops.sampleToken(logits, 0, sampling, { ...address, row: 0 });
  expect(since()).toBe(48 + 8);
  // In place: the fused logits are where the large model's were, and a solution came with them.
  expect(logits).toBe(large);
  expect(solved[0]?.alphas[0]).toBeGreaterThan(0);
  await webgpu.ops.fuse({ large: logits, small, experts: [expert], alphas: [0.5] });
  expect(since()).toBe(0);

  const slots = Array.from({ length: 16 }, (_, row) => row);
  const drawn = await webgpu.ops.sampleTokens(logits, sampling, address, slots);
  expect(drawn).toHaveLength(16);
  expect(since()).toBe(16 * 8);
  const [tuned, untuned] = [rows(16, 0), rows(16, 100)] as const;
  const tokens = slots.map((row) => row * 9000);
  const scores = await webgpu.ops.chunkScores(
    { logits: tuned, tokens },
    { logits: untuned, tokens },
    16,
  );
  expect(scores).toHaveLength(16);
  expect(since()).toBe(16 * 8);
  for (const one of [large, small, expert, tuned, untuned]) one.dispose();
});

describe('gatherCache', () => {
  const shape = { heads: 2, positions: 4, width: 3 };
  const words = Uint32Array.from({ length: 2 * 2 * 4 * 3 }, (_, i) => i);

  async function download(buffer: GPUBuffer, count: number): Promise<number[]> {
    const size = 4 * count;
    const usage = GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ;
    const staging = device.createBuffer({ size, usage });
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(buffer, 0, staging, 0, size);
    device.queue.submit([encoder.finish()]);
    await staging.mapAsync(GPUMapMode.READ);
    const got = [...new Uint32Array(staging.getMappedRange())];
    staging.destroy();
    return got;
  }

  test('crops and reorders several caches at once, and does not need the originals after', async () => {
    const caches = [upload(words), upload(words.map((word) => word + 100))];
    const gathered = await webgpu.gatherCache(caches, shape, [1], 2);
    for (const cache of caches) cache.destroy();
    const [first, second] = gathered;
    if (!first || !second) throw new Error('two caches in, two out');
    const kept = [24, 25, 26, 27, 28, 29, 36, 37, 38, 39, 40, 41];
    expect(await download(first, 12)).toEqual(kept);
    expect(await download(second, 12)).toEqual(kept.map((word) => word + 100));
  });

  test('rows and positions that are not there are refused', async () => {
    const cache = upload(words);
    await expect(webgpu.gatherCache([cache], shape, [2], 2)).rejects.toThrow('row 2 asked of');
    await expect(webgpu.gatherCache([cache], shape, [0], 5)).rejects.toThrow('5 positions asked');
  });
});

test('an error in a shader names its file, line and column', async () => {
  const kernel = {
    name: 'broken',
    lib: [{ file: 'lib/fine.wgsl', text: '// two\n// lines\n' }],
    wgsl: '@compute @workgroup_size(1)\nfn main() {\n  let x = lgits;\n}\n',
    inputs: {},
    outputs: {},
  };
  const passes = [{ entryPoint: 'main', workgroups: 1 }];
  await expect(new Pipelines(device).program(kernel, [], passes)).rejects.toThrow(
    /^broken\.wgsl:3:11 .*lgits/,
  );
});

test('a lost device ends a call with a sentence, and all calls after it', async () => {
  const doomed = await needDevice();
  const { ops } = createWebGpuBackend(doomed);
  const { logits } = makeRows({ why: '', rows: 1, vocab: 79, fill: likely });
  const layout = { rows: 1, vocab: 79, stride: 79, rowStart: 0, rowStep: 1 };
  const source = new DeviceLogits(logits, layout);
  await ops.top1(source, 0);
  const call = ops.top1(source, 0);
  doomed.destroy();
  await expect(call).rejects.toMatchObject({ code: 'gpu' });
  await doomed.lost;
  await expect(ops.top1(source, 0)).rejects.toMatchObject({
    code: 'gpu',
    message: 'The GPU device was closed while it was in use.',
  });
});
