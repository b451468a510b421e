// BiLD's verdict on a whole draft at once (Kim et al., NeurIPS 2023; METHODS 3.1): how far is each drafted
// token from what the large model would have said, where is the first one that must go, and what stands in
// its place. At most 64 bytes answer for up to 13 rows of logits.

import wgsl from '../../shaders/verifyDraft.wgsl?raw';
import { draftCases } from './draftCases.ts';
import { benchRows, makeRows, someTokens } from './hardRows.ts';
import { defineKernel } from './kernel.ts';
import {
  chunkConstants,
  logitValue,
  NONE,
  newRowStats,
  readRow,
  rowFields,
  softmaxLib,
  softmaxPasses,
  softmaxScratch,
} from './rows.ts';

/** Longest draft: 4 words and 12 distances are 64 bytes. */
export const MAX_DRAFT = 12;
/** Where the words of `verdict` are. */
export const VERDICT = { accepted: 0, next: 1, badRow: 2 } as const;

const stats = newRowStats();

export const verifyDraft = defineKernel({
  name: 'verifyDraft',
  wgsl,
  lib: softmaxLib,
  /** `draft` has rows - 1 ids below vocab; row j judges draft[j], the last row continues after all. */
  inputs: { logits: 'f32', draft: 'u32' },
  /**
   * verdict: accepted; next, the argmax at the first position that does not stand; badRow, the first row
   * with NaN or +Infinity, or NONE. numbers: the probability of next, then d_j = -log p(draft_j), nats.
   */
  outputs: { verdict: 'u32', numbers: 'f32' },
  params: { ...rowFields, threshold: 'f32' },
  size: ({ rows }) => ({ verdict: 3, numbers: rows }),
  scratch: softmaxScratch,
  passes: softmaxPasses,
  constants: chunkConstants,

  reference({ logits, draft }, { rows, vocab, base, pitch, threshold }, { verdict, numbers }) {
    let accepted = -1;
    let badRow = NONE;
    let next = 0;
    let prob = 0;
    for (let row = 0; row < rows; row++) {
      const start = base + row * pitch;
      if (!readRow(logits, start, vocab, stats)) {
        badRow = Math.min(badRow, row);
        if (row + 1 < rows) numbers[row + 1] = 0;
        continue;
      }
      let stands = false;
      if (row + 1 < rows) {
        const token = draft[row] as number;
        const x = logitValue(logits[start + token] as number);
        const distance = stats.max - x + Math.log(stats.sum);
        numbers[row + 1] = distance;
        stands = !(distance > threshold && stats.argmax !== token);
      }
      if (!stands && accepted < 0) {
        accepted = row;
        next = stats.argmax;
        prob = 1 / stats.sum;
      }
    }
    // With a bad row there is no verdict.
    verdict[VERDICT.accepted] = badRow === NONE ? accepted : 0;
    verdict[VERDICT.next] = badRow === NONE ? next : NONE;
    verdict[VERDICT.badRow] = badRow;
    numbers[0] = badRow === NONE ? prob : 0;
  },

  cases: draftCases,
  tolerance: { absolute: 2e-5, relative: 2e-6 },
  bench: benchRows
    .filter(({ rows }) => rows === 1)
    .map((shape) => ({
      why: `${shape.why}, draft of 10`,
      make: () => {
        const { logits, window } = makeRows({ ...shape, rows: 11 });
        const draft = someTokens(window).subarray(0, 10);
        return { params: { ...window, threshold: 3 }, inputs: { logits, draft } };
      },
    })),
  bytes: ({ rows, vocab }) => 4 * rows * vocab + 4 * (rows - 1) + 4 * (3 + rows),
});
