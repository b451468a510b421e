// Completions as the words that grpoLoss reads, and what it has found as numbers of their tokens. Rows of prompts and of
// padding have no target, so they are not even read.

import type { Learned, PolicySequence } from '../core/policy.ts';
import { GIVEN, TERM } from '../kernels/policyFields.ts';
import { NONE } from '../kernels/rows.ts';

/** One sequence after the other, `columns` rows each. */
export interface PolicyRows {
  readonly columns: number;
  readonly targets: Uint32Array;
  /** GIVEN numbers for each row. */
  readonly given: Float32Array;
  /** Whether tokens bring the log-prob that their ratio divides by. */
  readonly old: boolean;
}

/** What grpoLoss finds, row by row: TERM numbers each, and clips. */
export interface PolicyWords {
  readonly terms: Float32Array;
  readonly clips: Uint32Array;
}

export function policyRows(sequences: readonly PolicySequence[], columns: number): PolicyRows {
  const rows = sequences.length * columns;
  const targets = new Uint32Array(rows).fill(NONE);
  const given = new Float32Array(GIVEN.size * rows);
  sequences.forEach((one, r) => {
    const { prompt, completion, scales, advantages, old, reference, teacher } = one;
    completion.forEach((token, t) => {
      const row = r * columns + prompt.length - 1 + t;
      const at = GIVEN.size * row;
      targets[row] = token;
      given[at + GIVEN.scale] = scales[t]!;
      given[at + GIVEN.advantage] = advantages[t]!;
      given[at + GIVEN.old] = old?.[t] ?? 0;
      given[at + GIVEN.reference] = reference?.[t] ?? 0;
      given[at + GIVEN.teacher] = teacher?.[t] ?? 0;
    });
  });
  return { columns, targets, given, old: sequences.some(({ old }) => old !== undefined) };
}

/** Rows from `first` on. */
export const someRows = (
  { columns, targets, given, old }: PolicyRows,
  first: number,
  count: number,
): PolicyRows => ({
  columns,
  targets: targets.subarray(first, first + count),
  given: given.subarray(GIVEN.size * first, GIVEN.size * (first + count)),
  old,
});

/** Of the completion whose sequence begins at row `first`. */
export function learnedAt(
  { prompt, completion }: PolicySequence,
  { terms, clips }: PolicyWords,
  first: number,
): Learned {
  const begin = first + prompt.length - 1;
  const of = (field: number) =>
    Float32Array.from(completion, (_, t) => terms[TERM.size * (begin + t) + field]!);
  return {
    logProbs: of(TERM.logProb),
    entropies: of(TERM.entropy),
    losses: of(TERM.loss),
    ratios: of(TERM.ratio),
    kls: of(TERM.kl),
    weights: of(TERM.weight),
    clips: clips.slice(begin, begin + completion.length),
  };
}
