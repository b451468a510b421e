// Buffers for the length of one pass. A GPU says only afterwards that it had no room for a buffer, so it is asked.

import { UserError } from '../core/errors.ts';

/** @throws UserError 'gpu' when there is no room; then nothing was taken */
export async function takeScratch(
  device: GPUDevice,
  label: string,
  sizes: readonly number[],
): Promise<readonly GPUBuffer[]> {
  device.pushErrorScope('out-of-memory');
  const buffers = sizes.map((bytes) =>
    device.createBuffer({
      label,
      // All zeros; a multiple of what vectorised shaders read.
      size: Math.max(16, Math.ceil(bytes / 16) * 16),
      usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
    }),
  );
  const exhausted = await device.popErrorScope();
  if (!exhausted) return buffers;
  for (const buffer of buffers) buffer.destroy();
  throw noMemory(exhausted);
}

export const noMemory = (exhausted: GPUError) =>
  new UserError(
    'gpu',
    'The GPU has no memory left.',
    'Choose smaller checkpoints or close other pages that use the GPU, then run again.',
    { cause: new Error(exhausted.message) },
  );
