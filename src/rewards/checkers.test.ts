// Checkers say what they are asked to, and no expression can hold a run up.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CHECKERS, type Check, checkOf, lastNumber } from './checkers.ts';
import { overlong } from './overlong.ts';

const check = (checker: (typeof CHECKERS)[number], answer: string): Check => {
  const found = checkOf(checker, answer);
  if (typeof found === 'string') throw new Error(found);
  return found;
};

test.each([
  ['exact', 'seven.', ' seven. ', 1],
  ['exact', 'seven.', 'Seven.', 0],
  ['numeric', '1,234.50', 'that makes 12, so 1234.5', 1],
  ['numeric', '-3', 'minus: -3.0 apples', 1],
  ['numeric', '3', '33', 0],
  ['numeric', '3', 'three', 0],
  ['numeric', '1e3', '1000', 1],
  ['pattern', '[a-c]+\\.', 'abcabc.', 1],
  ['pattern', '[a-c]+\\.', 'abcabc. more', 0],
  ['pattern', 'yes|no', '\n no \n', 1],
] as const)('%s: %s, %s: %d', (checker, answer, completion, expected) => {
  expect(check(checker, answer)(completion)).toBe(expected);
});

test('numbers are found as they were written', () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 0, max: 999 }), (whole, part) => {
      const text = `so ${whole.toLocaleString('en-US')}.${part}`;
      expect(lastNumber(text)).toBe(Number(`${whole}.${part}`));
    }),
  );
});

describe('what cannot be checked is said', () => {
  test.each([
    ['numeric', 'none', 'without a number'],
    ['pattern', '(', 'cannot be read'],
    ['pattern', '(a)\\1', 'back-references'],
    ['pattern', 'a'.repeat(1001), '1001 characters'],
    ['pattern', '((a{1000}){1000}){1000}', 'cannot be read'],
  ] as const)('%s %s', (checker, answer, what) => {
    expect(checkOf(checker, answer)).toContain(what);
  });
});

test('an expression that backtracks for ever is matched at once', () => {
  const text = `${'a'.repeat(20_000)}!`;
  for (const expression of ['(a+)+b', '(a|aa)*c', '(a*)*(a*)*d', '(.*)*x']) {
    const begun = performance.now();
    expect(check('pattern', expression)(text)).toBe(0);
    // A backtracking engine takes longer than the age of the universe.
    expect(performance.now() - begun).toBeLessThan(2000);
  }
});

test('the penalty for length is 0, then falls to -1', () => {
  expect([overlong(0, 24), overlong(18, 24), overlong(21, 24), overlong(24, 24)]).toEqual([
    0, 0, -0.5, -1,
  ]);
});
