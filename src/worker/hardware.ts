// What to run where. The page says what was found and why; an experiment may ask for something else.

import type { FoundDevice } from '../backend/device.ts';
import { UserError } from '../core/errors.ts';
import type { Experiment } from '../experiment/experiment.ts';
import type { Hardware } from './protocol.ts';

/** Where models and kernels of a run are in the end. */
export interface Uses {
  readonly provider: 'wasm' | 'webgpu';
  readonly kernels: 'cpu' | 'webgpu';
}

export const needsGpu = ({ provider, kernels }: Uses): boolean =>
  provider === 'webgpu' || kernels === 'webgpu';

/** A software adapter is about 100 times slower than wasm, so it is used only when somebody asks for it. */
export function hardwareOf({ deviceClass, adapter, why, features, device }: FoundDevice): Hardware {
  const real = deviceClass === 'real';
  return {
    deviceClass,
    adapter,
    why,
    features,
    ...(device && {
      limits: {
        maxBufferSize: device.limits.maxBufferSize,
        maxStorageBufferBindingSize: device.limits.maxStorageBufferBindingSize,
      },
    }),
    provider: real ? 'webgpu' : 'wasm',
    kernels: real ? 'webgpu' : 'cpu',
  };
}

/** @throws UserError 'gpu' when the experiment asks for a GPU and there is none */
export function choose(
  { provider, kernels }: Pick<Experiment, 'provider' | 'kernels'>,
  hardware: Hardware,
): Uses {
  const models = provider === 'auto' ? hardware.provider : provider;
  const ours = kernels === 'auto' ? (models === 'webgpu' ? 'webgpu' : 'cpu') : kernels;
  const gpu = hardware.deviceClass === 'real' || hardware.deviceClass === 'software';
  const uses: Uses = { provider: models, kernels: ours };
  if (gpu || !needsGpu(uses)) return uses;
  const what = models === 'webgpu' ? 'Models' : 'Kernels';
  throw new UserError(
    'gpu',
    `${what} are set to run on WebGPU, which is not available here.`,
    `Set them to “auto”, which uses the processor. ${hardware.why}`,
  );
}
