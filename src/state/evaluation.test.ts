import { describe, expect, test } from 'vitest';
import { recordedRun, runWith } from '../../test/support/recordedRun.ts';
import type { Contender, GenerationStats, RunEvent } from '../core/events.ts';
import { wilson } from '../core/wilson.ts';
import {
  accuracyFloor,
  accuracySeries,
  answerRows,
  evaluationProgress,
  filterAnswers,
  splitAtDifference,
  tallies,
} from './evaluation.ts';

const evaluate = { mode: 'evaluate' as const, problems: 4 };

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
  bytesReadBack: 0,
});
const answer = (index: number, contender: Contender, correct: boolean, ms = 10): RunEvent => ({
  type: 'answer',
  index,
  contender,
  prompt: `p${index}`,
  expected: 'e',
  text: correct ? 'e' : 'f',
  correct,
  stats: stats(ms),
});

describe('an evaluation', () => {
  test('every contender answers every problem, whatever the order in which they take turns', async () => {
    const run = await recordedRun({ experiment: evaluate });
    expect(tallies(run).map(({ contender, answered }) => [contender, answered])).toEqual([
      ['small', 4],
      ['large', 4],
      ['method', 4],
    ]);
    expect(answerRows(run).map((row) => row.index)).toEqual([0, 1, 2, 3]);
    expect(accuracySeries(run).map((point) => point.problems)).toEqual([1, 2, 3, 4]);
    expect(evaluationProgress(run)).toEqual({ done: 4, of: 4 });
  });

  const events = [
    answer(0, 'small', false),
    answer(0, 'large', true, 20),
    answer(0, 'method', true, 10),
    answer(1, 'large', true, 20),
    answer(1, 'method', false, 10),
    answer(1, 'small', false),
    answer(2, 'method', true, 1),
  ];
  const run = runWith(events, evaluate);

  test('accuracy comes with its interval, and runs along', () => {
    const last = accuracySeries(run).at(-1);
    const { low, high } = wilson(2, 3);
    expect(last).toEqual({
      problems: 3,
      accuracy: { method: 2 / 3 },
      interval: { method: [low, high] },
    });
    expect(accuracySeries(run)[1]?.accuracy).toEqual({ small: 0, large: 1, method: 0.5 });
  });

  test('the speed-up compares only problems that both have answered', () => {
    const method = tallies(run).find((tally) => tally.contender === 'method');
    expect(method?.speedUp).toBeCloseTo(2, 12);
    expect(method).toMatchObject({ fallbackShare: 0.2, rollbackShare: 0.25 });
  });

  test('a problem counts as done when all have answered it, and the rest is extrapolated', () => {
    const progress = evaluationProgress(run);
    expect(progress).toMatchObject({ done: 2, of: 4 });
    expect(progress.msLeft).toBeCloseTo((81 / 2) * 2, 12);
  });

  test('wrong answers and disagreements can be singled out', () => {
    const rows = answerRows(run);
    expect(filterAnswers(rows, 'all')).toHaveLength(3);
    expect(filterAnswers(rows, 'wrong').map((row) => row.index)).toEqual([1]);
    expect(filterAnswers(rows, 'differ').map((row) => row.index)).toEqual([0, 1]);
  });

  test('a wrong answer is split where it goes wrong', () => {
    expect(splitAtDifference('one two', 'one ten')).toEqual(['one t', 'wo']);
    expect(splitAtDifference('one', 'one ten')).toEqual(['one', '']);
    expect(splitAtDifference('', 'one')).toEqual(['', '']);
  });

  test('the accuracy axis begins below every interval', () => {
    const floor = accuracyFloor(tallies(run));
    for (const { interval } of tallies(run)) expect(floor).toBeLessThanOrEqual(interval.low);
    expect(accuracyFloor([])).toBe(0.9);
  });

  test('nothing has come in yet: no rows, no points, no division', () => {
    const empty = runWith([], evaluate);
    expect(tallies(empty)).toEqual([]);
    expect(accuracySeries(empty)).toEqual([]);
    expect(evaluationProgress(empty)).toEqual({ done: 0, of: 4 });
  });
});
