// An evaluation or a sweep as it comes in: every contender's tally over the same problems.

import type { RunEvent } from '../core/events.ts';
import { type Mean, meanOfSums } from '../core/meanInterval.ts';
import { type ByRole, ROLES, type Role } from '../core/roles.ts';
import { type Interval, wilson } from '../core/wilson.ts';
import { rolesIn, taskList } from '../experiment/catalogue.ts';
import { contendersOf, seedsOf, yardstickOf } from '../experiment/contenders.ts';
import type { Experiment } from '../experiment/experiment.ts';
import { derived } from './derive.ts';
import type { Run } from './run.ts';
import { speedUp } from './summary.ts';
import { thin } from './thin.ts';

export type Answer = Extract<RunEvent, { readonly type: 'answer' }>;

export interface Tally {
  /** Number among the experiment's contenders. */
  readonly contender: number;
  readonly answered: number;
  /** Answers worth 1. */
  readonly right: number;
  /** Mean reward, which is the accuracy where an answer is right or wrong; with its 95 % interval. */
  readonly score: Mean;
  readonly tokens: number;
  readonly ms: number;
  readonly tokensPerSecond?: number;
  /** Forward passes per problem. */
  readonly passes: ByRole<number>;
  /** From the GPU, per problem. */
  readonly bytesReadBack: number;
  readonly fallbackShare?: number;
  readonly rollbackShare?: number;
  /** Against the large model alone, over the problems that both have answered. */
  readonly speedUp?: number;
}

const isAnswer = (event: RunEvent): event is Answer => event.type === 'answer';
export const answersOf = derived((run): readonly Answer[] => run.events.filter(isAnswer));

/** Is an answer right or wrong, and nothing between? */
export const isVerifiable = ({ task }: Experiment): boolean => taskList[task].verifiable;

/** 95 %: Wilson's for a share of right answers, Student's t within [0, 1] for graded rewards. */
function scoreOf(verifiable: boolean, n: number, sum: number, squares: number): Mean {
  const mean = meanOfSums(n, sum, squares);
  const { low, high }: Interval = verifiable ? wilson(sum, n) : mean;
  return { ...mean, low: Math.max(0, low), high: Math.min(1, high) };
}

/** One tally per contender that has answered anything, by number. */
export const tallies = derived((run): readonly Tally[] =>
  talliesOf(answersOf(run), run.experiment),
);

const problemOf = ({ seed, index }: Answer): string => `${seed} ${index}`;

export function talliesOf(answers: readonly Answer[], experiment: Experiment): readonly Tally[] {
  const yardstick = yardstickOf(experiment);
  const alone = new Map<string, Answer['stats']>();
  for (const one of answers) if (one.contender === yardstick) alone.set(problemOf(one), one.stats);
  const own = new Map<number, Answer[]>();
  for (const one of answers) {
    const list = own.get(one.contender);
    if (list) list.push(one);
    else own.set(one.contender, [one]);
  }
  const verifiable = isVerifiable(experiment);
  return [...own]
    .sort(([a], [b]) => a - b)
    .map(([contender, list]) => tally(contender, list, alone, verifiable, yardstick));
}

function tally(
  contender: number,
  own: readonly Answer[],
  alone: ReadonlyMap<string, Answer['stats']>,
  verifiable: boolean,
  yardstick: number,
): Tally {
  const n = own.length;
  const sum = (of: (answer: Answer) => number) => own.reduce((total, one) => total + of(one), 0);
  const tokens = sum(({ stats }) => stats.tokens);
  const ms = sum(({ stats }) => stats.ms);
  const drafted = sum(({ stats }) => stats.drafted);
  const fallbacks = sum(({ stats }) => stats.fallbacks);
  const guesses = drafted + fallbacks;
  const shared = { own: { tokens: 0, ms: 0 }, alone: { tokens: 0, ms: 0 } };
  for (const one of own) {
    const other = alone.get(problemOf(one));
    if (!other) continue;
    shared.own.tokens += one.stats.tokens;
    shared.own.ms += one.stats.ms;
    shared.alone.tokens += other.tokens;
    shared.alone.ms += other.ms;
  }
  const ratio = contender === yardstick ? undefined : speedUp(shared.own, shared.alone);
  const passes = (role: Role) => sum(({ stats }) => stats[role]?.passes ?? 0) / n;
  const took = ROLES.filter((role) => passes(role) > 0);
  return {
    contender,
    answered: n,
    right: own.filter(({ reward }) => reward === 1).length,
    score: scoreOf(
      verifiable,
      n,
      sum(({ reward }) => reward),
      sum(({ reward }) => reward * reward),
    ),
    tokens,
    ms,
    ...(ms > 0 && { tokensPerSecond: (1000 * tokens) / ms }),
    passes: Object.fromEntries(took.map((role) => [role, passes(role)])),
    bytesReadBack: sum(({ stats }) => stats.bytesReadBack) / n,
    ...(guesses > 0 && { fallbackShare: fallbacks / guesses }),
    ...(drafted > 0 && { rollbackShare: sum(({ stats }) => stats.rolledBack) / drafted }),
    ...(ratio !== undefined && { speedUp: ratio }),
  };
}

/** Score after the first n problems, with its interval, by contender; absent until it has answered so many. */
export interface ScorePoint {
  readonly problems: number;
  readonly score: Readonly<Record<number, number>>;
  readonly interval: Readonly<Record<number, readonly [number, number]>>;
}

export const scoreSeries = derived((run): readonly ScorePoint[] => {
  const verifiable = isVerifiable(run.experiment);
  const rows = new Map<number, ScorePoint>();
  const seen = new Map<number, { n: number; sum: number; squares: number }>();
  for (const { contender, reward } of answersOf(run)) {
    const own = seen.get(contender) ?? { n: 0, sum: 0, squares: 0 };
    own.n++;
    own.sum += reward;
    own.squares += reward * reward;
    seen.set(contender, own);
    const { mean, low, high } = scoreOf(verifiable, own.n, own.sum, own.squares);
    const before = rows.get(own.n);
    rows.set(own.n, {
      problems: own.n,
      score: { ...before?.score, [contender]: mean },
      interval: { ...before?.interval, [contender]: [low, high] },
    });
  }
  return thin([...rows.values()].sort((a, b) => a.problems - b.problems));
});

/** Contenders that could not run as they were set, and why. */
export const withdrawals = derived((run) =>
  run.events.filter((event) => event.type === 'withdrawn'),
);

/** Models whose passes are worth a column: those of all who take part. */
export const rolesOfRun = ({ experiment }: Run): readonly Role[] => rolesIn(experiment);

/** Where an axis of scores may begin so that every interval of now is on it: a round share below all. */
export function scoreFloor(all: readonly Tally[]): number {
  const lowest = Math.min(1, ...all.map(({ score }) => score.low));
  return Math.max(0, Math.floor((lowest - 0.02) * 10) / 10);
}

/** Answers given and to be given, problems that all have answered, and how long the rest takes at the rate so far. */
export interface EvaluationProgress {
  readonly answers: number;
  readonly ofAnswers: number;
  readonly done: number;
  readonly of: number;
  readonly msLeft?: number;
}

export function evaluationProgress(run: Run): EvaluationProgress {
  const { experiment } = run;
  const all = tallies(run);
  const gone = new Set(withdrawals(run).map(({ contender }) => contender));
  const expected = contendersOf(experiment).length - gone.size;
  const staying = all.filter(({ contender }) => !gone.has(contender));
  const of = experiment.problems * seedsOf(experiment).length;
  const done = staying.length < expected ? 0 : Math.min(...staying.map(({ answered }) => answered));
  const answers = staying.reduce((sum, { answered }) => sum + answered, 0);
  const ofAnswers = of * expected;
  const ms = staying.reduce((sum, one) => sum + one.ms, 0);
  const left = answers > 0 && answers < ofAnswers ? (ms / answers) * (ofAnswers - answers) : 0;
  return { answers, ofAnswers, done, of, ...(left > 0 && { msLeft: left }) };
}
