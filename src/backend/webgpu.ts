// The WebGPU backend: an operation is one submission (parameters up, a few dispatches, a few bytes down) and
// one mapped buffer. Logits stay where the model left them.

import { gatherCache } from '../kernels/gatherCache.ts';
import {
  type ArraysOf,
  encodeParams,
  type Fields,
  type Kernel,
  readOnly,
  type ValuesOf,
} from '../kernels/kernel.ts';
import type { RowWindow } from '../kernels/rows.ts';
import type { Backend } from './backend.ts';
import { makeOps } from './ops.ts';
import { bindGroup, encode, Pipelines, type Program, type Tuning } from './pipelines.ts';
import { ReadBack } from './readBack.ts';
import { concatenated, type Input, type Rows, type Runner } from './runner.ts';
import { noMemory } from './scratch.ts';

/** A KV cache in words of 32 bits: rows x heads x positions x width. */
export interface CacheShape {
  readonly heads: number;
  readonly positions: number;
  /** Words per position and head: the head's width in float32, half of it in float16. */
  readonly width: number;
}

export interface WebGpuBackend extends Backend {
  readonly kind: 'webgpu';
  readonly device: GPUDevice;
  /**
   * New caches with the rows that `index` names, each cut to `length` positions; all caches have the same
   * shape. The caller owns the results and may destroy the originals at once.
   * @throws UserError 'gpu' when memory runs out or the device is lost.
   */
  gatherCache(
    caches: readonly GPUBuffer[],
    shape: CacheShape,
    index: readonly number[],
    length: number,
  ): Promise<GPUBuffer[]>;
}

/** Runs any kernel; the tests of kernels use it directly. */
export class WebGpuRunner implements Runner {
  readonly device: GPUDevice;
  readonly readBack: ReadBack;
  readonly #pipelines: Pipelines;
  /** Parameters, small inputs, outputs and scratch, by kernel and name; used by one call after another. */
  readonly #buffers = new Map<string, GPUBuffer>();

  constructor(device: GPUDevice, tuning?: Tuning) {
    this.device = device;
    this.readBack = new ReadBack(device);
    this.#pipelines = new Pipelines(device, tuning);
  }

  get bytesReadBack(): number {
    return this.readBack.bytes;
  }

  rows(source: Float32Array | GPUBuffer, window: RowWindow): Rows {
    const { rows, vocab, base, pitch } = window;
    const end = base + (rows - 1) * pitch + vocab;
    if (source instanceof Float32Array) {
      return { logits: source.subarray(base, end), window: { ...window, base: 0 } };
    }
    const align = this.device.limits.minStorageBufferOffsetAlignment;
    const offset = Math.floor((4 * base) / align) * align;
    const range = { buffer: source, offset, size: 4 * end - offset };
    return { logits: range, window: { ...window, base: base - offset / 4 } };
  }

  /** Copies rows that are on the device there; rows in memory go up once. */
  stack(parts: readonly Rows[]): { rows: Rows; free(): void } {
    const vocab = parts[0]?.window.vocab ?? 0;
    const rows = parts.reduce((sum, { window }) => sum + window.rows, 0);
    const size = 4 * rows * vocab;
    const { STORAGE, COPY_DST, COPY_SRC } = GPUBufferUsage;
    const buffer = this.device.createBuffer({
      label: 'stacked rows',
      size,
      usage: STORAGE | COPY_DST | COPY_SRC,
    });
    const encoder = this.device.createCommandEncoder({ label: 'stacked rows' });
    let at = 0;
    for (const part of parts) {
      const { logits, window } = part;
      if (ArrayBuffer.isView(logits)) {
        const words = concatenated([part]).logits;
        this.device.queue.writeBuffer(buffer, 4 * at, words.buffer, 0, words.byteLength);
        at += words.length;
        continue;
      }
      for (let row = 0; row < window.rows; row++, at += vocab) {
        const start = logits.offset + 4 * (window.base + row * window.pitch);
        encoder.copyBufferToBuffer(logits.buffer, start, buffer, 4 * at, 4 * vocab);
      }
    }
    this.device.queue.submit([encoder.finish()]);
    const range = { buffer, offset: 0, size };
    return {
      rows: { logits: range, window: { rows, vocab, base: 0, pitch: vocab } },
      free: () => buffer.destroy(),
    };
  }

  /** Compiles what a call needs. Everything after it happens in one turn, so that calls do not mix. */
  program<I extends Fields, O extends Fields, P extends Fields>(
    kernel: Kernel<I, O, P>,
    params: ValuesOf<P>,
  ): Promise<Program> {
    const scratch = Object.keys(kernel.scratch?.(params) ?? {});
    const program = this.#pipelines.program(kernel, scratch, kernel.passes(params));
    return this.readBack.orLost(program);
  }

  async run<I extends Fields, O extends Fields, P extends Fields>(
    kernel: Kernel<I, O, P>,
    params: ValuesOf<P>,
    inputs: { readonly [K in keyof I]: Input },
  ): Promise<ArraysOf<O>> {
    return (await this.start(kernel, params, inputs)).outputs;
  }

  /**
   * Resolves as soon as the work is submitted: what is submitted after that sees it done. Outputs come home, but
   * for what is updated in place in a buffer of the caller's: that stays there.
   */
  async start<I extends Fields, O extends Fields, P extends Fields>(
    kernel: Kernel<I, O, P>,
    params: ValuesOf<P>,
    inputs: { readonly [K in keyof I]: Input },
  ): Promise<{ readonly outputs: Promise<ArraysOf<O>> }> {
    const program = await this.program(kernel, params);
    const given: Readonly<Record<string, Input>> = inputs;
    const sizes: Record<string, number> = { ...kernel.size(params) };
    for (const name in kernel.outputs) {
      const words = given[name];
      if (words !== undefined) sizes[name] = ArrayBuffer.isView(words) ? words.length : 0;
    }
    const scratch = kernel.scratch?.(params) ?? {};
    const bytes = Object.values(sizes).reduce((sum, size) => sum + 4 * size, 0);

    const { result: staging, failure } = this.scoped(() => {
      const resources = new Map<string, GPUBufferBinding>();
      const bindings = [
        ...readOnly(kernel),
        ...Object.keys(kernel.outputs),
        ...Object.keys(scratch),
      ];
      for (const name of bindings) {
        const label = `${kernel.name}.${name}`;
        const size = 4 * (sizes[name] ?? scratch[name] ?? 0);
        const binding =
          name in kernel.inputs
            ? this.input(label, given[name])
            : this.#buffer(label, size, GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC);
        resources.set(name, binding);
      }
      resources.set('params', this.params(kernel, params));

      const encoder = this.device.createCommandEncoder({ label: kernel.name });
      const group = bindGroup(this.device, kernel, program, resources);
      encode(encoder, kernel, params, program, group);
      const target = this.readBack.take(bytes);
      let at = 0;
      for (const name in kernel.outputs) {
        const size = 4 * (sizes[name] ?? 0);
        const from = resources.get(name);
        if (from && size > 0) encoder.copyBufferToBuffer(from.buffer, 0, target, at, size);
        at += size;
      }
      this.device.queue.submit([encoder.finish()]);
      return target;
    });
    const arriving = Promise.all([this.readBack.read(staging, bytes), failure]);
    return { outputs: arriving.then(([home]) => unpack(kernel, sizes, home)) };
  }

  /** Does the work at once; `failure` rejects if the device found fault with it. */
  scoped<T>(work: () => T): { result: T; failure: Promise<void> } {
    this.device.pushErrorScope('out-of-memory');
    this.device.pushErrorScope('validation');
    try {
      return { result: work(), failure: this.#checked() };
    } catch (error) {
      void this.#checked().catch(() => {});
      throw error;
    }
  }

  async #checked(): Promise<void> {
    const scopes = [this.device.popErrorScope(), this.device.popErrorScope()];
    const [invalid, exhausted] = await this.readBack.orLost(Promise.all(scopes));
    if (exhausted) throw noMemory(exhausted);
    if (invalid) throw new Error(invalid.message);
  }

  params<P extends Fields>(
    kernel: { readonly name: string; readonly params: P },
    params: ValuesOf<P>,
  ): GPUBufferBinding {
    const words = encodeParams(kernel.params, params);
    const binding = this.#buffer(
      `${kernel.name}.params`,
      words.byteLength,
      GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
    );
    this.device.queue.writeBuffer(binding.buffer, 0, words);
    return binding;
  }

  input(label: string, input: Input | undefined): GPUBufferBinding {
    if (input === undefined) throw new Error(`${label} is missing`);
    if (!ArrayBuffer.isView(input)) return input;
    const binding = this.#buffer(
      label,
      input.byteLength,
      GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC,
    );
    this.device.queue.writeBuffer(
      binding.buffer,
      0,
      input.buffer,
      input.byteOffset,
      input.byteLength,
    );
    return binding;
  }

  /** A buffer of at least this many bytes that is kept under this name. */
  #buffer(label: string, size: number, usage: number): GPUBufferBinding & { buffer: GPUBuffer } {
    let buffer = this.#buffers.get(label);
    if (!buffer || buffer.size < size) {
      buffer?.destroy(); // takes effect after the work that uses it
      buffer = this.device.createBuffer({
        label,
        size: Math.max(16, 2 ** Math.ceil(Math.log2(Math.max(size, 1)))),
        usage,
      });
      this.#buffers.set(label, buffer);
    }
    return { buffer };
  }

  dispose(): void {
    for (const buffer of this.#buffers.values()) buffer.destroy();
    this.#buffers.clear();
    this.readBack.dispose();
  }
}

/** Arrays over what came home, in the order of the outputs. */
function unpack<O extends Fields>(
  kernel: { readonly outputs: O },
  sizes: Readonly<Record<string, number>>,
  home: ArrayBuffer,
): ArraysOf<O> {
  const outputs: Record<string, Uint32Array | Float32Array> = {};
  let at = 0;
  for (const name in kernel.outputs) {
    const Words = kernel.outputs[name] === 'f32' ? Float32Array : Uint32Array;
    outputs[name] = new Words(home, at, sizes[name]);
    at += 4 * (sizes[name] ?? 0);
  }
  return outputs as ArraysOf<O>; // built from the same fields as the type
}

/** The device stays its owner's: `dispose` frees what the backend made on it. */
export function createWebGpuBackend(device: GPUDevice): WebGpuBackend {
  const runner = new WebGpuRunner(device);
  return {
    kind: 'webgpu',
    device,
    ops: makeOps(runner),
    dispose: () => runner.dispose(),

    async gatherCache(caches, shape, index, length) {
      if (!(Number.isInteger(length) && length >= 1 && length <= shape.positions)) {
        throw new Error(`${length} positions asked of a cache that has ${shape.positions}`);
      }
      const rowBytes = 4 * shape.heads * shape.positions * shape.width;
      for (const cache of caches) {
        const rows = Math.floor(cache.size / rowBytes);
        const wrong = index.find((row) => !(Number.isInteger(row) && row >= 0 && row < rows));
        if (wrong !== undefined) throw new Error(`row ${wrong} asked of a cache of ${rows} rows`);
      }
      const params = { ...shape, length, batch: index.length };
      const program = await runner.program(gatherCache, params);
      const { result, failure } = runner.scoped(() => {
        const encoder = device.createCommandEncoder({ label: 'gatherCache' });
        const rows = runner.input('gatherCache.index', Uint32Array.from(index));
        const uniform = runner.params(gatherCache, params);
        const results = caches.map((cache) => {
          const buffer = device.createBuffer({
            label: cache.label,
            size: Math.ceil((4 * gatherCache.size(params).result) / 16) * 16,
            usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
          });
          const resources = new Map([
            ['cache', { buffer: cache }],
            ['index', rows],
            ['result', { buffer }],
            ['params', uniform],
          ]);
          const group = bindGroup(device, gatherCache, program, resources);
          encode(encoder, gatherCache, params, program, group);
          return buffer;
        });
        device.queue.submit([encoder.finish()]);
        return results;
      });
      try {
        await failure;
        return result;
      } catch (error) {
        for (const buffer of result) buffer.destroy();
        throw error;
      }
    },
  };
}
