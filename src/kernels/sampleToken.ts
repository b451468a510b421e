// Draws one token per row: temperature, then top-k, top-p, min-p (kept.ts), then inverse CDF in token-id order
// with the uniform at the address (seed, run, step, slot of the row).

import libRandom from '../../shaders/lib/random.wgsl?raw';
import wgsl from '../../shaders/sampleToken.wgsl?raw';
import { uniform } from '../core/rng.ts';
import { benchRows, makeRows } from './hardRows.ts';
import { filterFields, keptLib, keptPasses, keptScratch, keptWeights, shareOf } from './kept.ts';
import { defineKernel } from './kernel.ts';
import { chunkConstants, NONE } from './rows.ts';
import { sampleCases } from './sampleCases.ts';

const TWO24 = 2 ** 24;

export const sampleToken = defineKernel({
  name: 'sampleToken',
  wgsl,
  lib: [{ file: 'lib/random.wgsl', text: libRandom }, ...keptLib],
  /** slots: last word of each row's address. */
  inputs: { logits: 'f32', slots: 'u32' },
  /** The token, NONE in a bad row; its share of the kept mass. */
  outputs: { tokens: 'u32', probs: 'f32' },
  params: {
    ...filterFields,
    seed: 'u32',
    run: 'u32',
    step: 'u32',
  },
  size: ({ rows }) => ({ tokens: rows, probs: rows }),
  scratch: keptScratch,
  passes: (params) => [...keptPasses(params), { entryPoint: 'draw', workgroups: params.rows }],
  constants: chunkConstants,

  reference({ logits, slots }, p, { tokens, probs }) {
    for (let r = 0; r < p.rows; r++) {
      tokens[r] = NONE;
      probs[r] = 0;
      const kept = keptWeights(logits, p.base + r * p.pitch, p);
      if (!kept) continue;
      const total = kept.weights.reduce((sum, weight) => sum + weight, 0);
      // The first token whose running sum exceeds u * total.
      const address = { seed: p.seed, run: p.run, step: p.step, row: slots[r] as number };
      const u = uniform(address) * TWO24;
      const target = shareOf(total, u).floor;
      let sum = 0;
      for (let id = 0; id < p.vocab; id++) {
        const weight = kept.weights[id] as number;
        sum += weight;
        if (sum > target) {
          tokens[r] = id;
          probs[r] = weight / total;
          break;
        }
      }
    }
  },

  cases: sampleCases,
  tolerance: { absolute: 1e-6, relative: 1e-4 },
  bench: benchRows
    .filter(({ rows }) => rows === 1)
    .flatMap((shape) =>
      [
        { filters: 'no filters', topK: 0, topP: TWO24 },
        { filters: 'top-k 50, top-p 0.9', topK: 50, topP: Math.round(0.9 * TWO24) },
      ].map(({ filters, topK, topP }) => ({
        why: `${shape.why}, ${filters}`,
        make: () => {
          const { logits, window } = makeRows(shape);
          const address = { seed: 1, run: 2, step: 3 };
          const params = { ...window, temperature: 0.8, topK, topP, minWeight: 0, ...address };
          return { params, inputs: { logits, slots: Uint32Array.of(4) } };
        },
      })),
    ),
  bytes: ({ rows, vocab }) => 4 * rows * vocab + 12 * rows,
});
