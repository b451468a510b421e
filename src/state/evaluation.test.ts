import { describe, expect, test } from 'vitest';
import { recordedRun, runWith } from '../../test/support/recordedRun.ts';
import type { GenerationStats, RunEvent } from '../core/events.ts';
import { meanInterval } from '../core/meanInterval.ts';
import { wilson } from '../core/wilson.ts';
import { defaultExperiment } from '../experiment/experiment.ts';
import { answerRows, filterAnswers, judgedOf, splitAtDifference } from './answers.ts';
import { evaluationProgress, scoreFloor, scoreSeries, tallies } from './evaluation.ts';

const evaluate = { mode: 'evaluate' as const, problems: 4 };
const [SMALL, LARGE, METHOD] = [0, 1, 2] as const;

const stats = (ms: number, tokens = 10): GenerationStats => ({
  tokens,
  ms,
  small: { passes: 2, positions: 2 },
  large: { passes: 3, positions: 3 },
  drafted: 8,
  accepted: 6,
  rolledBack: 2,
  fallbacks: 2,
  rollbacks: 1,
  bytesReadBack: 64,
});
const answer = (index: number, contender: number, reward: number, ms = 10): RunEvent => ({
  type: 'answer',
  seed: 1,
  index,
  contender,
  prompt: `p${index}`,
  expected: 'e',
  text: reward === 1 ? 'e' : 'f',
  reward,
  stats: stats(ms),
});

describe('an evaluation', () => {
  test('every contender answers every problem, whatever the order in which they take turns', async () => {
    const run = await recordedRun({ experiment: evaluate });
    expect(tallies(run).map(({ contender, answered }) => [contender, answered])).toEqual([
      [SMALL, 4],
      [LARGE, 4],
      [METHOD, 4],
    ]);
    expect(answerRows(run).map((row) => row.index)).toEqual([0, 1, 2, 3]);
    expect(scoreSeries(run).map((point) => point.problems)).toEqual([1, 2, 3, 4]);
    expect(evaluationProgress(run)).toEqual({ answers: 12, ofAnswers: 12, done: 4, of: 4 });
  });

  const events = [
    answer(0, SMALL, 0),
    answer(0, LARGE, 1, 20),
    answer(0, METHOD, 1, 10),
    answer(1, LARGE, 1, 20),
    answer(1, METHOD, 0, 10),
    answer(1, SMALL, 0),
    answer(2, METHOD, 1, 1),
  ];
  const run = runWith(events, evaluate);

  test('accuracy comes with its interval, and runs along', () => {
    const last = scoreSeries(run).at(-1);
    const { low, high } = wilson(2, 3);
    expect(last).toEqual({
      problems: 3,
      score: { [METHOD]: 2 / 3 },
      interval: { [METHOD]: [low, high] },
    });
    expect(scoreSeries(run)[1]?.score).toEqual({ [SMALL]: 0, [LARGE]: 1, [METHOD]: 0.5 });
  });

  test('graded rewards have Student’s interval, within what a reward can be', () => {
    const rewards = [0.2, 0.4, 0.9];
    const graded = runWith(
      rewards.map((reward, i) => answer(i, METHOD, reward)),
      { ...evaluate, task: 'reviews' },
    );
    const { score, right } = tallies(graded)[0]!;
    const { mean, high } = meanInterval(rewards);
    expect(Math.abs(score.mean - mean) <= 1e-12).toBe(true);
    expect(score.low).toBe(0);
    expect(Math.abs(score.high - Math.min(1, high)) <= 1e-12).toBe(true);
    expect(right).toBe(0);
    const single = tallies(runWith([answer(0, METHOD, 0.5)], { ...evaluate, task: 'reviews' }))[0];
    expect([single?.score.low, single?.score.high]).toEqual([0, 1]);
  });

  test('the speed-up compares only problems that both have answered', () => {
    const method = tallies(run).find((tally) => tally.contender === METHOD);
    expect(method?.speedUp).toBeCloseTo(2, 12);
    expect(method).toMatchObject({ fallbackShare: 0.2, rollbackShare: 0.25, bytesReadBack: 64 });
    expect(tallies(run).find((tally) => tally.contender === LARGE)?.speedUp).toBeUndefined();
  });

  test('a problem counts as done when all have answered it, and the rest is extrapolated', () => {
    const progress = evaluationProgress(run);
    expect(progress).toMatchObject({ done: 2, of: 4, answers: 7, ofAnswers: 12 });
    expect(progress.msLeft).toBeCloseTo((81 / 7) * 5, 12);
  });

  test('who is withdrawn is not waited for', () => {
    const failure = { code: 'context', message: 'too long', remedy: 'shorten' } as const;
    const without = runWith(
      [...events, { type: 'withdrawn', contender: SMALL, failure }],
      evaluate,
    );
    expect(evaluationProgress(without)).toMatchObject({ answers: 5, ofAnswers: 8 });
  });

  test('wrong answers and disagreements can be singled out', () => {
    const rows = answerRows(run);
    const judged = judgedOf(run.experiment);
    const of = (filter: Parameters<typeof filterAnswers>[1], only?: readonly number[]) =>
      filterAnswers(rows, filter, judged, only).map(({ index }) => index);
    expect(judged).toBe(METHOD);
    expect(judgedOf({ ...defaultExperiment, mode: 'evaluate', contenders: [] })).toBe(LARGE);
    expect(of('all')).toEqual([0, 1, 2]);
    expect(of('wrong')).toEqual([1]);
    expect(of('differ')).toEqual([0, 1]);
    expect(of('differ', [LARGE, METHOD])).toEqual([1]);
  });

  test('a wrong answer is split where it goes wrong', () => {
    expect(splitAtDifference('one two', 'one ten')).toEqual(['one t', 'wo']);
    expect(splitAtDifference('one', 'one ten')).toEqual(['one', '']);
    expect(splitAtDifference('', 'one')).toEqual(['', '']);
  });

  test('the axis of scores begins below every interval', () => {
    const floor = scoreFloor(tallies(run));
    for (const { score } of tallies(run)) expect(floor).toBeLessThanOrEqual(score.low);
    expect(scoreFloor([])).toBe(0.9);
  });

  test('nothing has come in yet: no rows, no points, no division', () => {
    const empty = runWith([], evaluate);
    expect(tallies(empty)).toEqual([]);
    expect(scoreSeries(empty)).toEqual([]);
    expect(evaluationProgress(empty)).toEqual({ answers: 0, ofAnswers: 12, done: 0, of: 4 });
  });
});
