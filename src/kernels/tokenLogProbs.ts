// log p of one given token per row, and the row's entropy: how surprised a model is by a text, and how sure
// it was.

import wgsl from '../../shaders/tokenLogProbs.wgsl?raw';
import { benchRows, hardRows, makeRows, someTokens } from './hardRows.ts';
import { defineKernel } from './kernel.ts';
import {
  chunkConstants,
  logitValue,
  newRowStats,
  readRow,
  rowFields,
  softmaxLib,
  softmaxPasses,
  softmaxScratch,
} from './rows.ts';

/** Entropy of a bad row; no row has a negative one. */
export const BAD_ENTROPY = -1;

const stats = newRowStats();

export const tokenLogProbs = defineKernel({
  name: 'tokenLogProbs',
  wgsl,
  lib: softmaxLib,
  /** `tokens` has one id below vocab per row. */
  inputs: { logits: 'f32', tokens: 'u32' },
  /** Nats, one of each per row: x_t - max - log sum; log sum - dot / sum. */
  outputs: { logProbs: 'f32', entropies: 'f32' },
  params: rowFields,
  size: ({ rows }) => ({ logProbs: rows, entropies: rows }),
  scratch: softmaxScratch,
  passes: softmaxPasses,
  constants: chunkConstants,

  reference({ logits, tokens }, { rows, vocab, base, pitch }, { logProbs, entropies }) {
    for (let row = 0; row < rows; row++) {
      const start = base + row * pitch;
      const good = readRow(logits, start, vocab, stats);
      const x = logitValue(logits[start + (tokens[row] as number)] as number);
      const logSum = Math.log(stats.sum);
      logProbs[row] = good ? x - stats.max - logSum : 0;
      entropies[row] = good ? logSum - stats.dot / stats.sum : BAD_ENTROPY;
    }
  },

  cases: hardRows.map((hard) => ({
    why: hard.why,
    make: () => {
      const { logits, window } = makeRows(hard);
      return { params: window, inputs: { logits, tokens: someTokens(window) } };
    },
  })),
  // Entropies and log-probabilities are differences of numbers up to about 12: absolute error counts.
  tolerance: { absolute: 2e-5, relative: 2e-6 },
  bench: benchRows.map((shape) => ({
    why: shape.why,
    make: () => {
      const { logits, window } = makeRows(shape);
      return { params: window, inputs: { logits, tokens: someTokens(window) } };
    },
  })),
  bytes: ({ rows, vocab }) => 4 * rows * vocab + 12 * rows,
});
