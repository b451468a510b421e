// Chunks of beams for chunkScores, named by what they would break.

import type { chunkScoreFields } from './chunkScores.ts';
import { likely, makeRows, type RowsSpec } from './hardRows.ts';
import type { KernelCase } from './kernel.ts';
import { CHUNK, NONE } from './rows.ts';

type Inputs = { readonly tuned: 'f32'; readonly untuned: 'f32'; readonly labels: 'u32' };
type Case = KernelCase<Inputs, typeof chunkScoreFields>;

interface Shape {
  readonly why: string;
  readonly beams: number;
  readonly tokens: number;
  readonly vocab: number;
}

interface Change {
  readonly fill?: RowsSpec['fill'];
  readonly otherFill?: RowsSpec['fill'];
  /** Layout of the tuned model's rows in memory. */
  readonly layout?: Pick<RowsSpec, 'stride' | 'rowStart' | 'rowStep'>;
  /** Of the untuned model, when it reads with another tokenizer. */
  readonly other?: { readonly tokens: number; readonly vocab: number };
  /** Does row number i count? */
  readonly counts?: (i: number) => boolean;
  readonly label?: (i: number, vocab: number) => number;
}

const elsewhere: RowsSpec['fill'] = (row, id) => likely(row + 500, id);

const scoreCase = ({ why, beams, tokens, vocab }: Shape, change: Change = {}): Case => ({
  why,
  make: () => {
    const { fill = likely, otherFill = elsewhere, layout = {}, other = { tokens, vocab } } = change;
    const { counts = () => true, label = (i, size) => (i * 7919 + 13) % size } = change;
    const rows = beams * tokens;
    const otherRows = beams * other.tokens;
    const { logits: tuned, window } = makeRows({ why, rows, vocab, fill, ...layout });
    const { logits: untuned, window: second } = makeRows({
      why,
      rows: otherRows,
      vocab: other.vocab,
      fill: otherFill,
    });
    const labels = Uint32Array.from({ length: rows + otherRows }, (_, i) => {
      const size = i < rows ? vocab : other.vocab;
      return counts(i) ? label(i, size) : NONE;
    });
    const params = {
      beams,
      ...window,
      otherRows,
      otherVocab: second.vocab,
      otherBase: second.base,
      otherPitch: second.pitch,
    };
    return { params, inputs: { tuned, untuned, labels } };
  },
});

const some = { beams: 4, tokens: 5, vocab: 79 };

export const chunkScoreCases: readonly Case[] = [
  scoreCase({ why: 'four beams', ...some }),
  scoreCase({ why: 'one beam, one token', beams: 1, tokens: 1, vocab: 79 }),
  scoreCase({ why: 'one column: the score is 0', beams: 2, tokens: 3, vocab: 1 }),
  scoreCase({ why: 'tuned = untuned: the score is 0', ...some }, { otherFill: likely }),
  scoreCase({ why: 'a beam of which no row counts', ...some }, { counts: (i) => i % 20 >= 5 }),
  scoreCase(
    { why: 'beams that ended within the chunk', ...some },
    { counts: (i) => i % 5 < i % 4 },
  ),
  scoreCase(
    { why: 'another vocabulary, other rows', ...some },
    { other: { tokens: 7, vocab: 131 } },
  ),
  scoreCase({ why: 'more rows of a beam than lanes', beams: 2, tokens: 150, vocab: 17 }),
  scoreCase({ why: 'one past a chunk', beams: 2, tokens: 2, vocab: CHUNK + 1 }),
  scoreCase(
    { why: 'all negative', ...some },
    { fill: (row, id) => -40 - likely(row, id) ** 2, otherFill: (_, id) => -1000 - id },
  ),
  scoreCase(
    { why: 'what is never said', ...some },
    {
      fill: (row, id) => (id % 3 === 0 ? Number.NEGATIVE_INFINITY : likely(row, id)),
      label: (i, size) => (3 * ((i * 5) % 26) + 1 < size ? 3 * ((i * 5) % 26) + 1 : 1),
    },
  ),
  scoreCase(
    { why: 'peaked rows', ...some },
    { fill: (row, id) => (id === (row * 3) % 79 ? 60 : likely(row, id)) },
  ),
  scoreCase(
    { why: 'NaN in the tuned model, infinity in the other', ...some },
    {
      fill: (row, id) => (row === 7 && id === 70 ? Number.NaN : likely(row, id)),
      otherFill: (row, id) =>
        row === 18 && id === 2 ? Number.POSITIVE_INFINITY : elsewhere(row, id),
    },
  ),
  scoreCase(
    { why: 'NaN in a row that does not count', ...some },
    {
      fill: (row, id) => (row === 7 && id === 70 ? Number.NaN : likely(row, id)),
      counts: (i) => i !== 7,
    },
  ),
  scoreCase(
    { why: 'a padded head, every second row from the second on', ...some },
    { layout: { stride: 128, rowStart: 1, rowStep: 2 } },
  ),
  scoreCase({ why: 'the vocabulary of Qwen 2.5', beams: 2, tokens: 2, vocab: 151_936 }),
];

export const chunkScoreBench: readonly Case[] = [
  scoreCase({ why: '16 beams x 5 tokens x 79', beams: 16, tokens: 5, vocab: 79 }),
  scoreCase({ why: '16 beams x 5 tokens x 32,000', beams: 16, tokens: 5, vocab: 32_000 }),
];
