// What every task promises: problems by address, answers that its own reward accepts and that the family's
// tokenizer and context can hold, and wrong answers that get nothing. Then each task's own arithmetic.

import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Task } from '../core/task.ts';
import { sentiment } from '../rewards/sentiment.ts';
import { type TaskId, tasks } from './index.ts';

const all = Object.entries(tasks) as [TaskId, Task][];
const { model } = JSON.parse(readFileSync('recipes/tokenizer/tokenizer.json', 'utf8'));
const address = fc.record({ seed: fc.nat(), index: fc.nat(10_000) });
const difficultyOf = ({ difficulty: { min, max } }: Task) => fc.integer({ min, max });

describe.each(all)('%s', (_, task) => {
  test('a problem has an address, and nothing else decides it', () => {
    fc.assert(
      fc.property(address, difficultyOf(task), ({ seed, index }, difficulty) => {
        const problem = task.problem(seed, index, difficulty);
        expect(task.problem(seed, index, difficulty)).toEqual(problem);
        expect(problem.prompt).toMatch(/: $/);
        expect(problem.answer).toMatch(/\.$/);
        for (const letter of problem.prompt + problem.answer) {
          expect(model.vocab).toHaveProperty([letter]);
        }
      }),
    );
  });

  test('neighbours differ', () => {
    const { max } = task.difficulty;
    const prompts = Array.from({ length: 50 }, (_, i) => task.problem(1, i, max).prompt);
    const other = Array.from({ length: 50 }, (_, i) => task.problem(2, i, max).prompt);
    expect(new Set(prompts).size).toBeGreaterThan(30);
    expect(prompts).not.toEqual(other);
  });

  test('rewards are in [0, 1], and 1 for the answer where one is right', () => {
    fc.assert(
      fc.property(address, difficultyOf(task), fc.string(), ({ seed, index }, d, text) => {
        const problem = task.problem(seed, index, d);
        for (const completion of [text, problem.answer, `${problem.answer} ${text}`]) {
          const reward = task.reward(completion, problem);
          expect(reward >= 0 && reward <= 1).toBe(true);
        }
        if (!task.verifiable) return;
        expect(task.reward(problem.answer, problem)).toBe(1);
        expect(task.reward(problem.answer.slice(0, -1), problem)).toBe(0);
        expect(task.reward(`x${problem.answer}`, problem)).toBe(0);
      }),
    );
  });

  test('at its default difficulty it fits in 256 letters', () => {
    for (let i = 0; i < 200; i++) {
      const { prompt, answer } = task.problem(3, i, task.difficulty.default);
      expect(prompt.length + answer.length).toBeLessThan(255);
    }
  });
});

test('sums are sums', () => {
  fc.assert(
    fc.property(address, fc.integer({ min: 1, max: 7 }), ({ seed, index }, digits) => {
      const { prompt, answer } = tasks.addition.problem(seed, index, digits);
      const [, a, b] = /^add (\d+)\+(\d+): $/.exec(prompt)!.map(Number);
      expect(answer).toBe(`${a! + b!}.`);
      expect(Math.max(a!, b!)).toBeLessThan(10 ** digits);
    }),
  );
});

test('sorted numbers ascend and are the ones that were asked', () => {
  fc.assert(
    fc.property(address, fc.integer({ min: 2, max: 12 }), ({ seed, index }, count) => {
      const { prompt, answer } = tasks.sortNumbers.problem(seed, index, count);
      const numbers = (text: string) => text.match(/\d+/g)!.map(Number);
      const sorted = numbers(answer);
      expect(sorted.length).toBeLessThanOrEqual(count);
      expect(sorted.every((n, i) => i === 0 || sorted[i - 1]! <= n)).toBe(true);
      expect(numbers(prompt).sort((a, b) => a - b)).toEqual(sorted);
    }),
  );
});

test('a reversal reversed is the prompt', () => {
  fc.assert(
    fc.property(address, fc.integer({ min: 2, max: 24 }), ({ seed, index }, count) => {
      const { prompt, answer } = tasks.reverse.problem(seed, index, count);
      const [, letters] = /^reverse ([a-z]+): $/.exec(prompt)!;
      expect([...answer.slice(0, -1)].reverse().join('')).toBe(letters);
    }),
  );
});

describe('gold sentiment', () => {
  test.each([
    ['the plot was superb.', 1],
    ['the plot was not superb.', 0],
    ['the plot was not very dull.', 1],
    ['i loved the cast. i hated the music.', 0.5],
    ['the plot was warm and the ending was flat.', 0.5],
    ['the plot was warm but the ending was not flat. the cast was funny.', 1],
    ['', 0],
    ['the plot was superb', 0],
    ['the plot was superb. the', 0.5],
    ['superb superb superb.', 0],
    ['the plot was superb..', 0.5],
  ])('of “%s” is %d', (review, expected) => expect(sentiment(review)).toBe(expected));

  test('every review of the grammar is understood: its opposite gets the rest', () => {
    const swapped: Readonly<Record<string, string>> = { loved: 'hated', enjoyed: 'regretted' };
    for (const [a, b] of Object.entries(swapped)) Object.assign(swapped, { [b]: a });
    fc.assert(
      fc.property(address, fc.integer({ min: 1, max: 4 }), ({ seed, index }, sentences) => {
        const { answer } = tasks.reviews.problem(seed, index, sentences);
        const opposite = answer
          .replace(/was (not )?/g, (_, not) => (not ? 'was ' : 'was not '))
          .replace(/loved|enjoyed|hated|regretted/g, (word) => swapped[word]!);
        expect(sentiment(answer) + sentiment(opposite)).toBeCloseTo(1, 12);
      }),
    );
  });

  test('reviews are of any sentiment', () => {
    const scores = Array.from({ length: 300 }, (_, i) =>
      sentiment(tasks.reviews.problem(1, i, 2).answer),
    );
    const mean = scores.reduce((a, b) => a + b) / scores.length;
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.1);
    expect(scores.filter((s) => s === 1).length).toBeGreaterThan(50);
    expect(scores.filter((s) => s === 0).length).toBeGreaterThan(50);
  });
});
