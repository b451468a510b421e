// What training needs of a row of logits: log p of the target y_t, the loss g_t log p(y_t), the entropy, and in
// place of the logits the gradient of L = sum_t g_t log p(y_t), the same sum that src/autodiff/joint.ts
// differentiates: dL/dx_v = g_t (onehot_v - p_v). With g = -1 / tokens L is the mean cross-entropy, and a
// descent step follows minus this gradient.

import wgsl from '../../shaders/tokenLoss.wgsl?raw';
import {
  benchRows,
  hardRows,
  likely,
  makeRows,
  manyRows,
  noise,
  type RowsSpec,
  someTokens,
} from './hardRows.ts';
import { type ArraysOf, defineKernel, type KernelCase } from './kernel.ts';
import {
  CHUNK,
  chunkConstants,
  chunksOf,
  logitValue,
  mergingPass,
  NONE,
  newRowStats,
  readRow,
  rowFields,
  softmaxScratch,
  targetsLib,
} from './rows.ts';
import { BAD_ENTROPY } from './tokenLogProbs.ts';

/** A target that leaves its row out: -1 as a word. */
export const IGNORED = NONE;

type Inputs = { readonly targets: 'u32'; readonly weights: 'f32'; readonly logits: 'f32' };
type LossCase = KernelCase<Inputs, typeof rowFields>;

const stats = newRowStats();

/** Weights of both signs; every fifth row has none. */
const someWeight = (row: number): number => (row % 5 === 3 ? 0 : 4 * noise(row, 99) - 2);

const lossCase = (
  spec: RowsSpec,
  targetOf?: (row: number) => number,
  weightOf: (row: number) => number = someWeight,
): LossCase => ({
  why: spec.why,
  make: () => {
    // Memory outside the rows must come back as it was, and NaN equals nothing.
    const { logits, window } = makeRows(spec, 3e38);
    const targets = targetOf
      ? Uint32Array.from({ length: spec.rows }, (_, row) => targetOf(row))
      : someTokens(window);
    const weights = Float32Array.from({ length: spec.rows }, (_, row) => weightOf(row));
    const inputs: ArraysOf<Inputs> = { targets, weights, logits };
    return { params: window, inputs };
  },
});

export const tokenLoss = defineKernel({
  name: 'tokenLoss',
  wgsl,
  lib: targetsLib,
  /**
   * One target and one weight g per row. A target that is not below vocab leaves its row out: the row is not
   * read, its numbers and its gradient are 0. A row of weight 0 has numbers, and a gradient that is exactly 0.
   */
  inputs: { targets: 'u32', weights: 'f32', logits: 'f32' },
  /**
   * logits: their gradient. logProbs and entropies as in tokenLogProbs; a bad row has entropy BAD_ENTROPY, and
   * neither loss nor gradient. losses: g log p, where log p counts as at least -1e30.
   */
  outputs: { logits: 'f32', logProbs: 'f32', losses: 'f32', entropies: 'f32' },
  params: rowFields,
  size: ({ rows }) => ({ logProbs: rows, losses: rows, entropies: rows }),
  scratch: softmaxScratch,
  passes: (window) => {
    const workgroups = window.rows * chunksOf(window.vocab);
    const merging = mergingPass(window);
    return [
      { entryPoint: 'readRows', workgroups },
      merging,
      { entryPoint: 'writeGradients', workgroups },
    ];
  },
  constants: chunkConstants,

  reference(
    { targets, weights },
    { rows, vocab, base, pitch },
    { logits, logProbs, losses, entropies },
  ) {
    for (let row = 0; row < rows; row++) {
      const start = base + row * pitch;
      const target = targets[row] as number;
      const g = weights[row] as number;
      const live = target < vocab;
      const good = live && readRow(logits, start, vocab, stats);
      const logSum = Math.log(stats.sum);
      const logProb = good ? logitValue(logits[start + target] as number) - stats.max - logSum : 0;
      logProbs[row] = logProb;
      losses[row] = good ? g * logitValue(logProb) : 0;
      entropies[row] = good ? logSum - stats.dot / stats.sum : live ? BAD_ENTROPY : 0;
      if (!good || g === 0) {
        logits.fill(0, start, start + vocab);
        continue;
      }
      for (let i = start; i < start + vocab; i++) {
        const p = Math.exp(logitValue(logits[i] as number) - stats.max) / stats.sum;
        logits[i] = g * ((i === start + target ? 1 : 0) - p);
      }
    }
  },

  cases: [
    lossCase(
      { why: 'weight 0: log p and entropy, and no gradient', rows: 3, vocab: 79, fill: likely },
      undefined,
      (row) => (row === 1 ? 0 : -1),
    ),
    lossCase(
      {
        why: 'targets -1 and vocab: left out, though the rows are NaN',
        rows: 4,
        vocab: CHUNK + 9,
        fill: (row, id) => (row === 1 || row === 2 ? Number.NaN : likely(row, id)),
      },
      (row) => [5, IGNORED, CHUNK + 9, CHUNK + 8][row] as number,
    ),
    lossCase(
      {
        why: 'weight 0 does not hide NaN, and its gradient is 0 all the same',
        rows: 2,
        vocab: 79,
        fill: (row, id) => (id === 40 ? Number.NaN : likely(row, id)),
      },
      undefined,
      (row) => row,
    ),
    lossCase(
      {
        why: 'the target can never be: the loss is large and finite, its gradient is g',
        rows: 1,
        vocab: 79,
        fill: (row, id) => (id === 13 ? Number.NEGATIVE_INFINITY : likely(row, id)),
      },
      () => 13,
      () => -1,
    ),
    lossCase(
      {
        why: 'the target is certain: nothing but rounding is left of 1 - p',
        rows: 2,
        vocab: 79,
        fill: (_, id) => (id === 13 ? 60 : -60 + id / 7),
      },
      () => 13,
    ),
    lossCase(
      {
        why: 'the target is in the last column of the last chunk',
        rows: 2,
        vocab: 2 * CHUNK + 1,
        fill: likely,
      },
      () => 2 * CHUNK,
    ),
    lossCase(
      { why: 'weights of a mean over a million tokens', rows: 3, vocab: 257, fill: likely },
      undefined,
      () => -1e-6,
    ),
    ...[...hardRows, manyRows].map((hard) => lossCase(hard)),
  ],
  // Numbers as in tokenLogProbs, times weights up to 2.
  tolerance: { absolute: 4e-5, relative: 2e-6 },
  // A probability is as exact as exp, a few units in the last place more for each unit of x - max; 1 - p of
  // a likely target loses what is left of 1.
  tolerances: { logits: { absolute: 5e-7, relative: 1e-5 } },
  bench: [
    ...benchRows.map((shape) => lossCase(shape)),
    lossCase({ why: '2,048 x 79: 32 sequences of 64', rows: 2048, vocab: 79, fill: likely }),
  ],
  bytes: ({ rows, vocab }) => 8 * rows * vocab + 20 * rows,
});
