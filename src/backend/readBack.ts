// The way home for small answers: buffers to map, used again and again, and a wait that ends when the device
// is lost. A lost device reports no errors and lets most calls "succeed", so every operation ends here.

import { UserError } from '../core/errors.ts';

const SMALLEST = 256;

export class ReadBack {
  readonly #device: GPUDevice;
  /** Unmapped buffers by size; sizes are powers of two. */
  readonly #free = new Map<number, GPUBuffer[]>();
  /** Those who wait for something that a lost device will not deliver. */
  readonly #waiting = new Set<(reason: unknown) => void>();
  #lost: UserError | undefined;
  #disposed = false;
  /** Bytes that have come home. */
  bytes = 0;

  constructor(device: GPUDevice) {
    this.#device = device;
    void device.lost.then(({ reason, message }) => {
      this.#lost = deviceLost(reason, message);
      for (const reject of this.#waiting) reject(this.#lost);
      this.#waiting.clear();
    });
  }

  /** A buffer to copy `size` bytes to in the commands that are about to be submitted. */
  take(size: number): GPUBuffer {
    const capacity = Math.max(SMALLEST, 2 ** Math.ceil(Math.log2(size)));
    return (
      this.#free.get(capacity)?.pop() ??
      this.#device.createBuffer({
        label: `read-back ${capacity}`,
        size: capacity,
        usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ,
      })
    );
  }

  /**
   * Maps a taken buffer, copies its first `size` bytes and keeps the buffer for later.
   * @throws UserError 'gpu' when the device is lost meanwhile.
   */
  async read(staging: GPUBuffer, size: number): Promise<ArrayBuffer> {
    try {
      await this.orLost(staging.mapAsync(GPUMapMode.READ, 0, size));
      const bytes = staging.getMappedRange(0, size).slice(0);
      staging.unmap();
      this.bytes += size;
      if (this.#disposed) staging.destroy();
      else this.#give(staging);
      return bytes;
    } catch (cause) {
      staging.destroy();
      // Usually the buffer's rejection comes before the news that the device is lost.
      throw cause instanceof UserError ? cause : deviceLost('unknown', String(cause));
    }
  }

  /** The work's result, or the device's loss. */
  orLost<T>(work: Promise<T>): Promise<T> {
    if (this.#lost) {
      work.catch(() => {}); // fails too, for the same reason
      return Promise.reject(this.#lost);
    }
    return new Promise<T>((resolve, reject) => {
      this.#waiting.add(reject);
      void work.then(resolve, reject).finally(() => this.#waiting.delete(reject));
    });
  }

  #give(staging: GPUBuffer): void {
    const free = this.#free.get(staging.size);
    if (free) free.push(staging);
    else this.#free.set(staging.size, [staging]);
  }

  dispose(): void {
    this.#disposed = true;
    for (const buffers of this.#free.values()) for (const buffer of buffers) buffer.destroy();
    this.#free.clear();
  }
}

function deviceLost(reason: GPUDeviceLostReason, message: string): UserError {
  const found =
    reason === 'destroyed'
      ? 'The GPU device was closed while it was in use.'
      : 'The browser reset the GPU: the device was lost.';
  return new UserError(
    'gpu',
    found,
    'Run again; after a second reset reload the page, or run on wasm.',
    {
      cause: new Error(message),
    },
  );
}
