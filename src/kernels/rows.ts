// Rows of logits as kernels read them, and the one reduction that most of them share: a row's maximum, its
// argmax, its sum of exponentials. Meaning of odd values, the same in shaders/lib/logits.wgsl:
// -Infinity, and anything below -1e30, is "never" and counts as -1e30, so that no difference overflows;
// NaN and +Infinity make the row bad, and a bad row has no answer.

import libChunks from '../../shaders/lib/chunks.wgsl?raw';
import libGrid from '../../shaders/lib/grid.wgsl?raw';
import libLogits from '../../shaders/lib/logits.wgsl?raw';
import libSoftmax from '../../shaders/lib/softmax.wgsl?raw';
import libTargets from '../../shaders/lib/targets.wgsl?raw';
import type { Pass, WgslSource } from './kernel.ts';

/** A logit that means "never". */
export const NEVER = -1e30;
/** Stands for a token where the row is bad, and for "no bad row" where a row's number is expected. */
export const NONE = 0xffffffff;
/** Columns that one workgroup reads; rows that are longer are split. Depends on nothing but the column,
 *  so a row's result does not depend on how many rows travel with it. */
export const CHUNK = 4096;

/** Row r begins at element base + r * pitch of the binding. */
export const rowFields = { rows: 'u32', vocab: 'u32', base: 'u32', pitch: 'u32' } as const;
export interface RowWindow {
  readonly rows: number;
  readonly vocab: number;
  readonly base: number;
  readonly pitch: number;
}

export const gridLib: readonly WgslSource[] = [{ file: 'lib/grid.wgsl', text: libGrid }];
/** Judging floats by their bits. */
export const bitsLib: readonly WgslSource[] = [
  ...gridLib,
  { file: 'lib/logits.wgsl', text: libLogits },
];
export const logitsLib: readonly WgslSource[] = [
  ...bitsLib,
  { file: 'lib/chunks.wgsl', text: libChunks },
];
export const softmaxLib: readonly WgslSource[] = [
  ...logitsLib,
  { file: 'lib/softmax.wgsl', text: libSoftmax },
];
/** Rows that are to predict a target. */
export const targetsLib: readonly WgslSource[] = [
  ...softmaxLib,
  { file: 'lib/targets.wgsl', text: libTargets },
];

/** Invocations that share a chunk; the backend may tune it to the device. */
export const chunkConstants = { WORKGROUP: 128 } as const;

/** Rows that one workgroup of the merging pass takes. */
const MERGED = 16;

export const chunksOf = (vocab: number): number => Math.ceil(vocab / CHUNK);

/** The pass of a softmax kernel that merges the chunks of whole rows. */
export const mergingPass = ({ rows }: RowWindow): Pass => ({
  entryPoint: 'combine',
  workgroups: Math.ceil(rows / MERGED),
});
/** Both passes of a softmax kernel: chunks of rows, four words each; then whole rows. */
export const softmaxPasses = (window: RowWindow): readonly Pass[] => [
  { entryPoint: 'partials', workgroups: window.rows * chunksOf(window.vocab) },
  mergingPass(window),
];
export const softmaxScratch = ({ rows, vocab }: RowWindow): { readonly chunkStats: number } => ({
  chunkStats: rows * chunksOf(vocab) * 4,
});

/** What one pass over a row leaves. */
export interface RowStats {
  /** Largest logit. */
  max: number;
  /** Lowest id that has it. */
  argmax: number;
  /** sum_i exp(x_i - max), in [1, vocab]. */
  sum: number;
  /** sum_i exp(x_i - max) (x_i - max), nats, <= 0. */
  dot: number;
}

export const newRowStats = (): RowStats => ({ max: 0, argmax: 0, sum: 0, dot: 0 });

/** The value that a logit counts as. */
export const logitValue = (x: number): number => Math.max(x, NEVER);

/** Fills max and argmax from the row that begins at `start`; false when the row is bad. */
export function readLargest(
  logits: Float32Array,
  start: number,
  vocab: number,
  stats: RowStats,
): boolean {
  let max = Number.NEGATIVE_INFINITY;
  let argmax = 0;
  for (let i = 0; i < vocab; i++) {
    const x = logits[start + i] as number;
    if (!(x < Number.POSITIVE_INFINITY)) return false; // NaN, +Infinity
    const value = logitValue(x);
    if (value > max) {
      max = value;
      argmax = i;
    }
  }
  stats.max = max;
  stats.argmax = argmax;
  return true;
}

/** Fills all of `stats` from the row that begins at `start`; false when the row is bad. */
export function readRow(
  logits: Float32Array,
  start: number,
  vocab: number,
  stats: RowStats,
): boolean {
  if (!readLargest(logits, start, vocab, stats)) return false;
  let sum = 0;
  let dot = 0;
  for (let i = 0; i < vocab; i++) {
    const difference = logitValue(logits[start + i] as number) - stats.max;
    const e = Math.exp(difference);
    sum += e;
    if (e > 0) dot += e * difference;
  }
  stats.sum = sum;
  stats.dot = dot;
  return true;
}
