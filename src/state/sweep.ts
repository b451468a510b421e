// A sweep as a grid of cells and as points between quality and speed. With several seeds a cell is the mean over them,
// and its interval is Student's over the seeds; with one it is the interval over its problems.

import type { Failure } from '../core/errors.ts';
import { meanInterval } from '../core/meanInterval.ts';
import type { Axis } from '../experiment/axis.ts';
import { type Point, pointsOf, seedsOf, yardstickOf } from '../experiment/contenders.ts';
import { derived } from './derive.ts';
import { answersOf, type Tally, tallies, talliesOf, withdrawals } from './evaluation.ts';
import type { Run } from './run.ts';

/** A value with how sure it is; without low and high nothing is known of that. */
export interface Estimate {
  readonly mean: number;
  readonly low?: number;
  readonly high?: number;
}

export interface Cell extends Point {
  /** Over all problems of all seeds; absent before the first answer. */
  readonly tally?: Tally;
  readonly score?: Estimate;
  readonly speedUp?: Estimate;
  /** It could not run as it was set. */
  readonly failure?: Failure;
}

export interface SweepState {
  readonly x: Axis;
  readonly y?: Axis;
  /** Row by row. */
  readonly cells: readonly Cell[];
  /** Large alone: a speed-up of 1. */
  readonly alone?: Tally;
  readonly aloneScore?: Estimate;
  readonly seeds: number;
  /** Cells, by increasing speed, than which none is at least as good and as fast, and better in one. */
  readonly frontier: readonly Cell[];
}

export const sweepOf: (run: Run) => SweepState = derived((run) => {
  const { experiment } = run;
  const answers = answersOf(run);
  const yardstick = yardstickOf(experiment);
  const all = new Map(tallies(run).map((tally) => [tally.contender, tally]));
  const seeds = seedsOf(experiment);
  const perSeed =
    seeds.length < 2
      ? []
      : seeds.map((seed) => {
          const own = answers.filter((answer) => answer.seed === seed);
          return new Map(talliesOf(own, experiment).map((tally) => [tally.contender, tally]));
        });
  const failures = new Map(withdrawals(run).map(({ contender, failure }) => [contender, failure]));

  /** Over seeds where there are several that have it, else as it is over the problems. */
  function estimate(
    contender: number,
    value: (tally: Tally) => number | undefined,
    single: (tally: Tally) => Estimate | undefined,
  ): Estimate | undefined {
    const own = all.get(contender);
    if (!own) return undefined;
    const values = perSeed.flatMap((tallied) => {
      const tally = tallied.get(contender);
      const known = tally && value(tally);
      return known === undefined ? [] : [known];
    });
    if (values.length < 2) return single(own);
    const { mean, low, high } = meanInterval(values);
    return { mean, low, high };
  }
  const scoreOf = (contender: number) => {
    const score = estimate(
      contender,
      (tally) => tally.score.mean,
      ({ score: { mean, low, high } }) => ({ mean, low, high }),
    );
    return score && within(score);
  };
  const speedUpOf = (contender: number) =>
    estimate(
      contender,
      (tally) => tally.speedUp,
      ({ speedUp }) => (speedUp === undefined ? undefined : { mean: speedUp }),
    );

  const cells = pointsOf(experiment).map((point): Cell => {
    const { contender } = point;
    const tally = all.get(contender);
    const score = scoreOf(contender);
    const speedUp = speedUpOf(contender);
    const failure = failures.get(contender);
    return {
      ...point,
      ...(tally && { tally }),
      ...(score && { score }),
      ...(speedUp && { speedUp }),
      ...(failure && { failure }),
    };
  });
  const alone = all.get(yardstick);
  const aloneScore = scoreOf(yardstick);
  const { x, y } = experiment.sweep;
  return {
    x,
    ...(y && { y }),
    cells,
    ...(alone && { alone }),
    ...(aloneScore && { aloneScore }),
    seeds: seeds.length,
    frontier: frontierOf(cells),
  };
});

/** A score lies in [0, 1], and so does what is known of it. */
const within = ({ mean, low = 0, high = 1 }: Estimate): Estimate => ({
  mean,
  low: Math.max(0, low),
  high: Math.min(1, high),
});

export function frontierOf(cells: readonly Cell[]): readonly Cell[] {
  const known = cells.filter(({ score, speedUp }) => score && speedUp);
  const at = ({ score, speedUp }: Cell) => [score?.mean ?? 0, speedUp?.mean ?? 0] as const;
  const beats = (one: Cell, other: Cell) => {
    const [[q, s], [oq, os]] = [at(one), at(other)];
    return q >= oq && s >= os && (q > oq || s > os);
  };
  return known
    .filter((cell) => !known.some((other) => beats(other, cell)))
    .sort((a, b) => at(a)[1] - at(b)[1] || at(a)[0] - at(b)[0]);
}

/** What a heat map can show. */
export const MEASURES = ['score', 'speedUp', 'largePasses'] as const;
export type Measure = (typeof MEASURES)[number];

export function measured({ score, speedUp, tally }: Cell, measure: Measure): number | undefined {
  switch (measure) {
    case 'score':
      return score?.mean;
    case 'speedUp':
      return speedUp?.mean;
    case 'largePasses':
      return tally?.passes.large ?? (tally && 0);
    default:
      return measure satisfies never;
  }
}

/** Lowest and highest of what is known; undefined before anything is. */
export function rangeOf(
  cells: readonly Cell[],
  measure: Measure,
): readonly [number, number] | undefined {
  const values = cells.flatMap((cell) => measured(cell, measure) ?? []);
  return values.length === 0 ? undefined : [Math.min(...values), Math.max(...values)];
}

/** Where a value lies between the lowest and the highest, in [0, 1]; all alike lie in the middle. */
export const shareOf = (value: number, [low, high]: readonly [number, number]): number =>
  high > low ? (value - low) / (high - low) : 0.5;
