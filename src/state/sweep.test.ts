// A sweep is many evaluations in one: each cell is what an evaluation of its setting would have said.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { record, recordedRun, runWith } from '../../test/support/recordedRun.ts';
import { meanInterval } from '../core/meanInterval.ts';
import { contendersOf } from '../experiment/contenders.ts';
import type { Experiment } from '../experiment/experiment.ts';
import { contenderName } from './contenders.ts';
import { evaluationProgress, tallies } from './evaluation.ts';
import { type Cell, frontierOf, measured, rangeOf, shareOf, sweepOf } from './sweep.ts';

const sweep: Partial<Experiment> = {
  mode: 'sweep',
  problems: 3,
  sweep: {
    x: { key: 'fallbackThreshold', values: [0.3, 0.9] },
    y: { key: 'maxDraft', values: [2, 8] },
    seeds: 1,
  },
};
const seeded = (seeds: number): Partial<Experiment> => ({
  ...sweep,
  sweep: { ...sweep.sweep!, seeds },
});

describe('a sweep', () => {
  test('has a cell for every setting, each with all problems, beside large alone', async () => {
    const run = await recordedRun({ experiment: sweep });
    const { cells, alone, aloneScore } = sweepOf(run);
    expect(cells.map(({ x, y }) => [x, y])).toEqual([
      [0.3, 2],
      [0.9, 2],
      [0.3, 8],
      [0.9, 8],
    ]);
    expect(cells.map(({ tally }) => tally?.answered)).toEqual([3, 3, 3, 3]);
    expect([alone?.answered, alone?.contender]).toEqual([3, 0]);
    expect(aloneScore?.mean).toBe(alone?.score.mean);
    expect(evaluationProgress(run)).toMatchObject({ answers: 15, ofAnswers: 15, done: 3 });
    for (const { speedUp } of cells) expect(speedUp?.mean).toBeGreaterThan(0);
  });

  test('a cell says what an evaluation of its setting says', async () => {
    const run = await recordedRun({ experiment: sweep });
    for (const { contender, params, tally } of sweepOf(run).cells) {
      const alone = await recordedRun({
        experiment: {
          mode: 'evaluate',
          problems: 3,
          contenders: [{ label: '', method: 'bild', params }],
        },
      });
      const same = tallies(alone).find((one) => one.contender === 2);
      expect([tally?.right, tally?.tokens, tally?.passes]).toEqual([
        same?.right,
        same?.tokens,
        same?.passes,
      ]);
      expect(contenderName(run.experiment, contender)).toMatch(/^α_FB 0\.\d, γ \d$/);
    }
  });

  test('several seeds answer different problems; the interval is over their means', async () => {
    const run = await recordedRun({ experiment: seeded(3) });
    const { cells, seeds } = sweepOf(run);
    expect(seeds).toBe(3);
    const answers = run.events.filter((event) => event.type === 'answer');
    expect(new Set(answers.map(({ seed }) => seed)).size).toBe(3);
    expect(new Set(answers.map(({ prompt }) => prompt)).size).toBe(9);
    for (const { contender, tally, score, speedUp } of cells) {
      expect(tally?.answered).toBe(9);
      const perSeed = [1, 2, 3].map((seed) => {
        const own = answers.filter((one) => one.contender === contender && one.seed === seed);
        return own.reduce((sum, { reward }) => sum + reward, 0) / own.length;
      });
      expect(Math.abs((score?.mean ?? NaN) - meanInterval(perSeed).mean) <= 1e-12).toBe(true);
      expect(speedUp?.low).toBeLessThanOrEqual(speedUp?.mean ?? NaN);
      expect(speedUp?.high).toBeGreaterThanOrEqual(speedUp?.mean ?? NaN);
    }
  });

  test('stopped anywhere, it has every setting over almost the same problems', async () => {
    const events = await record({ experiment: seeded(2) });
    fc.assert(
      fc.property(fc.nat(events.length), (length) => {
        const run = runWith(events.slice(0, length), seeded(2));
        const counts = contendersOf(run.experiment).map(
          (_, contender) =>
            tallies(run).find((tally) => tally.contender === contender)?.answered ?? 0,
        );
        expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
        expect(sweepOf(run).cells).toHaveLength(4);
      }),
    );
  });

  test('one knob makes one row', async () => {
    const { x } = sweep.sweep!;
    const run = await recordedRun({ experiment: { ...sweep, sweep: { x, seeds: 1 } } });
    expect(sweepOf(run).cells.map((cell) => [cell.x, cell.y])).toEqual([
      [0.3, undefined],
      [0.9, undefined],
    ]);
  });

  test('before anything has come in there is a grid without numbers', () => {
    const { cells, frontier } = sweepOf(runWith([], sweep));
    expect(cells).toHaveLength(4);
    expect(frontier).toEqual([]);
    expect(rangeOf(cells, 'score')).toBeUndefined();
    expect(measured(cells[0]!, 'largePasses')).toBeUndefined();
  });
});

describe('the frontier', () => {
  const cell = (quality: number, speed: number, contender = 1): Cell => ({
    x: 0,
    params: {},
    contender,
    score: { mean: quality },
    speedUp: { mean: speed },
  });
  const grid = fc.array(fc.tuple(fc.nat(5), fc.nat(5)), { maxLength: 30 });

  test('nothing beats what is on it, and something on it beats all others', () => {
    fc.assert(
      fc.property(grid, (places) => {
        const cells = places.map(([q, s], i) => cell(q, s, i));
        const frontier = frontierOf(cells);
        const of = ({ score, speedUp }: Cell) => [score?.mean ?? 0, speedUp?.mean ?? 0] as const;
        const beats = (a: Cell, b: Cell) => {
          const [[q, s], [oq, os]] = [of(a), of(b)];
          return q >= oq && s >= os && (q > oq || s > os);
        };
        for (const one of frontier) expect(cells.some((other) => beats(other, one))).toBe(false);
        for (const one of cells) {
          if (!frontier.includes(one)) expect(frontier.some((best) => beats(best, one))).toBe(true);
        }
        // By increasing speed the quality never rises.
        const qualities = frontier.map((one) => of(one)[0]);
        expect(qualities).toEqual(qualities.toSorted((a, b) => b - a));
      }),
    );
  });

  test('settings that are alike are all on it', () => {
    expect(frontierOf([cell(1, 1, 1), cell(1, 1, 2), cell(0, 0, 3)])).toHaveLength(2);
  });

  test('a share of a range is in [0, 1], and all alike lie in the middle', () => {
    expect(shareOf(3, [1, 5])).toBe(0.5);
    expect(shareOf(1, [1, 5])).toBe(0);
    expect(shareOf(2, [2, 2])).toBe(0.5);
  });
});
