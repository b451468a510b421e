// What a policy learns from each token of the completions that it, or another, has written: policyTerms of
// src/core/policyLoss.ts (GRPO and its variants, KL to a reference, distillation on sampled tokens), from logits to the
// gradient in their place. It is the definition; here it is joined to softmax at a temperature, dL/dx_v = g_t (onehot_v
// - p_v) / T, and to rows that lie sequence after sequence.

import wgsl from '../../shaders/grpoLoss.wgsl?raw';
import { policyTerms } from '../core/policyLoss.ts';
import { grpoCases, grpoShapes } from './grpoCases.ts';
import { defineKernel } from './kernel.ts';
import { FLAG, GIVEN, grpoFields, objectiveFrom, TERM } from './policyFields.ts';
import {
  chunkConstants,
  chunksOf,
  logitValue,
  mergingPass,
  NEVER,
  newRowStats,
  readRow,
  softmaxScratch,
  targetsLib,
} from './rows.ts';
import { BAD_ENTROPY } from './tokenLogProbs.ts';

const stats = newRowStats();

export const grpoLoss = defineKernel({
  name: 'grpoLoss',
  wgsl,
  lib: targetsLib,
  /**
   * A target that is not below vocab leaves its row out: the row is not read, its numbers and its gradient are 0. A
   * token of scale 0 has a log-prob and an entropy, and neither loss nor gradient. given: GIVEN numbers for each.
   */
  inputs: { targets: 'u32', given: 'f32', logits: 'f32' },
  /**
   * logits: the gradient of sum_t scale_t loss_t. terms: TERM numbers for each token; losses before scaling; a bad
   * row has entropy BAD_ENTROPY and nothing else. clips: sums of CLIPPED.
   */
  outputs: { logits: 'f32', terms: 'f32', clips: 'u32' },
  params: grpoFields,
  size: ({ rows }) => ({ terms: TERM.size * rows, clips: rows }),
  scratch: softmaxScratch,
  passes: (window) => {
    const workgroups = window.rows * chunksOf(window.vocab);
    return [
      { entryPoint: 'readRows', workgroups },
      mergingPass(window),
      { entryPoint: 'weigh', workgroups: Math.ceil(window.rows / window.columns) },
      { entryPoint: 'writeGradients', workgroups },
    ];
  },
  constants: chunkConstants,

  reference({ targets, given }, params, { logits, terms, clips }) {
    const { rows, vocab, base, pitch, columns, inverseTemperature } = params;
    const warm = new Float64Array(vocab) as unknown as Float32Array;
    const read = (row: number): boolean => {
      const start = base + row * pitch;
      for (let i = 0; i < vocab; i++) {
        const x = logits[start + i]!;
        warm[i] = x < Number.POSITIVE_INFINITY ? logitValue(x) * inverseTemperature : x;
      }
      return readWarm(warm, vocab);
    };
    terms.fill(0);
    clips.fill(0);
    for (let row = 0; row < rows; row++) {
      const target = targets[row]!;
      if (target >= vocab) continue;
      const good = read(row);
      const logSum = Math.log(stats.sum);
      terms[row * TERM.size + TERM.entropy] = good ? logSum - stats.dot / stats.sum : BAD_ENTROPY;
      if (good) {
        terms[row * TERM.size] = Math.max(NEVER, warm[target]! - stats.max - logSum);
      }
    }
    const objective = objectiveFrom(params);
    for (let first = 0; first < rows; first += columns) {
      const all = Array.from({ length: Math.min(columns, rows - first) }, (_, t) => first + t);
      const of = (field: number) => all.map((row) => given[row * GIVEN.size + field]!);
      const scales = of(GIVEN.scale).map((scale, t) => {
        const row = all[t]!;
        const bad = terms[row * TERM.size + TERM.entropy] === BAD_ENTROPY;
        return targets[row]! >= vocab || bad ? 0 : scale;
      });
      const logProbs = all.map((row) => terms[row * TERM.size]!);
      const found = policyTerms(
        {
          scales,
          advantages: of(GIVEN.advantage),
          ...(params.flags & FLAG.old && { old: of(GIVEN.old) }),
          reference: of(GIVEN.reference),
          teacher: of(GIVEN.teacher),
        },
        logProbs,
        objective,
      );
      all.forEach((row, t) => {
        const at = row * TERM.size;
        terms[at + TERM.loss] = found.losses[t]!;
        terms[at + TERM.ratio] = found.ratios[t]!;
        terms[at + TERM.kl] = found.kls[t]!;
        terms[at + TERM.weight] = found.weights[t]!;
        clips[row] = found.clips[t]!;
      });
    }
    for (let row = 0; row < rows; row++) {
      const start = base + row * pitch;
      const g = terms[row * TERM.size + TERM.weight]! * inverseTemperature;
      if (g === 0 || !read(row)) {
        logits.fill(0, start, start + vocab);
        continue;
      }
      for (let i = 0; i < vocab; i++) {
        const p = Math.exp(warm[i]! - stats.max) / stats.sum;
        logits[start + i] = g * ((i === targets[row] ? 1 : 0) - p);
      }
    }
  },

  cases: grpoCases,
  // Log-probs as in tokenLogProbs; a ratio is as exact as e to such a difference, times advantages up to 2.
  tolerance: { absolute: 2e-4, relative: 1e-4 },
  tolerances: { logits: { absolute: 1e-6, relative: 2e-4 } },
  bench: grpoShapes,
  bytes: ({ rows, vocab }) => 8 * rows * vocab + 4 * rows * (GIVEN.size + TERM.size + 2),
});

/** Of a row that begins at 0. */
const readWarm = (row: Float32Array, vocab: number): boolean => readRow(row, 0, vocab, stats);
