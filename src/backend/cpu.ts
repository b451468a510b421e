// The CPU backend is the kernels' references, run where JavaScript runs. Used when there is no GPU, and for
// vocabularies so small that a trip to the GPU would cost more than the work.

import { UserError } from '../core/errors.ts';
import {
  type ArraysOf,
  type Fields,
  type Kernel,
  makeOutputs,
  type ValuesOf,
} from '../kernels/kernel.ts';
import type { RowWindow } from '../kernels/rows.ts';
import type { Backend } from './backend.ts';
import { makeOps } from './ops.ts';
import { concatenated, type Input, type Rows, type Runner } from './runner.ts';

class CpuRunner implements Runner {
  readonly #device: GPUDevice | undefined;
  bytesReadBack = 0;

  constructor(device: GPUDevice | undefined) {
    this.#device = device;
  }

  rows(source: Float32Array | GPUBuffer, window: RowWindow): Rows | Promise<Rows> {
    return source instanceof Float32Array
      ? { logits: source, window }
      : this.#readBack(source, window);
  }

  /** Copies the rows, and nothing between them, out of a buffer of the GPU. */
  async #readBack(source: GPUBuffer, { rows, vocab, base, pitch }: RowWindow): Promise<Rows> {
    const device = this.#device;
    if (!device) throw new Error('logits are on a GPU, and this CPU backend was given none');
    const size = 4 * rows * vocab;
    const staging = device.createBuffer({
      label: 'logits for the CPU',
      size,
      usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ,
    });
    try {
      const encoder = device.createCommandEncoder({ label: 'logits for the CPU' });
      for (let row = 0; row < rows; row++) {
        const from = 4 * (base + row * pitch);
        encoder.copyBufferToBuffer(source, from, staging, 4 * row * vocab, 4 * vocab);
      }
      device.queue.submit([encoder.finish()]);
      await staging.mapAsync(GPUMapMode.READ);
      const logits = new Float32Array(staging.getMappedRange().slice(0));
      this.bytesReadBack += size;
      return { logits, window: { rows, vocab, base: 0, pitch: vocab } };
    } catch (cause) {
      throw new UserError(
        'gpu',
        'The logits could not be read back from the GPU.',
        'Run again; if it happens again, reload the page or run the models on wasm.',
        { cause },
      );
    } finally {
      staging.destroy();
    }
  }

  stack(parts: readonly Rows[]): { rows: Rows; free(): void } {
    return { rows: concatenated(parts), free: () => {} };
  }

  async run<I extends Fields, O extends Fields, P extends Fields>(
    kernel: Kernel<I, O, P>,
    params: ValuesOf<P>,
    inputs: { readonly [K in keyof I]: Input },
  ): Promise<ArraysOf<O>> {
    if (!inMemory(inputs)) throw new Error(`${kernel.name}: an input is on a GPU`);
    const outputs = makeOutputs(kernel, params, inputs);
    kernel.reference(inputs, params, outputs);
    return outputs;
  }
}

function inMemory<I extends Fields>(
  inputs: {
    readonly [K in keyof I]: Input;
  },
): inputs is ArraysOf<I> {
  for (const name in inputs) if (!ArrayBuffer.isView(inputs[name])) return false;
  return true;
}

/** `device` is needed only to read logits that a model left on it. */
export function createCpuBackend(device?: GPUDevice): Backend {
  return { kind: 'cpu', ops: makeOps(new CpuRunner(device)), dispose: () => {} };
}
