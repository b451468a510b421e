// What bench/main.ts calls in the browser.
import { findDevice } from '../src/backend/device.ts';
import { benchDecoding } from './decoding.ts';
import { benchKernels } from './kernels.ts';

const bench = {
  async kernels() {
    const { device, adapter, why } = await findDevice();
    if (!device) throw new Error(`no GPU device to measure on: ${why}`);
    return { adapter, rows: await benchKernels(device) };
  },
  decoding: benchDecoding,
};

declare global {
  interface Window {
    bench: typeof bench;
  }
}
window.bench = bench;
