// The most probable token of each row: what greedy decoding needs of a whole row of logits is eight bytes.

import wgsl from '../../shaders/top1.wgsl?raw';
import { benchRows, hardRows, makeRows, manyRows } from './hardRows.ts';
import { defineKernel } from './kernel.ts';
import {
  chunkConstants,
  NONE,
  newRowStats,
  readRow,
  rowFields,
  softmaxLib,
  softmaxPasses,
  softmaxScratch,
} from './rows.ts';

const stats = newRowStats();

export const top1 = defineKernel({
  name: 'top1',
  wgsl,
  lib: softmaxLib,
  inputs: { logits: 'f32' },
  /** Per row: the lowest id among the largest logits, NONE if the row is bad; its softmax, in (0, 1]. */
  outputs: { tokens: 'u32', probs: 'f32' },
  params: rowFields,
  size: ({ rows }) => ({ tokens: rows, probs: rows }),
  scratch: softmaxScratch,
  passes: softmaxPasses,
  constants: chunkConstants,

  reference({ logits }, { rows, vocab, base, pitch }, { tokens, probs }) {
    for (let row = 0; row < rows; row++) {
      const good = readRow(logits, base + row * pitch, vocab, stats);
      tokens[row] = good ? stats.argmax : NONE;
      probs[row] = good ? 1 / stats.sum : 0;
    }
  },

  cases: [...hardRows, manyRows].map((hard) => ({
    why: hard.why,
    make: () => {
      const { logits, window } = makeRows(hard);
      return { params: window, inputs: { logits } };
    },
  })),
  tolerance: { absolute: 1e-7, relative: 2e-5 },
  bench: benchRows.map((shape) => ({
    why: shape.why,
    make: () => {
      const { logits, window } = makeRows(shape);
      return { params: window, inputs: { logits } };
    },
  })),
  bytes: ({ rows, vocab }) => 4 * rows * vocab + 8 * rows,
});
