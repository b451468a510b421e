// Chooses by provider how a decoder is trained.

import { GpuTrainable } from './gpuTrainable.ts';
import { OrtTrainable } from './ortTrainable.ts';
import type { OrtRuntime } from './runtime.ts';
import type { Trainable, TrainableOptions } from './trainable.ts';

/**
 * @param bytes of an ONNX decoder, with or without cache
 * @throws UserError 'onnx' for what cannot be differentiated, 'gpu' when it does not fit the device
 */
export function createTrainable(
  bytes: Uint8Array<ArrayBuffer>,
  runtime: OrtRuntime,
  options: TrainableOptions,
): Promise<Trainable> {
  const { device } = runtime;
  return device
    ? GpuTrainable.create(bytes, runtime, device, options)
    : OrtTrainable.create(bytes, runtime, options);
}
