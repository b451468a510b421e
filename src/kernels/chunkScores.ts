// What a chunk adds to the score of each beam of weak-to-strong search: the sum over its tokens of log p_tuned -
// log p_untuned (METHODS W1), which is at once a reward per token and a value of what is written so far. Rows of two
// models go in, one number per beam comes out.

import wgsl from '../../shaders/chunkScores.wgsl?raw';
import { chunkScoreBench, chunkScoreCases } from './chunkScoreCases.ts';
import { defineKernel } from './kernel.ts';
import { bitsLib, chunksOf, logitValue, NONE, newRowStats, readRow, rowFields } from './rows.ts';

const stats = newRowStats();

export const chunkScoreFields = {
  beams: 'u32',
  /** Rows of the tuned model, of which each beam has rows / beams. */
  ...rowFields,
  /** The same of the untuned model, which may have another vocabulary and other rows. */
  otherRows: 'u32',
  otherVocab: 'u32',
  otherBase: 'u32',
  otherPitch: 'u32',
} as const;

export const chunkScores = defineKernel({
  name: 'chunkScores',
  wgsl,
  lib: bitsLib,
  /** labels: the token that each row judges, NONE if it does not count; the tuned model's rows, then the other's. */
  inputs: { tuned: 'f32', untuned: 'f32', labels: 'u32' },
  /** Nats, one per beam; the beam's first bad row, counted through both models, or NONE (its score is 0 then). */
  outputs: { scores: 'f32', bad: 'u32' },
  params: chunkScoreFields,
  size: ({ beams }) => ({ scores: beams, bad: beams }),
  scratch: (params) => ({ chunkStats: 2 * partsOf(params) }),
  passes: (params) => [
    { entryPoint: 'partials', workgroups: partsOf(params) },
    { entryPoint: 'combine', workgroups: params.beams },
  ],

  reference({ tuned, untuned, labels }, p, { scores, bad }) {
    for (let beam = 0; beam < p.beams; beam++) {
      // Of each model, so that equal ones cancel exactly.
      let mine = 0;
      let others = 0;
      bad[beam] = NONE;
      const judge = (logits: Float32Array, row: number, start: number, vocab: number) => {
        const label = labels[row]!;
        if (label === NONE) return 0;
        if (!readRow(logits, start, vocab, stats)) {
          bad[beam] = Math.min(bad[beam]!, row);
          return 0;
        }
        return logitValue(logits[start + label]!) - stats.max - Math.log(stats.sum);
      };
      const own = p.rows / p.beams;
      for (let i = 0, row = beam * own; i < own; i++, row++) {
        mine += judge(tuned, row, p.base + row * p.pitch, p.vocab);
      }
      const count = p.otherRows / p.beams;
      for (let i = 0, row = beam * count; i < count; i++, row++) {
        const start = p.otherBase + row * p.otherPitch;
        others += judge(untuned, p.rows + row, start, p.otherVocab);
      }
      scores[beam] = bad[beam] === NONE ? mine - others : 0;
    }
  },

  cases: chunkScoreCases,
  // Differences of log-probabilities of up to about 12, summed: absolute error counts.
  tolerance: { absolute: 4e-5, relative: 4e-6 },
  bench: chunkScoreBench,
  bytes: ({ beams, rows, vocab, otherRows, otherVocab }) =>
    4 * (rows * vocab + otherRows * otherVocab + rows + otherRows) + 8 * beams,
});

/** Workgroups of the first pass: chunks of the rows of both models. */
function partsOf(p: {
  readonly rows: number;
  readonly vocab: number;
  readonly otherRows: number;
  readonly otherVocab: number;
}): number {
  return p.rows * chunksOf(p.vocab) + p.otherRows * chunksOf(p.otherVocab);
}
