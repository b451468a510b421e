// Drafts for speculativeVerify. No uniform lies within 1e-4 of the ratio that it is compared with, and no drawn
// point within 1e-4 of a step of the running sum (kernels.test.ts checks both): rounding cannot turn a verdict.

import { likely, makeRows, noise, type RowsSpec } from './hardRows.ts';
import type { ArraysOf, KernelCase } from './kernel.ts';
import { CHUNK, type rowFields } from './rows.ts';

type Inputs = { readonly logits: 'f32'; readonly draft: 'u32'; readonly uniforms: 'f32' };
type SpeculativeCase = KernelCase<Inputs, typeof rowFields & { readonly lenience: 'f32' }>;

const speculativeCase = (
  spec: RowsSpec,
  draft: readonly number[],
  uniforms: readonly number[],
  lenience = 1,
): SpeculativeCase => ({
  why: spec.why,
  make: () => {
    const { logits, window } = makeRows({ ...spec, rows: 2 * draft.length + 1 });
    const inputs: ArraysOf<Inputs> = {
      logits,
      draft: Uint32Array.from(draft),
      uniforms: Float32Array.from(uniforms),
    };
    return { params: { ...window, lenience }, inputs };
  },
});

/** The small model's rows are a little off the large one's. */
const near = (n: number, off: number): RowsSpec['fill'] => {
  return (row, id) =>
    row <= n ? likely(row, id) : likely(row - n - 1, id) + off * (noise(row + 50, id) - 0.5);
};
const drafted = (n: number, vocab: number): number[] =>
  Array.from({ length: n }, (_, i) => (i * 37 + 11) % vocab);
const spread = (n: number, shift: number): number[] =>
  Array.from({ length: n + 1 }, (_, i) => (0.137 + 0.311 * i + shift) % 1);
const never = Number.NEGATIVE_INFINITY;

const rows = 0;
const nan: RowsSpec['fill'] = (row, id) =>
  row === 4 && id === 3 ? Number.NaN : near(3, 1)(row, id);

export const speculativeCases: readonly SpeculativeCase[] = [
  speculativeCase({ why: 'no draft: a draw from p', rows, vocab: 79, fill: likely }, [], [0.61]),
  speculativeCase(
    { why: 'draft = target: all stand, whatever the uniforms', rows, vocab: 79, fill: near(6, 0) },
    drafted(6, 79),
    [0.999, 0.99, 0, 0.5, 0.7, 0.9999, 0.42],
  ),
  ...[0.05, 0.31, 0.53, 0.77].map((shift) =>
    speculativeCase(
      { why: `some stand, shift ${shift}`, rows, vocab: 79, fill: near(5, 4) },
      drafted(5, 79),
      spread(5, shift),
    ),
  ),
  speculativeCase(
    { why: 'first token rejected: from its residual', rows, vocab: 79, fill: near(4, 6) },
    [20, 3, 4, 5],
    [0.97, 0.1, 0.1, 0.1, 0.83],
  ),
  speculativeCase(
    {
      why: 'p is 0 where the small model went: rejected even with u = 0',
      rows,
      vocab: 79,
      fill: (row, id) => (row <= 2 && id === 11 ? never : near(2, 1)(row, id)),
    },
    [11, 5],
    [0, 0, 0.37],
  ),
  speculativeCase(
    {
      why: 'one token left in the residual',
      rows,
      vocab: 79,
      fill: (row, id) => (row <= 1 ? (id === 50 ? 3 : never) : id === 7 ? 3 : never),
    },
    [7],
    [0.4, 0.9],
  ),
  speculativeCase(
    { why: 'lenient: half of the ratio is asked for', rows, vocab: 79, fill: near(4, 5) },
    drafted(4, 79),
    spread(4, 0.2),
    0.5,
  ),
  speculativeCase(
    { why: 'a longest draft', rows, vocab: 300, fill: near(12, 2) },
    drafted(12, 300),
    [...Array.from({ length: 12 }, () => 0.05), 0.66],
  ),
  speculativeCase(
    {
      why: 'the drawn token lies in the last column of the last chunk',
      rows,
      vocab: CHUNK + 1,
      fill: (row, id) => (row === 0 && id === CHUNK ? 14 : likely(row, id)),
    },
    [5],
    [0.999, 0.9995],
  ),
  speculativeCase(
    { why: 'three chunks', rows, vocab: 2 * CHUNK + 300, fill: near(3, 3) },
    drafted(3, 2000),
    spread(3, 0.4),
  ),
  speculativeCase(
    { why: 'NaN in a row of the small model', rows, vocab: 79, fill: nan },
    [1, 2, 3],
    spread(3, 0),
  ),
  speculativeCase(
    { why: 'the vocabulary of Qwen 2.5', rows, vocab: 151_936, fill: near(2, 2) },
    [100_000, 7],
    [0.31, 0.43, 0.55],
  ),
];

export const speculativeBench: readonly SpeculativeCase[] = [79, 32_000, 151_936].map((vocab) =>
  speculativeCase(
    { why: `draft of 5, ${vocab.toLocaleString('en-US')} tokens`, rows, vocab, fill: near(5, 2) },
    drafted(5, vocab),
    spread(5, 0.1),
  ),
);
