// The k most probable tokens of each row, for the bars that show what a model was about to say.

import wgsl from '../../shaders/topK.wgsl?raw';
import { benchRows, hardRows, makeRows } from './hardRows.ts';
import { defineKernel } from './kernel.ts';
import {
  chunkConstants,
  chunksOf,
  logitValue,
  NONE,
  newRowStats,
  readRow,
  rowFields,
  softmaxLib,
} from './rows.ts';

/** Most tokens that one call lists. */
export const MAX_K = 64;

const stats = newRowStats();
/** The list so far, most probable first. */
const values = new Float64Array(MAX_K);
const ids = new Uint32Array(MAX_K);

/** Hard rows for small and large k; a k above the vocabulary fills up with NONE. */
const cases = hardRows
  .filter(({ rows }) => rows <= 64)
  .flatMap((hard) =>
    [5, MAX_K].map((k) => ({
      why: `${hard.why}; k = ${k}`,
      make: () => {
        const { logits, window } = makeRows(hard);
        return { params: { ...window, k }, inputs: { logits } };
      },
    })),
  );

export const topK = defineKernel({
  name: 'topK',
  wgsl,
  lib: softmaxLib,
  inputs: { logits: 'f32' },
  /** rows x k, most probable first, equal logits by id; NONE and 0 beyond the vocabulary or in a bad row. */
  outputs: { tokens: 'u32', probs: 'f32' },
  /** 1 <= k <= MAX_K. */
  params: { ...rowFields, k: 'u32' },
  size: ({ rows, k }) => ({ tokens: rows * k, probs: rows * k }),
  scratch: ({ rows, vocab, k }) => ({
    chunkStats: rows * chunksOf(vocab) * 4,
    candidates: rows * chunksOf(vocab) * k * 2,
  }),
  passes: ({ rows, vocab }) => [
    { entryPoint: 'chunkTopK', workgroups: rows * chunksOf(vocab) },
    { entryPoint: 'combine', workgroups: rows },
  ],
  constants: chunkConstants,

  reference({ logits }, { rows, vocab, base, pitch, k }, { tokens, probs }) {
    tokens.fill(NONE);
    probs.fill(0);
    for (let row = 0; row < rows; row++) {
      const start = base + row * pitch;
      if (!readRow(logits, start, vocab, stats)) continue;
      let length = 0;
      for (let id = 0; id < vocab; id++) {
        const value = logitValue(logits[start + id] as number);
        if (length === k && value <= (values[k - 1] as number)) continue;
        if (length < k) length++;
        let at = length - 1;
        for (; at > 0 && (values[at - 1] as number) < value; at--) {
          values[at] = values[at - 1] as number;
          ids[at] = ids[at - 1] as number;
        }
        values[at] = value;
        ids[at] = id;
      }
      for (let i = 0; i < length; i++) {
        tokens[row * k + i] = ids[i] as number;
        probs[row * k + i] = Math.exp((values[i] as number) - stats.max) / stats.sum;
      }
    }
  },

  cases,
  tolerance: { absolute: 1e-7, relative: 2e-5 },
  bench: benchRows
    .filter(({ rows }) => rows === 1)
    .map((shape) => ({
      why: `${shape.why}, k = 10`,
      make: () => {
        const { logits, window } = makeRows(shape);
        return { params: { ...window, k: 10 }, inputs: { logits } };
      },
    })),
  bytes: ({ rows, vocab, k }) => 4 * rows * vocab + 8 * rows * k,
});
