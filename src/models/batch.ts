// Sequences of different lengths side by side: the shorter ones begin later (left padding), so that all end
// at the same column and one more token is one more column. Here is decided where each begins and how much
// of what was read before can stay; nothing is computed.

export interface Batch {
  readonly sequences: readonly (readonly number[])[];
  /** Columns before each sequence. */
  readonly pads: readonly number[];
  /** Columns, padding included. */
  readonly length: number;
}

/** Where each sequence begins: as before, if the batch goes on from `before`, else as tightly as possible. */
export function alignBatch(sequences: readonly (readonly number[])[], before?: Batch): Batch {
  if (sequences.length === 0) throw new Error('nextLogits: an empty batch');
  if (before) {
    const origins = sequences.map((sequence) => origin(sequence, before));
    const pads = origins.map((row) => before.pads[row] as number);
    const length = (pads[0] as number) + (sequences[0]?.length ?? 0);
    if (sequences.every((sequence, i) => (pads[i] as number) + sequence.length === length)) {
      return { sequences: copy(sequences), pads, length };
    }
  }
  const length = Math.max(...sequences.map((sequence) => sequence.length));
  const pads = sequences.map((sequence) => length - sequence.length);
  return { sequences: copy(sequences), pads, length };
}

/**
 * What of `before` can stay: row i of the batch goes on from row order[i], of which the first `kept` columns
 * are right. At least one column is left to be read.
 */
export function planBatch(next: Batch, before?: Batch): { order: number[]; kept: number } {
  const nothing = { order: next.sequences.map((_, i) => i), kept: 0 };
  if (!before) return nothing;
  const order = next.sequences.map((sequence) => origin(sequence, before));
  let kept = Math.min(next.length - 1, before.length);
  next.sequences.forEach((sequence, i) => {
    const row = order[i] as number;
    const pad = before.pads[row] as number;
    const common = commonPrefix(sequence, before.sequences[row] ?? []);
    kept = pad === next.pads[i] ? Math.min(kept, pad + common) : 0;
  });
  return kept > 0 ? { order, kept } : nothing;
}

/** All but each sequence's last token, as far as the longest goes; what is missing is filled with token 0. */
export function fillBatch(sequences: readonly (readonly number[])[], from: number): Batch {
  const longest = Math.max(0, ...sequences.map((sequence) => sequence.length));
  if (!(Number.isInteger(from) && from >= 1 && from < longest)) {
    throw new Error(`batchLogits: from = ${from}, expected an integer in [1, ${longest - 1}]`);
  }
  const length = longest - 1;
  const filled = sequences.map((y) => Array.from({ length }, (_, i) => y[i] ?? 0));
  return { sequences: filled, pads: sequences.map(() => 0), length };
}

/** The first `length` columns of a batch that has no padding. */
export const cutBatch = ({ sequences, pads }: Batch, length: number): Batch => ({
  sequences: sequences.map((sequence) => sequence.slice(0, length)),
  pads,
  length,
});

/** Has all of `wanted` been read, by whichever rows? */
export function holds(before: Batch | undefined, wanted: Batch): boolean {
  if (!before) return false;
  return wanted.sequences.every((sequence) => {
    const row = origin(sequence, before);
    const common = commonPrefix(sequence, before.sequences[row] ?? []);
    return before.pads[row] === 0 && common === wanted.length;
  });
}

/** The row of `before` that shares most with `sequence`; the first of equals. */
function origin(sequence: readonly number[], before: Batch): number {
  let best = 0;
  let most = -1;
  before.sequences.forEach((other, row) => {
    const common = commonPrefix(sequence, other);
    if (common > most) {
      most = common;
      best = row;
    }
  });
  return best;
}

function commonPrefix(a: readonly number[], b: readonly number[]): number {
  const most = Math.min(a.length, b.length);
  let n = 0;
  while (n < most && a[n] === b[n]) n++;
  return n;
}

const copy = (sequences: readonly (readonly number[])[]) => sequences.map((s) => [...s]);
