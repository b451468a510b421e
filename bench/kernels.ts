// Times every kernel against a plain copy that moves as many bytes, on the same device, in the same run,
// taking turns. A kernel's time says more about the machine than about the kernel; its share of the copy's
// bandwidth says how much better it could be.
import {
  bindGroup,
  encode,
  Pipelines,
  type Program,
  type Resources,
} from '../src/backend/pipelines.ts';
import { copy } from '../src/kernels/copy.ts';
import { kernels } from '../src/kernels/index.ts';
import { encodeParams, type Kernel, readOnly } from '../src/kernels/kernel.ts';

export interface Row {
  readonly kernel: string;
  readonly shape: string;
  /** Milliseconds of one run, all its passes: the median over rounds. */
  readonly ms: number;
  /** Bytes that have to cross the memory bus at least once. */
  readonly bytes: number;
  readonly gbPerS: number;
  /** gbPerS over that of the copy kernel moving as many bytes; 1 is perfect. */
  readonly shareOfCopy: number;
}

const ROUNDS = 7;
/** Runs are gathered into one submission until it takes about this long. */
const BATCH_MS = 15;
const MOST_RUNS = 256;

/** Something that can be run again and again. */
export interface Subject {
  encode(encoder: GPUCommandEncoder): void;
  /** An output's 32-bit words as they are now. */
  read(name: string): Promise<Float32Array>;
  destroy(): void;
}

type Arguments = ReturnType<Kernel['cases'][number]['make']>;

export async function subject(
  device: GPUDevice,
  pipelines: Pipelines,
  kernel: Kernel,
  { params, inputs }: Arguments,
): Promise<Subject> {
  const buffers: GPUBuffer[] = [];
  const make = (size: number, usage: number, data?: ArrayBufferView<ArrayBuffer> | ArrayBuffer) => {
    const buffer = device.createBuffer({ size: Math.max(16, Math.ceil(size / 4) * 4), usage });
    if (data) device.queue.writeBuffer(buffer, 0, data);
    buffers.push(buffer);
    return { buffer };
  };
  const { STORAGE, UNIFORM, COPY_DST, COPY_SRC, MAP_READ } = GPUBufferUsage;
  const scratch = kernel.scratch?.(params) ?? {};
  const resources = new Map<string, GPUBufferBinding>();
  const sizes: Readonly<Record<string, number>> = { ...kernel.size(params), ...scratch };
  for (const name of [
    ...readOnly(kernel),
    ...Object.keys(kernel.outputs),
    ...Object.keys(scratch),
  ]) {
    const words = inputs[name];
    const binding = words
      ? make(words.byteLength, STORAGE | COPY_DST, words.slice())
      : make(4 * (sizes[name] ?? 0), STORAGE | COPY_SRC);
    resources.set(name, binding);
  }
  const uniform = encodeParams(kernel.params, params);
  resources.set('params', make(uniform.byteLength, UNIFORM | COPY_DST, uniform));
  const inOrder: Resources = resources;
  const program: Program = await pipelines.program(
    kernel,
    Object.keys(scratch),
    kernel.passes(params),
  );
  const group = bindGroup(device, kernel, program, inOrder);
  return {
    encode: (encoder) => encode(encoder, kernel, params, program, group),
    async read(name) {
      const from = resources.get(name)!.buffer;
      const home = device.createBuffer({ size: from.size, usage: MAP_READ | COPY_DST });
      const encoder = device.createCommandEncoder();
      encoder.copyBufferToBuffer(from, 0, home, 0, from.size);
      device.queue.submit([encoder.finish()]);
      await home.mapAsync(GPUMapMode.READ);
      const words = new Float32Array(home.getMappedRange().slice(0));
      home.destroy();
      return words;
    },
    destroy: () => {
      for (const buffer of buffers) buffer.destroy();
    },
  };
}

/** Milliseconds of `runs` runs in one submission. */
export async function time(device: GPUDevice, { encode }: Subject, runs: number): Promise<number> {
  const encoder = device.createCommandEncoder();
  for (let i = 0; i < runs; i++) encode(encoder);
  const commands = encoder.finish();
  const start = performance.now();
  device.queue.submit([commands]);
  await device.queue.onSubmittedWorkDone();
  return performance.now() - start;
}

/** How many runs make up a batch, found by doubling; warms up as well. */
export async function batchOf(device: GPUDevice, what: Subject): Promise<number> {
  let runs = 1;
  while (runs < MOST_RUNS && (await time(device, what, runs)) < BATCH_MS) runs *= 2;
  return runs;
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** One row per kernel and shape; throws what the device complains of. */
export async function benchKernels(device: GPUDevice): Promise<Row[]> {
  const pipelines = new Pipelines(device);
  const rows: Row[] = [];
  device.pushErrorScope('validation');
  for (const kernel of Object.values<Kernel>(kernels)) {
    for (const { why, make } of kernel.bench) {
      const chosen = make();
      const bytes = kernel.bytes(chosen.params);
      const words = Math.max(1, Math.round(bytes / 8));
      const yardstick = { params: { words }, inputs: { source: new Uint32Array(words) } };
      const tested = await subject(device, pipelines, kernel, chosen);
      const copied = await subject(device, pipelines, copy, yardstick);
      const runs = { tested: await batchOf(device, tested), copied: await batchOf(device, copied) };
      const times: { tested: number[]; copied: number[] } = { tested: [], copied: [] };
      for (let round = 0; round < ROUNDS; round++) {
        times.tested.push((await time(device, tested, runs.tested)) / runs.tested);
        times.copied.push((await time(device, copied, runs.copied)) / runs.copied);
      }
      const ms = median(times.tested);
      rows.push({
        kernel: kernel.name,
        shape: why,
        ms,
        bytes,
        gbPerS: bytes / ms / 1e6,
        shareOfCopy: median(times.copied) / ms,
      });
      tested.destroy();
      copied.destroy();
    }
  }
  const complaint = await device.popErrorScope();
  if (complaint) throw new Error(complaint.message);
  return rows;
}
