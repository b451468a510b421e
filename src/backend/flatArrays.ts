// Weights, moments and gradients of a training on a device, tensors side by side in one array each (docs/decisions.md),
// what `undo` goes back to, and a buffer for each tensor of weights, which follows the array.

import { UserError } from '../core/errors.ts';
import type { TensorSpan } from '../kernels/adamw.ts';
import { download } from './download.ts';
import type { ReadBack } from './readBack.ts';

export type Floats = Float32Array<ArrayBuffer>;

export const STATE = ['weights', 'means', 'squares'] as const;
const ARRAYS = [...STATE, 'gradients', 'fresh'] as const;
export type StateName = (typeof STATE)[number];
/** All of the state, tensors side by side. */
export type FlatState = Readonly<Record<StateName, Floats>>;

export interface FirstWeights {
  readonly values: Floats;
  /** Whether weight decay applies. */
  readonly decay: boolean;
}

export type ArrayName = (typeof ARRAYS)[number];

export class FlatArrays {
  /** One for each tensor, for those who read weights; ours to write to and to destroy. */
  readonly buffers: readonly GPUBuffer[];
  readonly spans: readonly TensorSpan[];
  /** Of all tensors together. */
  readonly size: number;
  readonly now: Readonly<Record<ArrayName, GPUBuffer>>;
  /** What `undo` goes back to. */
  readonly before: Readonly<Record<StateName, GPUBuffer>>;
  readonly #device: GPUDevice;
  readonly #readBack: ReadBack;

  constructor(device: GPUDevice, readBack: ReadBack, tensors: readonly FirstWeights[]) {
    this.#device = device;
    this.#readBack = readBack;
    let first = 0;
    this.spans = tensors.map(({ values: { length }, decay }) => {
      first += length;
      return { first: first - length, length, decay };
    });
    this.size = first;
    const create = (label: string, length: number) =>
      device.createBuffer({
        label,
        size: Math.max(16, Math.ceil(length / 4) * 16),
        usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
      });
    const all = (suffix: string) => (name: string) => [name, create(`${name}${suffix}`, this.size)];
    this.now = Object.fromEntries(ARRAYS.map(all('')));
    this.before = Object.fromEntries(STATE.map(all(' before')));
    this.buffers = tensors.map(({ values }) => create('weight', values.length));
    tensors.forEach(({ values }, i) => {
      device.queue.writeBuffer(this.now.weights, 4 * this.spans[i]!.first, values);
    });
    this.submit((encoder) => {
      this.remember(encoder);
      this.publish(encoder);
    });
  }

  all(buffer: GPUBuffer) {
    return { buffer, offset: 0, size: 4 * this.size };
  }

  submit(record: (encoder: GPUCommandEncoder) => void): void {
    const encoder = this.#device.createCommandEncoder({ label: 'training' });
    record(encoder);
    this.#device.queue.submit([encoder.finish()]);
  }

  /** What is now is what `undo` goes back to. */
  remember(encoder: GPUCommandEncoder): void {
    for (const name of STATE) this.#copy(encoder, this.now[name], this.before[name]);
  }

  undo(): void {
    this.submit((encoder) => {
      for (const name of STATE) this.#copy(encoder, this.before[name], this.now[name]);
      this.publish(encoder);
    });
  }

  /** The buffers of single tensors become what the array is. */
  publish(encoder: GPUCommandEncoder): void {
    this.spans.forEach(({ first, length }, i) => {
      encoder.copyBufferToBuffer(this.now.weights, 4 * first, this.buffers[i]!, 0, 4 * length);
    });
  }

  /** Goes on from this state, which `undo` then goes back to as well. */
  write(state: FlatState): void {
    for (const name of STATE) this.#device.queue.writeBuffer(this.before[name], 0, state[name]);
    this.undo();
  }

  /** @throws UserError 'gpu' when the device is lost */
  read(...names: ArrayName[]): Promise<Floats[]> {
    const buffers = names.map((name) => this.now[name]);
    return download(this.#device, this.#readBack, buffers, this.size);
  }

  /** Single numbers; -1 is none, and NaN. */
  async peek(of: ArrayName, places: readonly number[]): Promise<number[]> {
    const wanted = places.filter((place) => place >= 0);
    if (wanted.length === 0) return places.map(() => Number.NaN);
    const size = 4 * wanted.length;
    const staging = this.#readBack.take(size);
    this.submit((encoder) => {
      wanted.forEach((place, i) => {
        encoder.copyBufferToBuffer(this.now[of], 4 * place, staging, 4 * i, 4);
      });
    });
    const found = new Float32Array(await this.#readBack.read(staging, size));
    let next = 0;
    return places.map((place) => (place < 0 ? Number.NaN : found[next++]!));
  }

  dispose(): void {
    const own = [...Object.values(this.now), ...Object.values(this.before), ...this.buffers];
    for (const buffer of own) buffer.destroy();
  }

  #copy(encoder: GPUCommandEncoder, from: GPUBuffer, to: GPUBuffer): void {
    encoder.copyBufferToBuffer(from, 0, to, 0, 4 * this.size);
  }
}

/** @throws UserError 'gpu' when a device with these limits has no room for weights of so many bytes */
export function checkRoom(
  limits: Pick<GPUSupportedLimits, 'maxStorageBufferBindingSize' | 'maxBufferSize'>,
  bytes: number,
): void {
  const most = Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize);
  if (bytes <= most) return;
  const inMiB = (size: number) => `${(size / 2 ** 20).toFixed(1)} MiB`;
  throw new UserError(
    'gpu',
    `The weights are ${inMiB(bytes)}; this GPU allows ${inMiB(most)} in one array.`,
    'Train a smaller checkpoint, train adapters (LoRA), or train on wasm.',
  );
}
