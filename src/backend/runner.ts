// What the operations share: where rows lie, what runs kernels, and what is refused.

import { UserError } from '../core/errors.ts';
import type { Logits } from '../core/languageModel.ts';
import type { Sampling } from '../core/ops.ts';
import { MAX_VOCAB, UNIT } from '../kernels/kept.ts';
import type { ArraysOf, Fields, Kernel, ValuesOf } from '../kernels/kernel.ts';
import type { RowWindow } from '../kernels/rows.ts';
import { DeviceLogits } from './logits.ts';

/** Part of a GPU buffer; offset and size in bytes, the offset a multiple of 256. */
export interface BufferRange {
  readonly buffer: GPUBuffer;
  readonly offset: number;
  readonly size: number;
}
/** An input of a kernel, wherever it is. */
export type Input = Uint32Array | Float32Array | BufferRange;

/** Rows of logits that a kernel can be run on. */
export interface Rows {
  readonly logits: Input;
  readonly window: RowWindow;
}

/** Runs kernels somewhere. */
export interface Runner {
  /** Makes rows readable where this runner runs; `window.base` counts from the source's first element. */
  rows(source: Float32Array | GPUBuffer, window: RowWindow): Rows | Promise<Rows>;
  run<I extends Fields, O extends Fields, P extends Fields>(
    kernel: Kernel<I, O, P>,
    params: ValuesOf<P>,
    inputs: { readonly [K in keyof I]: Input },
  ): Promise<ArraysOf<O>>;
  /** Rows of several models below each other in new memory, free to be written to, until `free`. */
  stack(parts: readonly Rows[]): { readonly rows: Rows; free(): void };
  readonly bytesReadBack: number;
}

/** `count` rows from `first` on; throws when the layout does not fit its memory. */
export function windowOf(logits: Logits, first: number, count: number): [DeviceLogits, RowWindow] {
  if (!(logits instanceof DeviceLogits)) {
    throw new Error('these logits were not made by a model of this backend');
  }
  const { rows, vocab, stride, rowStart, rowStep } = logits.layout;
  if (!(Number.isInteger(first) && first >= 0 && count >= 1 && first + count <= rows)) {
    throw new Error(`rows ${first}..${first + count - 1} asked of logits that have ${rows}`);
  }
  const window = {
    rows: count,
    vocab,
    base: (rowStart + first * rowStep) * stride,
    pitch: rowStep * stride,
  };
  const { source } = logits;
  const held = source instanceof Float32Array ? source.length : source.size / 4;
  const needed = window.base + (count - 1) * window.pitch + vocab;
  if (needed > held) throw new Error(`the logits' layout needs ${needed} floats of ${held}`);
  return [logits, window];
}

export function checkTokens(tokens: readonly number[], vocab: number): void {
  for (const token of tokens) {
    if (!(Number.isInteger(token) && token >= 0 && token < vocab)) {
      throw new Error(`token ${token} is not in a vocabulary of ${vocab}`);
    }
  }
}

export const badRow = (row: number): UserError =>
  new UserError(
    'logits',
    `Row ${row} of the logits holds NaN or +Infinity.`,
    'The checkpoint or its number format is at fault: try its float32 variant, or run the models on wasm.',
  );

/** Filters as the kernels take them. */
export function filtersOf({ temperature, topK, topP, minP }: Sampling, vocab: number) {
  const inRange = temperature >= 0 && Number.isInteger(topK) && topK >= 0 && topP >= 0 && topP <= 1;
  if (!(inRange && minP >= 0 && minP <= 1)) {
    const given = JSON.stringify({ temperature, topK, topP, minP });
    throw new Error(`sampling out of range: ${given}`);
  }
  if (vocab > MAX_VOCAB) {
    throw new Error(`sampling from ${vocab} tokens: expected at most ${MAX_VOCAB}`);
  }
  return {
    temperature,
    topK: Math.min(topK, MAX_VOCAB),
    topP: Math.round(topP * 2 ** 24),
    minWeight: Math.ceil(minP * UNIT),
  };
}

/**
 * Rows that a kernel has changed in place, as logits: the same ones where their buffer was changed, or new ones
 * around what came home. Disposing of them frees the originals.
 */
export function changedLogits(logits: DeviceLogits, home: Float32Array, window: RowWindow): Logits {
  if (home.length === 0) return logits;
  const { rows, vocab, base, pitch } = window;
  const layout = { rows, vocab, stride: 1, rowStart: base, rowStep: pitch };
  return new DeviceLogits(home, layout, () => logits.dispose());
}

/** Rows in memory, copied below each other. */
export function concatenated(parts: readonly Rows[]): Rows & { readonly logits: Float32Array } {
  const vocab = parts[0]?.window.vocab ?? 0;
  const rows = parts.reduce((sum, { window }) => sum + window.rows, 0);
  const all = new Float32Array(rows * vocab);
  let at = 0;
  for (const { logits, window } of parts) {
    if (!(logits instanceof Float32Array)) throw new Error('rows to be stacked are on a GPU');
    for (let row = 0; row < window.rows; row++, at += vocab) {
      const start = window.base + row * window.pitch;
      all.set(logits.subarray(start, start + vocab), at);
    }
  }
  return { logits: all, window: { rows, vocab, base: 0, pitch: vocab } };
}
