// The benchmarks of kernels outside a browser, through Dawn, for machines that have a GPU but no screen. Need a
// Vulkan driver that the loader finds (VK_ICD_FILENAMES names one).
import { create, globals } from 'webgpu';
import { findDevice } from '../src/backend/device.ts';
import { benchFusion, type FusionRow } from './fusion.ts';
import { benchKernels, type Row } from './kernels.ts';

/** Kept for ever: Dawn goes away with this object, whoever still uses it. */
let gpu: GPU | undefined;

async function onDevice<T>(measure: (device: GPUDevice) => Promise<T>) {
  Object.assign(globalThis, globals);
  gpu ??= create([]);
  const { device, adapter, why } = await findDevice(gpu);
  if (!device) throw new Error(`no GPU device to measure on: ${why}`);
  const rows = await measure(device);
  device.destroy();
  return { adapter, rows };
}

export const benchKernelsInNode = (): Promise<{ adapter: string; rows: Row[] }> =>
  onDevice(benchKernels);

/** @param mostRows of shapes with more nothing is measured */
export const benchFusionInNode = (
  mostRows: number,
): Promise<{ adapter: string; rows: FusionRow[] }> =>
  onDevice((device) => benchFusion(device, (line) => console.error(line), mostRows));
