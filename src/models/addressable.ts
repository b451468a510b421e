// Does a model fit into what WebAssembly can address? Asked before it is loaded, which takes minutes, and answered with
// numbers.

import { UserError } from '../core/errors.ts';

/** Of WebAssembly with 32-bit addresses. Bytes. */
export const FOUR_GIB = 2 ** 32;
/**
 * What loading takes there, as a multiple of the weights: ONNX Runtime lays matrices out anew and lets the old layout go
 * only then. Measured in Chromium with 0.4 to 2.7 GB of weights: 1.40 to 1.46 (docs/bench/memory.md).
 */
export const LOADING = 1.5;

/**
 * @param weights bytes of the model and of the files beside it
 * @param most bytes; undefined where there is no such limit
 * @throws UserError 'onnx'
 */
export function checkAddressable(file: string, weights: number, most: number | undefined): void {
  if (most === undefined || LOADING * weights <= most) return;
  throw new UserError(
    'onnx',
    `${file} has ${gigabytes(weights)} of weights and needs up to ${gigabytes(LOADING * weights)} while it is loaded; WebAssembly can address ${gigabytes(most)}.`,
    'Use a quantised export, or run it on a GPU.',
  );
}

/** As people say it. */
export const gigabytes = (bytes: number): string =>
  bytes >= 2 ** 30 ? `${(bytes / 2 ** 30).toFixed(1)} GB` : `${(bytes / 2 ** 20).toFixed(0)} MB`;
