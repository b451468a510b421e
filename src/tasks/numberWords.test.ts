// Number words: known answers, the shape of the problem sequence, and that no wrong answer is rewarded.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { numberToWords, numberWords } from './numberWords.ts';

test.each([
  [0, 'zero'],
  [10, 'ten'],
  [13, 'thirteen'],
  [20, 'twenty'],
  [42, 'forty-two'],
  [100, 'one hundred'],
  [118, 'one hundred eighteen'],
  [1000, 'one thousand'],
  [1_000_001, 'one million one'],
  [4_120_567, 'four million one hundred twenty thousand five hundred sixty-seven'],
  [
    999_999_999,
    'nine hundred ninety-nine million nine hundred ninety-nine thousand nine hundred ninety-nine',
  ],
])('%d is %s', (n, words) => expect(numberToWords(n)).toBe(words));

test('different numbers have different words', () => {
  fc.assert(
    fc.property(fc.nat(999_999_999), fc.nat(999_999_999), (a, b) => {
      expect(numberToWords(a) === numberToWords(b)).toBe(a === b);
    }),
  );
});

test.each([-1, 1.5, 1e9, Number.NaN])('%d is out of range', (n) =>
  expect(() => numberToWords(n)).toThrow(RangeError),
);

test('problem i of a seed is always the same, and its own answer is right', () => {
  fc.assert(
    fc.property(fc.nat(), fc.nat(5000), fc.integer({ min: 1, max: 9 }), (seed, index, digits) => {
      const problem = numberWords.problem(seed, index, digits);
      expect(numberWords.problem(seed, index, digits)).toEqual(problem);
      const n = problem.prompt.match(/^say (\d+): $/)?.[1] as string;
      expect(n.length).toBeLessThanOrEqual(digits);
      expect(problem.answer).toBe(`${numberToWords(Number(n))}.`);
      expect(numberWords.reward(`${problem.answer}\n`, problem)).toBe(1);
      expect(numberWords.reward(problem.answer.slice(0, -1), problem)).toBe(0);
    }),
  );
});

test('every number of digits comes up about equally often', () => {
  const counts = new Array<number>(9).fill(0);
  for (let i = 0; i < 1800; i++) {
    const { prompt } = numberWords.problem(1, i, 9);
    const digits = prompt.length - 'say : '.length;
    counts[digits - 1] = (counts[digits - 1] as number) + 1;
  }
  for (const count of counts) expect(Math.abs(count - 200)).toBeLessThan(60);
});
