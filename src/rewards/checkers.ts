// What makes an answer to somebody's own question right: the same text, the same number, or an expression that it
// matches. Expressions come from a file, so they must not be able to run for ever: they are matched by an automaton
// (RE2's, in JavaScript) in time proportional to the text, and never by the browser's own backtracking engine.

import { RE2JS } from 're2js';
import { exactMatch } from './exactMatch.ts';

export const CHECKERS = ['exact', 'numeric', 'pattern'] as const;
export type Checker = (typeof CHECKERS)[number];

/** 1 for a right completion, 0 for a wrong one. */
export type Check = (completion: string) => number;

/** Longest expression, in characters: an automaton of it is made, and repetitions are written out in it. */
const LONGEST = 1000;
/** A number as people write it; thousands may be set apart by commas. */
const NUMBER = /[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:[eE][-+]?\d+)?/g;

/** The last number of a text: answers end with it. */
export function lastNumber(text: string): number | undefined {
  const last = text.match(NUMBER)?.at(-1);
  return last === undefined ? undefined : Number(last.replaceAll(',', ''));
}

/** How an answer is checked; a text says why it cannot be: completes "line 3 ...". */
export function checkOf(checker: Checker, answer: string): Check | string {
  switch (checker) {
    case 'exact':
      return (completion) => exactMatch(completion, answer);
    case 'numeric': {
      const wanted = lastNumber(answer);
      if (wanted === undefined) return 'has an "answer" without a number in it';
      // As exact as the answer is written: 0.30 is 0.3, and a third is whatever rounds to it.
      return (completion) => {
        const found = lastNumber(completion);
        const near = 1e-9 * Math.max(1, Math.abs(wanted));
        return found !== undefined && Math.abs(found - wanted) <= near ? 1 : 0;
      };
    }
    case 'pattern':
      return patternCheck(answer);
    default:
      return checker satisfies never;
  }
}

/** The whole completion, without white space around it, must match. */
function patternCheck(expression: string): Check | string {
  if (expression.length > LONGEST) {
    return `has an expression of ${expression.length} characters; at most ${LONGEST} are read`;
  }
  try {
    const pattern = RE2JS.compile(expression, RE2JS.DOTALL);
    return (completion) => (pattern.matches(completion.trim()) ? 1 : 0);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return `has an expression that cannot be read (${why}); look-around and back-references are not offered`;
  }
}
