// Every problem with everybody's answer, and the ones worth a look.

import { yardstickOf } from '../experiment/contenders.ts';
import type { Experiment } from '../experiment/experiment.ts';
import { derived } from './derive.ts';
import { answersOf } from './evaluation.ts';

export interface Given {
  readonly text: string;
  /** In [0, 1]. */
  readonly reward: number;
}

/** One problem with everybody's answer. */
export interface AnswerRow {
  readonly key: string;
  readonly index: number;
  readonly seed: number;
  readonly prompt: string;
  readonly expected: string;
  /** By contender. */
  readonly answers: ReadonlyMap<number, Given>;
}

export const answerRows = derived((run): readonly AnswerRow[] => {
  const rows = new Map<string, AnswerRow & { readonly answers: Map<number, Given> }>();
  for (const { seed, index, prompt, expected, contender, text, reward } of answersOf(run)) {
    const key = `${seed} ${index}`;
    const row = rows.get(key) ?? { key, index, seed, prompt, expected, answers: new Map() };
    row.answers.set(contender, { text, reward });
    rows.set(key, row);
  }
  return [...rows.values()].sort((a, b) => a.index - b.index || a.seed - b.seed);
});

export type AnswerFilter = 'all' | 'wrong' | 'differ';

/** Whose wrong answers are singled out: the first method's; of two that answer alone, the large one's. */
export const judgedOf = (experiment: Experiment): number =>
  experiment.mode === 'evaluate' && experiment.contenders.length === 0
    ? yardstickOf(experiment)
    : yardstickOf(experiment) + 1;

/**
 * wrong: the judged one has less than 1. differ: not all have the same reward.
 * @param only these contenders count; all, if it is left out
 */
export function filterAnswers(
  rows: readonly AnswerRow[],
  filter: AnswerFilter,
  judged: number,
  only?: readonly number[],
): readonly AnswerRow[] {
  if (filter === 'all') return rows;
  return rows.filter(({ answers }) => {
    if (filter === 'wrong') return (answers.get(judged)?.reward ?? 1) < 1;
    const rewards = [...answers].flatMap(([contender, { reward }]) =>
      (only?.includes(contender) ?? true) ? [reward] : [],
    );
    return new Set(rewards).size > 1;
  });
}

/** A wrong answer in two parts: as far as it is right, and the rest. */
export function splitAtDifference(text: string, expected: string): readonly [string, string] {
  let at = 0;
  while (at < text.length && text[at] === expected[at]) at++;
  return [text.slice(0, at), text.slice(at)];
}
