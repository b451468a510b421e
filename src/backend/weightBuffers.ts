// Weights as GPU buffers that are written to here and there and read by a runtime: one buffer per tensor.

import { UserError } from '../core/errors.ts';
import { download } from './download.ts';
import { ReadBack } from './readBack.ts';

type Floats = Float32Array<ArrayBuffer>;

/**
 * Does every tensor fit into a buffer that a shader may read whole?
 * @throws UserError 'gpu' naming the tensor that does not
 */
export function checkBufferSizes(
  limits: Pick<GPUSupportedLimits, 'maxBufferSize' | 'maxStorageBufferBindingSize'>,
  tensors: readonly { readonly name: string; readonly bytes: number }[],
): void {
  const most = Math.min(limits.maxBufferSize, limits.maxStorageBufferBindingSize);
  const tooLarge = tensors.find(({ bytes }) => bytes > most);
  if (!tooLarge) return;
  const size = (bytes: number) => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
  throw new UserError(
    'gpu',
    `The tensor “${tooLarge.name}” has ${size(tooLarge.bytes)}; this GPU reads at most ${size(most)} from one buffer.`,
    'Run models on wasm to turn this one, or choose a smaller checkpoint.',
  );
}

export class WeightBuffers {
  readonly #device: GPUDevice;
  readonly #readBack: ReadBack;
  readonly #buffers = new Set<GPUBuffer>();

  constructor(device: GPUDevice) {
    this.#device = device;
    this.#readBack = new ReadBack(device);
  }

  create(values: Floats): GPUBuffer {
    const buffer = this.#device.createBuffer({
      label: 'turned weight',
      size: Math.max(16, Math.ceil(values.length / 4) * 16),
      usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
    });
    this.#buffers.add(buffer);
    this.write(buffer, values, 0, values.length);
    return buffer;
  }

  /** Elements [start, end) become those of `values`. */
  write(buffer: GPUBuffer, values: Floats, start: number, end: number): void {
    this.#device.queue.writeBuffer(buffer, 4 * start, values, start, end - start);
  }

  /** @throws UserError 'gpu' when the device is lost */
  async read(buffer: GPUBuffer, length: number): Promise<Floats> {
    const [values] = await download(this.#device, this.#readBack, [buffer], length);
    return values!;
  }

  /** `length` floats from element `first` of a buffer of somebody else's. */
  async readPart(source: GPUBuffer, first: number, length: number): Promise<Floats> {
    const size = 4 * length;
    const staging = this.#readBack.take(size);
    const encoder = this.#device.createCommandEncoder({ label: 'read a row' });
    encoder.copyBufferToBuffer(source, 4 * first, staging, 0, size);
    this.#device.queue.submit([encoder.finish()]);
    return new Float32Array(await this.#readBack.read(staging, size));
  }

  dispose(): void {
    for (const buffer of this.#buffers) buffer.destroy();
    this.#buffers.clear();
    this.#readBack.dispose();
  }
}
