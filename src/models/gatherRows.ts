// Rows of logits that do not lie evenly, brought side by side where they are: of sequences that end at different
// columns, or of a pass that had to read again what was known.

import { DeviceLogits } from '../backend/logits.ts';
import type { OrtRuntime, Tensor } from './runtime.ts';

/**
 * @param tensor logits [batch, positions, width], given back here
 * @param rows numbers of rows, counted through batch and positions
 */
export function gatherRows(
  tensor: Tensor,
  rows: readonly number[],
  vocab: number,
  { device }: Pick<OrtRuntime, 'device'>,
): DeviceLogits {
  const width = tensor.dims[2] as number;
  const layout = { rows: rows.length, rowStart: 0, rowStep: 1, vocab, stride: width };
  if (device && tensor.location === 'gpu-buffer') {
    const size = 4 * width;
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    const buffer = device.createBuffer({ label: 'logits', size: rows.length * size, usage });
    const copy = device.createCommandEncoder({ label: 'logits' });
    rows.forEach((row, i) => {
      copy.copyBufferToBuffer(tensor.gpuBuffer, row * size, buffer, i * size, size);
    });
    device.queue.submit([copy.finish()]);
    tensor.dispose();
    return new DeviceLogits(buffer, layout, () => buffer.destroy());
  }
  const { data } = tensor;
  if (!(data instanceof Float32Array)) throw new Error(`logits are ${tensor.type}`);
  const gathered = new Float32Array(rows.length * width);
  rows.forEach((row, i) => {
    gathered.set(data.subarray(row * width, (row + 1) * width), i * width);
  });
  return new DeviceLogits(gathered, layout);
}
