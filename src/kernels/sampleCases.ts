// Draws for sampleToken whose answer is beyond doubt: no running sum lies within 1e-5 of the mass from the
// point that is drawn, and no filter's border within 1e-5 of its threshold (kernels.test.ts checks both), so
// that the rounding of exp cannot turn an answer around.

import { hardRows, likely, makeRows, type RowsSpec } from './hardRows.ts';
import type { ArraysOf, KernelCase } from './kernel.ts';
import { CHUNK, type rowFields } from './rows.ts';

interface Draw {
  readonly temperature?: number;
  readonly topK?: number;
  /** As a share; the kernel takes units of 2^-24. */
  readonly topP?: number;
  /** As a share of the largest probability; the kernel takes units of 2^-27. */
  readonly minP?: number;
  readonly step?: number;
}

type SampleFields = typeof rowFields & {
  readonly temperature: 'f32';
  readonly topK: 'u32';
  readonly topP: 'u32';
  readonly minWeight: 'u32';
  readonly seed: 'u32';
  readonly run: 'u32';
  readonly step: 'u32';
};
type SampleInputs = { readonly logits: 'f32'; readonly slots: 'u32' };
type SampleCase = KernelCase<SampleInputs, SampleFields>;

const sampleCase = (spec: RowsSpec, draw: Draw = {}): SampleCase => ({
  why: spec.why,
  make: () => {
    const { temperature = 1, topK = 0, topP = 1, minP = 0, step = 3 } = draw;
    const { logits, window } = makeRows(spec);
    // In no order, as after beams have ended.
    const slots = Uint32Array.from({ length: window.rows }, (_, r) => (r * 7919) % 4099);
    const inputs: ArraysOf<SampleInputs> = { logits, slots };
    const filters = {
      topK,
      topP: Math.round(topP * 2 ** 24),
      minWeight: Math.ceil(minP * 2 ** 27),
    };
    const address = { seed: 20, run: 5, step };
    return { params: { ...window, temperature, ...filters, ...address }, inputs };
  },
});

/** A staircase: probabilities far enough apart that no border is in doubt. */
const steps = (_: number, id: number): number => -0.37 * ((id * 29) % 79);
const narrow = { rows: 40, vocab: 79 } as const;
const wide = { rows: 1, vocab: 2 * CHUNK + 77 } as const;
/** Four tokens in three chunks, 0.4 + 0.3 + 0.2 + 0.1 of the mass. */
const four = new Map([
  [5, 0.3],
  [CHUNK - 1, 0.1],
  [CHUNK, 0.4],
  [2 * CHUNK + 76, 0.2],
]);
const fewTokens = (_: number, id: number): number => Math.log(four.get(id) ?? 1e-12);

export const sampleCases: readonly SampleCase[] = [
  sampleCase({ why: 'no filters', ...narrow, fill: steps }),
  sampleCase({ why: 'a low temperature', ...narrow, fill: steps }, { temperature: 0.05 }),
  sampleCase({ why: 'a high temperature', ...narrow, fill: steps }, { temperature: 2 }),
  sampleCase({ why: 'top-k 1 is greedy', ...narrow, fill: steps }, { topK: 1 }),
  sampleCase({ why: 'top-k 7', ...narrow, fill: steps }, { topK: 7 }),
  sampleCase({ why: 'top-k beyond the vocabulary', ...narrow, fill: steps }, { topK: 200 }),
  sampleCase({ why: 'top-p 0.6', ...narrow, fill: steps }, { topP: 0.6 }),
  sampleCase({ why: 'top-p next to nothing keeps one', ...narrow, fill: steps }, { topP: 1e-6 }),
  sampleCase({ why: 'min-p 0.2', ...narrow, fill: steps }, { minP: 0.2 }),
  sampleCase({ why: 'min-p 1 keeps the first alone', ...narrow, fill: steps }, { minP: 1 }),
  sampleCase(
    { why: 'all filters, each of which bites', ...narrow, fill: steps },
    { temperature: 1.5, topK: 9, topP: 0.8, minP: 0.3 },
  ),
  sampleCase(
    {
      why: 'top-k border inside a tie keeps the lower ids',
      ...narrow,
      fill: (_, id) => (id % 2 === 1 ? 3 : -9),
    },
    { topK: 5 },
  ),
  sampleCase(
    {
      why: 'top-p border inside the tie at the top-k border',
      ...narrow,
      fill: (_, id) => (id === 70 ? 4 : id % 2 === 1 ? 3 : -9),
    },
    { topK: 12, topP: 0.7 },
  ),
  sampleCase(
    {
      why: 'top-p border inside a tie across chunks',
      ...wide,
      fill: (_, id) => (id > CHUNK - 20 && id < CHUNK + 20 ? 3 : -30),
    },
    { topP: 0.7 },
  ),
  sampleCase(
    { why: 'top-k keeps 2 of 4 tokens in three chunks', ...wide, fill: fewTokens },
    { topK: 2 },
  ),
  sampleCase(
    { why: 'top-p keeps 3 of 4 tokens in three chunks', ...wide, fill: fewTokens },
    { topP: 0.85 },
  ),
  ...Array.from({ length: 4 }, (_, i) =>
    sampleCase(
      { why: `the token lies in another chunk, ${i + 1} of 4`, ...wide, fill: fewTokens },
      { step: i + 4 },
    ),
  ),
  sampleCase(
    { why: 'the vocabulary of Qwen 2.5, all filters', rows: 1, vocab: 151_936, fill: likely },
    { temperature: 0.7, topK: 50, topP: 0.9, minP: 0.05 },
  ),
  sampleCase({
    why: '4,096 rows, each with its own draw',
    rows: 4096,
    vocab: 7,
    fill: (_, id) => id / 2,
  }),
  ...hardRows.filter(({ rows }) => rows <= 5).map((hard) => sampleCase(hard)),
];
