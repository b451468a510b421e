// Drafts for verifyDraft. Every distance lies well away from the threshold, so that rounding cannot turn a
// verdict around; that the threshold itself is not above the threshold is tested on the reference alone.

import { hardRows, likely, makeRows, type RowsSpec, someTokens } from './hardRows.ts';
import type { ArraysOf, KernelCase } from './kernel.ts';
import type { rowFields } from './rows.ts';

type DraftCase = KernelCase<
  { readonly logits: 'f32'; readonly draft: 'u32' },
  typeof rowFields & { readonly threshold: 'f32' }
>;

const draftCase = (spec: RowsSpec, draft: readonly number[], threshold: number): DraftCase => ({
  why: spec.why,
  make: () => {
    const { logits, window } = makeRows({ ...spec, rows: draft.length + 1 });
    const inputs: ArraysOf<{ logits: 'f32'; draft: 'u32' }> = {
      logits,
      draft: Uint32Array.from(draft),
    };
    return { params: { ...window, threshold }, inputs };
  },
});

/** Row j puts its mass on token 10 + j, except in the rows that `other` names. */
const expects = (other: Readonly<Record<number, number>> = {}) => {
  return (row: number, id: number) => (id === (other[row] ?? 10 + row) ? 8 : -(id % 5));
};
const ten = Array.from({ length: 10 }, (_, j) => 10 + j);
const rows = ten.length + 1;

export const draftCases: readonly DraftCase[] = [
  draftCase({ why: 'no draft: the argmax of row 0', rows: 1, vocab: 79, fill: expects() }, [], 2),
  draftCase(
    { why: 'all accepted: the bonus row continues', rows, vocab: 79, fill: expects() },
    ten,
    2,
  ),
  draftCase({ why: 'first token rejected', rows, vocab: 79, fill: expects({ 0: 70 }) }, ten, 2),
  draftCase({ why: 'last token rejected', rows, vocab: 79, fill: expects({ 9: 70 }) }, ten, 2),
  draftCase(
    { why: 'two rejected: the earlier counts', rows, vocab: 79, fill: expects({ 7: 70, 3: 71 }) },
    ten,
    2,
  ),
  draftCase(
    {
      why: 'above the threshold but the argmax: stands, and does not hide the later one',
      rows,
      vocab: 79,
      fill: (row, id) => (row === 2 ? (id === 12 ? 0.5 : 0) : expects({ 6: 70 })(row, id)),
    },
    ten,
    2,
  ),
  draftCase(
    {
      why: 'not the argmax but below the threshold: stands',
      rows,
      vocab: 79,
      fill: (row, id) => (row === 4 && id === 33 ? 8.5 : expects()(row, id)),
    },
    ten,
    2,
  ),
  draftCase(
    {
      why: 'a tie with the argmax but a higher id: goes, since its distance exceeds the threshold',
      rows,
      vocab: 79,
      fill: (row, id) => (row === 5 && id === 9 ? 8 : expects()(row, id)),
    },
    ten,
    0.5,
  ),
  draftCase(
    {
      why: 'a token that the large model never says',
      rows,
      vocab: 79,
      fill: (row, id) => (row === 1 && id === 11 ? Number.NEGATIVE_INFINITY : expects()(row, id)),
    },
    ten,
    20,
  ),
  draftCase(
    {
      why: 'NaN in a row after the rejected one',
      rows,
      vocab: 79,
      fill: (row, id) => (row === 8 && id === 78 ? Number.NaN : expects({ 2: 70 })(row, id)),
    },
    ten,
    2,
  ),
  draftCase(
    {
      why: 'longest draft, padded head, rows of a longer pass',
      rows: 13,
      vocab: 79,
      stride: 96,
      rowStart: 4,
      fill: expects({ 11: 70 }),
    },
    [...ten, 20, 21],
    2,
  ),
  draftCase(
    {
      why: 'longest draft over the vocabulary of Qwen 2.5',
      rows: 13,
      vocab: 151_936,
      fill: likely,
    },
    [...someTokens({ rows: 12, vocab: 151_936, base: 0, pitch: 0 })],
    9,
  ),
  ...hardRows
    .filter((hard) => hard.rows <= 3)
    .map((hard) =>
      draftCase(
        hard,
        [...someTokens({ rows: hard.rows - 1, vocab: hard.vocab, base: 0, pitch: 0 })],
        3,
      ),
    ),
];
