// Warps logits in place to the distribution that sampleToken draws from, for whoever needs its probabilities:
// speculative sampling compares two of them (METHODS 5.1), DExperts fuses what is left of one (METHODS 5.3).

import wgsl from '../../shaders/warpLogits.wgsl?raw';
import { benchRows, likely, makeRows, type RowsSpec } from './hardRows.ts';
import {
  type FilterParams,
  filterFields,
  keptLib,
  keptPasses,
  keptScratch,
  keptWeights,
} from './kept.ts';
import { defineKernel, type KernelCase } from './kernel.ts';
import { chunkConstants, chunksOf, logitValue, NEVER } from './rows.ts';
import { sampleCases } from './sampleCases.ts';

type WarpCase = KernelCase<{ readonly logits: 'f32' }, typeof filterFields>;

const filtersOf = ({ rows, vocab, base, pitch, ...p }: FilterParams): FilterParams => ({
  rows,
  vocab,
  base,
  pitch,
  temperature: p.temperature,
  topK: p.topK,
  topP: p.topP,
  minWeight: p.minWeight,
});

/** A bad row comes back as NaN, which equals nothing: those are tested on their own. */
const good: readonly WarpCase[] = sampleCases
  .filter(({ make }) => {
    const { params, inputs } = make();
    return Array.from({ length: params.rows }, (_, r) => params.base + r * params.pitch).every(
      (start) => keptWeights(inputs.logits, start, params) !== undefined,
    );
  })
  .map(({ why, make }) => ({
    why,
    make: () => {
      const { params, inputs } = make();
      // What lies outside the rows must come back as it was.
      const logits = inputs.logits.map((x) => (Number.isNaN(x) ? 3e38 : x));
      return { params: filtersOf(params), inputs: { logits } };
    },
  }));

const warpCase = (spec: RowsSpec, topK: number, topP: number): WarpCase => ({
  why: spec.why,
  make: () => {
    const { logits, window } = makeRows(spec, 3e38);
    const filters = { temperature: 0.8, topK, topP: Math.round(topP * 2 ** 24), minWeight: 0 };
    return { params: { ...window, ...filters }, inputs: { logits } };
  },
});

export const warpLogits = defineKernel({
  name: 'warpLogits',
  wgsl,
  lib: keptLib,
  inputs: { logits: 'f32' },
  /** (x - max) / temperature, or NEVER; NaN all over a bad row. */
  outputs: { logits: 'f32' },
  params: filterFields,
  size: () => ({}),
  scratch: keptScratch,
  passes: (params) => [
    ...keptPasses(params),
    { entryPoint: 'warp', workgroups: params.rows * chunksOf(params.vocab) },
  ],
  constants: chunkConstants,

  reference(_, p, { logits }) {
    for (let r = 0; r < p.rows; r++) {
      const start = p.base + r * p.pitch;
      const kept = keptWeights(logits, start, p);
      for (let id = 0; id < p.vocab; id++) {
        const value = logitValue(logits[start + id] as number);
        logits[start + id] = !kept
          ? Number.NaN
          : (kept.weights[id] as number) > 0
            ? (value - kept.largest) / p.temperature
            : NEVER;
      }
    }
  },

  cases: [
    ...good,
    warpCase({ why: 'top-k 1: everything else is gone', rows: 3, vocab: 300, fill: likely }, 1, 1),
    warpCase(
      { why: 'ties at the border in two chunks', rows: 2, vocab: 9000, fill: (_, id) => id % 3 },
      2500,
      1,
    ),
    warpCase({ why: 'a padded head', rows: 3, vocab: 79, stride: 128, fill: likely }, 20, 0.9),
  ],
  tolerance: { absolute: 1e-6, relative: 1e-6 },
  bench: benchRows
    .filter(({ rows }) => rows === 1)
    .map((shape) => warpCase({ ...shape, why: `${shape.why}, top-k 50, top-p 0.9` }, 50, 0.9)),
  bytes: ({ rows, vocab }) => 8 * rows * vocab,
});
