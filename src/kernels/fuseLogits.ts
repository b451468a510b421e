// The logits of several models become one (METHODS 2.7, 4, 5.2, 5.3): large + sum_t a_t (expert_t - small), plus
// contrast (large - small), in place of the large model's logits. Given a_t are proxy-tuning, emulated
// fine-tuning, DExperts and contrastive decoding; solved a_t, at every row, are dynamic logits fusion.

import wgsl from '../../shaders/fuseLogits.wgsl?raw';
import libSlots from '../../shaders/lib/tiltSlots.wgsl?raw';
import libSolve from '../../shaders/lib/tiltSolve.wgsl?raw';
import libSums from '../../shaders/lib/tiltSums.wgsl?raw';
import libTile from '../../shaders/lib/tiltTile.wgsl?raw';
import { fuseBench, fuseCases } from './fuseCases.ts';
import { type Search, solveAlphas } from './fusion.ts';
import { defineKernel, type ValuesOf } from './kernel.ts';
import { bitsLib, logitValue, NEVER, type RowWindow, rowFields } from './rows.ts';

export const MAX_EXPERTS = 3;
/** What `search` says: the alphas are given, or which of them are tried. */
export const SEARCH = { given: 0, grid: 1, refined: 2, joint: 3 } as const;
/** Where the numbers of a row are: alphas; loss (-1 in a bad row); KL pairs of the fused model and the experts. */
export const NUMBERS = { alphas: 0, loss: 3, moved: 4, wanted: 6, length: 12 } as const;

/** As in the shader. */
const TILE = 448;
const SPAN = 512;
const FARTHEST = 1e6;

export const fuseFields = {
  ...rowFields,
  smallBase: 'u32',
  smallPitch: 'u32',
  expertBase1: 'u32',
  expertPitch1: 'u32',
  expertBase2: 'u32',
  expertPitch2: 'u32',
  expertBase3: 'u32',
  expertPitch3: 'u32',
  /** 0 to 3. The buffers beyond are bound and not read. */
  experts: 'u32',
  search: 'u32',
  /** The grid of every expert: low, low + step, ...; for a refined search see `finePoints`. */
  low: 'f32',
  step: 'f32',
  count: 'u32',
  /** Where the alphas are given. */
  alpha1: 'f32',
  alpha2: 'f32',
  alpha3: 'f32',
  /** How far the large model is moved away from the small one. */
  contrast: 'f32',
} as const;
export type FuseParams = ValuesOf<typeof fuseFields>;

const pointsOf = ({ search, count, experts }: FuseParams): number =>
  search === SEARCH.joint ? count ** experts : count * experts;
const slotsOf = (params: FuseParams): number => 3 * params.experts + pointsOf(params);
const kinds: readonly Search['kind'][] = ['grid', 'grid', 'refined', 'joint'];

export const fuseLogits = defineKernel({
  name: 'fuseLogits',
  wgsl,
  lib: [
    ...bitsLib,
    { file: 'lib/tiltSlots.wgsl', text: libSlots },
    { file: 'lib/tiltTile.wgsl', text: libTile },
    { file: 'lib/tiltSums.wgsl', text: libSums },
    { file: 'lib/tiltSolve.wgsl', text: libSolve },
  ],
  /** `logits` are the large model's. A token that one model never says is never said. */
  inputs: { small: 'f32', expert1: 'f32', expert2: 'f32', expert3: 'f32', logits: 'f32' },
  /** numbers: see NUMBERS, 12 per row, nats; nothing where the alphas are given. A bad row is NaN. */
  outputs: { logits: 'f32', numbers: 'f32' },
  params: fuseFields,
  size: ({ rows, search }) => ({ numbers: search === SEARCH.given ? 0 : rows * NUMBERS.length }),
  scratch: (params) => ({
    partials:
      params.search === SEARCH.given
        ? 4
        : params.rows * tilesOf(params) * (slotsOf(params) + 1) * 5,
  }),
  passes: (params) => {
    const { rows, vocab, search } = params;
    // Two of each are enough: every pipeline has to be compiled.
    const EXPERTS = params.experts > 1 ? MAX_EXPERTS : 1;
    const combine = {
      entryPoint: 'combine',
      workgroups: rows * Math.ceil(vocab / SPAN),
      constants: { EXPERTS },
    };
    if (search === SEARCH.given) return [combine];
    return [
      {
        entryPoint: 'sums',
        workgroups: rows * tilesOf(params),
        constants: { EXPERTS, MOMENTS: search === SEARCH.grid ? 2 : 4 },
      },
      { entryPoint: 'join', workgroups: rows * slotsOf(params) },
      { entryPoint: 'solve', workgroups: rows },
      combine,
    ];
  },
  constants: { LANES: 64 },

  reference({ small, expert1, expert2, expert3 }, params, { logits, numbers }) {
    const { rows, vocab, experts, search, low, step, count, contrast } = params;
    const all = [expert1, expert2, expert3].slice(0, experts);
    const starts = [
      [params.expertBase1, params.expertPitch1],
      [params.expertBase2, params.expertPitch2],
      [params.expertBase3, params.expertPitch3],
    ] as const;
    for (let row = 0; row < rows; row++) {
      const start = params.base + row * params.pitch;
      const smallStart = params.smallBase + row * params.smallPitch;
      const x = (id: number) => logits[start + id]!;
      const s = (id: number) => small[smallStart + id]!;
      const e = (t: number, id: number) => all[t]![starts[t]![0] + row * starts[t]![1] + id]!;
      const shiftOf = (t: number, id: number) =>
        Math.min(FARTHEST, Math.max(-FARTHEST, logitValue(e(t, id)) - logitValue(s(id))));

      const ids: number[] = [];
      const bad: number[] = [];
      for (let id = 0; id < vocab; id++) {
        const levels = [x(id), s(id), ...all.map((_, t) => e(t, id))];
        if (!levels.every((level) => level < Number.POSITIVE_INFINITY)) bad.push(id);
        else if (levels.every((level) => level > NEVER)) ids.push(id);
      }
      let alphas = [params.alpha1, params.alpha2, params.alpha3];
      if (search !== SEARCH.given) {
        const of = (level: (id: number) => number) => Float64Array.from(ids, level);
        const found = solveAlphas(
          ids.length > 0 ? of(x) : Float64Array.of(0),
          ids.length > 0 ? of(s) : Float64Array.of(0),
          all.map((_, t) => (ids.length > 0 ? of((id) => shiftOf(t, id)) : Float64Array.of(0))),
          { kind: kinds[search]!, low, step, count },
        );
        alphas = [0, 1, 2].map((t) => found.alphas[t] ?? 0);
        const { moved, wanted } = found;
        const pairs = wanted.flatMap(({ there, back }) => [there, back]);
        numbers.set(
          [...alphas, found.loss, moved.there, moved.back, ...pairs],
          row * NUMBERS.length,
        );
        if (bad.length > 0) numbers[row * NUMBERS.length + NUMBERS.loss] = -1;
      }
      const kept = new Set(ids);
      for (let id = 0; id < vocab; id++) {
        const shift = all.reduce((sum, _, t) => sum + alphas[t]! * shiftOf(t, id), 0);
        const value = x(id);
        logits[start + id] = kept.has(id) ? value + shift + contrast * (value - s(id)) : NEVER;
      }
      for (const id of bad) logits[start + id] = Number.NaN;
    }
  },

  cases: fuseCases,
  tolerance: { absolute: 2e-5, relative: 2e-5 },
  bench: fuseBench,
  bytes: ({ rows, vocab, experts }) => 4 * rows * vocab * (experts + 3),
});

function tilesOf({ vocab }: Pick<RowWindow, 'vocab'>): number {
  return Math.ceil(vocab / TILE);
}
