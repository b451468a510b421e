// The same benchmark outside a browser, through Dawn, for machines that have a GPU but no screen. Needs a
// Vulkan driver that the loader finds (VK_ICD_FILENAMES names one).
import { create, globals } from 'webgpu';
import { findDevice } from '../src/backend/device.ts';
import { benchKernels, type Row } from './kernels.ts';

/** Kept for ever: Dawn goes away with this object, whoever still uses it. */
let gpu: GPU | undefined;

export async function benchKernelsInNode(): Promise<{ adapter: string; rows: Row[] }> {
  Object.assign(globalThis, globals);
  gpu ??= create([]);
  const { device, adapter, why } = await findDevice(gpu);
  if (!device) throw new Error(`no GPU device to measure on: ${why}`);
  const rows = await benchKernels(device);
  device.destroy();
  return { adapter, rows };
}
