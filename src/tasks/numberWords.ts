// Say a number in English words: `say 4120567: ` asks for `four million one hundred twenty thousand five
// hundred sixty-seven.` Long answers with stretches that any model can guess ("hundred", "million") and
// places where one must look back at the digits: what a small and a large model share work on.

import { uniforms } from '../core/rng.ts';
import type { Task } from '../core/task.ts';
import { exactMatch } from '../rewards/exactMatch.ts';

const ONES = [
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen',
  'sixteen seventeen eighteen nineteen',
]
  .join(' ')
  .split(' ');
const TENS = '- - twenty thirty forty fifty sixty seventy eighty ninety'.split(' ');
const SCALES = ['', ' thousand', ' million'] as const;

/** English words for 0 <= n <= 999,999,999, American style: no "and", hyphens between tens and ones. */
export function numberToWords(n: number): string {
  if (!Number.isInteger(n) || n < 0 || n > 999_999_999) {
    throw new RangeError(`numberToWords: ${n} is not an integer in [0, 999999999]`);
  }
  if (n === 0) return 'zero';
  const groups: string[] = [];
  for (let scale = 0, rest = n; rest > 0; scale++, rest = Math.floor(rest / 1000)) {
    if (rest % 1000 > 0) groups.unshift(belowThousand(rest % 1000) + (SCALES[scale] as string));
  }
  return groups.join(' ');
}

function belowThousand(n: number): string {
  const words: string[] = [];
  if (n >= 100) words.push(`${ONES[Math.floor(n / 100)]} hundred`);
  const rest = n % 100;
  if (rest >= 20)
    words.push(TENS[Math.floor(rest / 10)] + (rest % 10 ? `-${ONES[rest % 10]}` : ''));
  else if (rest > 0) words.push(ONES[rest] as string);
  return words.join(' ');
}

export const numberWords: Task = {
  title: 'Numbers in words',
  summary: 'Write a number in English words, ending with a full stop.',
  difficulty: {
    kind: 'integer',
    label: 'Digits',
    meaning: 'Numbers have up to this many digits; every length is equally likely.',
    min: 1,
    max: 9,
    step: 1,
    default: 9,
  },
  verifiable: true,
  problem(seed, index, difficulty) {
    const next = uniforms(seed, index);
    const digits = 1 + Math.floor(next() * difficulty);
    const low = digits === 1 ? 0 : 10 ** (digits - 1);
    const n = low + Math.floor(next() * (10 ** digits - low));
    return { prompt: `say ${n}: `, answer: `${numberToWords(n)}.` };
  },
  form: /^[a-z]+([ -][a-z]+)*\.$/,
  reward: (completion, problem) => exactMatch(completion, problem.answer),
};
