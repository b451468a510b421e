// An evaluation as it comes in: contenders side by side over the same problems.

import type { Contender, RunEvent } from '../core/events.ts';
import { type Interval, wilson } from '../core/wilson.ts';
import { derived } from './derive.ts';
import type { Run } from './run.ts';
import { speedUp } from './summary.ts';
import { thin } from './thin.ts';

export const CONTENDERS = ['small', 'large', 'method'] as const satisfies readonly Contender[];

type Answer = Extract<RunEvent, { type: 'answer' }>;

export interface Tally {
  readonly contender: Contender;
  readonly answered: number;
  readonly correct: number;
  readonly accuracy: number;
  readonly interval: Interval;
  readonly tokens: number;
  readonly ms: number;
  readonly tokensPerSecond?: number;
  /** Forward passes per problem. */
  readonly passes: { readonly small: number; readonly large: number };
  readonly fallbackShare?: number;
  readonly rollbackShare?: number;
  /** Against the large model alone, over the problems that both have answered. */
  readonly speedUp?: number;
}

const isAnswer = (event: RunEvent): event is Answer => event.type === 'answer';

/** One row per contender that has answered anything, in their usual order. */
export const tallies = derived((run): readonly Tally[] => {
  const answers = run.events.filter(isAnswer);
  return CONTENDERS.flatMap((contender) => {
    const own = answers.filter((answer) => answer.contender === contender);
    return own.length > 0 ? [tally(contender, own, answers)] : [];
  });
});

function tally(contender: Contender, own: readonly Answer[], all: readonly Answer[]): Tally {
  const answered = own.length;
  const correct = own.filter((answer) => answer.correct).length;
  const { tokens, ms } = cost(own);
  const sum = (of: (answer: Answer) => number) => own.reduce((total, a) => total + of(a), 0);
  const drafted = sum((a) => a.stats.drafted);
  const fallbacks = sum((a) => a.stats.fallbacks);
  const guesses = drafted + fallbacks;
  const large = all.filter((answer) => answer.contender === 'large');
  const common = new Set(large.map((answer) => answer.index));
  const shared = own.filter((answer) => common.has(answer.index));
  const indices = new Set(shared.map((answer) => answer.index));
  const ratio = speedUp(cost(shared), cost(large.filter((answer) => indices.has(answer.index))));
  return {
    contender,
    answered,
    correct,
    accuracy: correct / answered,
    interval: wilson(correct, answered),
    tokens,
    ms,
    ...(ms > 0 ? { tokensPerSecond: (1000 * tokens) / ms } : {}),
    passes: {
      small: sum((a) => a.stats.small.passes) / answered,
      large: sum((a) => a.stats.large.passes) / answered,
    },
    ...(guesses > 0 ? { fallbackShare: fallbacks / guesses } : {}),
    ...(drafted > 0 ? { rollbackShare: sum((a) => a.stats.rolledBack) / drafted } : {}),
    ...(ratio === undefined || contender === 'large' ? {} : { speedUp: ratio }),
  };
}

const cost = (answers: readonly Answer[]) => ({
  tokens: answers.reduce((total, answer) => total + answer.stats.tokens, 0),
  ms: answers.reduce((total, answer) => total + answer.stats.ms, 0),
});

/** Accuracy after the first n problems, with its interval; a contender is absent until it has answered. */
export interface AccuracyPoint {
  readonly problems: number;
  readonly accuracy: Readonly<Partial<Record<Contender, number>>>;
  readonly interval: Readonly<Partial<Record<Contender, readonly [number, number]>>>;
}

export const accuracySeries = derived((run): readonly AccuracyPoint[] => {
  const rows = new Map<number, AccuracyPoint>();
  const seen = { small: { n: 0, right: 0 }, large: { n: 0, right: 0 }, method: { n: 0, right: 0 } };
  for (const answer of run.events) {
    if (!isAnswer(answer)) continue;
    const own = seen[answer.contender];
    own.n++;
    if (answer.correct) own.right++;
    const { low, high } = wilson(own.right, own.n);
    const before = rows.get(own.n);
    rows.set(own.n, {
      problems: own.n,
      accuracy: { ...before?.accuracy, [answer.contender]: own.right / own.n },
      interval: { ...before?.interval, [answer.contender]: [low, high] },
    });
  }
  return thin([...rows.values()].sort((a, b) => a.problems - b.problems));
});

/** One problem with everybody's answer. */
export interface AnswerRow {
  readonly index: number;
  readonly prompt: string;
  readonly expected: string;
  readonly answers: Readonly<Partial<Record<Contender, { text: string; correct: boolean }>>>;
}

export const answerRows = derived((run): readonly AnswerRow[] => {
  const rows = new Map<number, AnswerRow>();
  for (const event of run.events) {
    if (!isAnswer(event)) continue;
    const { index, prompt, expected, contender, text, correct } = event;
    const before = rows.get(index);
    rows.set(index, {
      index,
      prompt,
      expected,
      answers: { ...before?.answers, [contender]: { text, correct } },
    });
  }
  return [...rows.values()].sort((a, b) => a.index - b.index);
});

export type AnswerFilter = 'all' | 'wrong' | 'differ';

/** wrong: the method is wrong (the large model where there is no method). differ: contenders do not agree on right and wrong. */
export function filterAnswers(rows: readonly AnswerRow[], filter: AnswerFilter): AnswerRow[] {
  return rows.filter(({ answers }) => {
    if (filter === 'wrong') return (answers.method ?? answers.large)?.correct === false;
    const marks = Object.values(answers).map((answer) => answer.correct);
    return filter === 'all' || new Set(marks).size > 1;
  });
}

/** A wrong answer in two parts: as far as it is right, and the rest. */
export function splitAtDifference(text: string, expected: string): readonly [string, string] {
  let at = 0;
  while (at < text.length && text[at] === expected[at]) at++;
  return [text.slice(0, at), text.slice(at)];
}

/** Where an accuracy axis may begin so that every interval of now is on it: a round share below all. */
export function accuracyFloor(all: readonly Tally[]): number {
  const lowest = Math.min(1, ...all.map((tally) => tally.interval.low));
  return Math.max(0, Math.floor((lowest - 0.02) * 10) / 10);
}

/** Problems that all contenders have answered, the rate, and how long the rest takes at this rate. */
export function evaluationProgress(run: Run): { done: number; of: number; msLeft?: number } {
  const all = tallies(run);
  const of = run.experiment.problems;
  const done = all.length === 0 ? 0 : Math.min(...all.map((tally) => tally.answered));
  const ms = all.reduce((total, tally) => total + tally.ms, 0);
  return done > 0 && done < of ? { done, of, msLeft: (ms / done) * (of - done) } : { done, of };
}
