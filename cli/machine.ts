// Where an experiment runs without a page: on the processor, or, when its link asks for WebGPU and a Vulkan driver is
// found, on the GPU through Dawn.

import type { Backend } from '../src/backend/backend.ts';
import { createCpuBackend } from '../src/backend/cpu.ts';
import { findDevice } from '../src/backend/device.ts';
import { createWebGpuBackend } from '../src/backend/webgpu.ts';
import type { Experiment } from '../src/experiment/experiment.ts';
import type { OrtRuntime } from '../src/models/runtime.ts';
import { loadWebGpuRuntime } from '../src/models/webRuntime.ts';
import { loadNodeRuntime } from './nodeRuntime.ts';

export interface Machine {
  readonly runtime: OrtRuntime;
  readonly backend: Backend;
  /** The adapter in words; undefined on the processor. */
  readonly adapter?: string;
}

/** What the experiment asks for, as far as it is here; `say` hears what is not. */
export async function findMachine(
  { provider, kernels }: Pick<Experiment, 'provider' | 'kernels'>,
  threads: number,
  say: (line: string) => void,
): Promise<Machine> {
  const onProcessor = async () => ({
    runtime: await loadNodeRuntime(threads),
    backend: createCpuBackend(),
  });
  if (provider !== 'webgpu' && kernels !== 'webgpu') return onProcessor();
  if (provider !== 'webgpu' || kernels === 'cpu') {
    say('Without a page, models and kernels run together: here on the processor.');
    return onProcessor();
  }
  // Only now: Dawn is large, and is not there where only what the page needs was installed.
  const dawn = await import('./dawn.ts').catch(() => undefined);
  const { device, adapter, why } = await findDevice(dawn?.installDawn());
  if (!device) {
    say(
      `The experiment asks for WebGPU, which is not found here; it runs on the processor. ${why}`,
    );
    return onProcessor();
  }
  say(`On ${adapter}.`);
  return {
    runtime: await loadWebGpuRuntime(device),
    backend: createWebGpuBackend(device),
    adapter,
  };
}
