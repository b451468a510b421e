// What was found and what runs where, in words.

import type { Experiment } from '../experiment/experiment.ts';
import type { DeviceClass, Hardware } from '../worker/protocol.ts';

export type Provider = 'wasm' | 'webgpu';
export type Kernels = 'cpu' | 'webgpu';

export const providerName = (provider: Provider): string =>
  provider === 'wasm' ? 'WebAssembly' : 'WebGPU';
export const kernelsName = (kernels: Kernels): string =>
  kernels === 'cpu' ? 'TypeScript on the CPU' : 'WGSL on WebGPU';

export const deviceName: Readonly<Record<DeviceClass, string>> = {
  noWebGpu: 'No WebGPU in this browser',
  noAdapter: 'No GPU adapter',
  software: 'Software adapter',
  real: 'GPU',
};

/** What a run of this experiment will use; undefined until the hardware is known. */
export function planned(
  { provider, kernels }: Experiment,
  hardware: Hardware | undefined,
): { provider: Provider; kernels: Kernels } | undefined {
  if (!hardware) return undefined;
  const models = provider === 'auto' ? hardware.provider : provider;
  // With the models, as `auto` says; on a machine without a GPU that is the CPU.
  return { provider: models, kernels: kernels === 'auto' ? hardware.kernels : kernels };
}

/** Few words for the bar: "wasm + CPU". */
export function chipText(uses: { provider: Provider; kernels: Kernels } | undefined): string {
  if (!uses) return 'Looking for a GPU';
  const { provider, kernels } = uses;
  if (provider === 'webgpu' && kernels === 'webgpu') return 'WebGPU';
  const models = provider === 'wasm' ? 'wasm' : 'WebGPU';
  return `${models} + ${kernels === 'cpu' ? 'CPU' : 'WGSL'}`;
}
