// The way home for large arrays, which is taken seldom: buffers of its own, given up at once.

import type { ReadBack } from './readBack.ts';

/**
 * The first `length` floats of each buffer, as they are now, whatever is submitted later.
 * @throws UserError 'gpu' when the device is lost
 */
export function download(
  device: GPUDevice,
  readBack: ReadBack,
  buffers: readonly GPUBuffer[],
  length: number,
): Promise<Float32Array<ArrayBuffer>[]> {
  const size = 4 * length;
  const encoder = device.createCommandEncoder({ label: 'download' });
  const staging = buffers.map((buffer) => {
    const usage = GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ;
    const target = device.createBuffer({ label: 'download', size, usage });
    encoder.copyBufferToBuffer(buffer, 0, target, 0, size);
    return target;
  });
  device.queue.submit([encoder.finish()]);
  const arriving = staging.map(async (buffer) => {
    try {
      await readBack.orLost(buffer.mapAsync(GPUMapMode.READ));
      return new Float32Array(buffer.getMappedRange().slice(0));
    } finally {
      buffer.destroy();
    }
  });
  return Promise.all(arriving);
}
