// Speculative sampling's verdict on a draft, from warped logits and given uniforms (METHODS 5.1): how many
// drafted tokens stand, and the token after them, drawn so that the text is distributed as the large model's.

import wgsl from '../../shaders/speculativeVerify.wgsl?raw';
import { defineKernel } from './kernel.ts';
import {
  chunkConstants,
  chunksOf,
  logitValue,
  mergingPass,
  NEVER,
  NONE,
  newRowStats,
  readRow,
  rowFields,
  softmaxLib,
  softmaxScratch,
} from './rows.ts';
import { verify } from './speculation.ts';
import { speculativeBench, speculativeCases } from './speculativeCases.ts';
import { VERDICT } from './verifyDraft.ts';

const stats = newRowStats();

function probsOf(logits: Float32Array, start: number, vocab: number): Float64Array | undefined {
  if (!readRow(logits, start, vocab, stats)) return undefined;
  return Float64Array.from({ length: vocab }, (_, id) => {
    const x = logitValue(logits[start + id]!);
    return x > NEVER ? Math.exp(x - stats.max) / stats.sum : 0;
  });
}

export const speculativeVerify = defineKernel({
  name: 'speculativeVerify',
  wgsl,
  lib: softmaxLib,
  /**
   * 2n + 1 rows: those of the large model for the n drafted tokens and the one after, then those of the small
   * model that the draft was drawn from. Both warped. One uniform in [0, 1) per drafted token, one for the next.
   */
  inputs: { logits: 'f32', draft: 'u32', uniforms: 'f32' },
  /** verdict as in verifyDraft. numbers: p of the next token, then p / (lenience q) of each drafted one. */
  outputs: { verdict: 'u32', numbers: 'f32' },
  params: { ...rowFields, lenience: 'f32' },
  size: ({ rows }) => ({ verdict: 3, numbers: (rows + 1) / 2 }),
  scratch: (window) => ({ ...softmaxScratch(window), masses: chunksOf(window.vocab) * 2 }),
  passes: (window) => [
    { entryPoint: 'partials', workgroups: window.rows * chunksOf(window.vocab) },
    mergingPass(window),
    { entryPoint: 'judge', workgroups: 1 },
    { entryPoint: 'weigh', workgroups: chunksOf(window.vocab) },
    { entryPoint: 'draw', workgroups: 1 },
  ],
  constants: chunkConstants,

  reference({ logits, draft, uniforms }, { rows, vocab, base, pitch, lenience }, outputs) {
    const { verdict, numbers } = outputs;
    const all = Array.from({ length: rows }, (_, r) => probsOf(logits, base + r * pitch, vocab));
    const bad = all.indexOf(undefined);
    const probs = all.map((row) => row ?? new Float64Array(vocab));
    const n = (rows - 1) / 2;
    const { accepted, next, ratios } = verify(
      probs.slice(0, n + 1),
      probs.slice(n + 1),
      draft,
      uniforms,
      lenience,
    );
    verdict[VERDICT.accepted] = bad < 0 ? accepted : 0;
    verdict[VERDICT.next] = bad < 0 ? next : NONE;
    verdict[VERDICT.badRow] = bad < 0 ? NONE : bad;
    numbers.set([bad < 0 ? probs[accepted]![next]! : 0, ...ratios]);
  },

  cases: speculativeCases,
  tolerance: { absolute: 2e-6, relative: 2e-5 },
  bench: speculativeBench,
  bytes: ({ rows, vocab }) => 4 * rows * vocab,
});
