// Chooses by provider how a decoder is trained.

import { UserError } from '../core/errors.ts';
import { GpuTrainable } from './gpuTrainable.ts';
import { OrtTrainable } from './ortTrainable.ts';
import { isShortage } from './passes.ts';
import type { OrtRuntime } from './runtime.ts';
import type { Trainable, TrainableOptions } from './trainable.ts';

/** Weights, gradient, two moments, and weights and moments of the step before; and the runtime's own gradient. */
const COPIES = 8;

/**
 * @param bytes of an ONNX decoder, with or without cache
 * @throws UserError 'onnx' for what cannot be differentiated, 'gpu' when it does not fit the device, 'runtime' when
 *   there is no memory for it
 */
export async function createTrainable(
  bytes: Uint8Array<ArrayBuffer>,
  runtime: OrtRuntime,
  options: TrainableOptions,
): Promise<Trainable> {
  const { device } = runtime;
  try {
    return device
      ? await GpuTrainable.create(bytes, runtime, device, options)
      : await OrtTrainable.create(bytes, runtime, options);
  } catch (error) {
    throw isShortage(error) ? tooLarge(bytes.length, options, error) : error;
  }
}

function tooLarge(bytes: number, { lora }: TrainableOptions, cause: unknown): UserError {
  const size = (of: number) =>
    of >= 2 ** 30 ? `${(of / 2 ** 30).toFixed(1)} GiB` : `${Math.ceil(of / 2 ** 20)} MiB`;
  return new UserError(
    'runtime',
    lora
      ? `There is not enough memory to train this model: its weights alone are ${size(bytes)}.`
      : `There is not enough memory to train this model: weights, gradients and the optimiser take about ${size(COPIES * bytes)}.`,
    `${lora ? 'Choose' : 'Train adapters (LoRA), choose'} a smaller checkpoint, or close other tabs.`,
    { cause },
  );
}
