// Sort numbers: `sort 52 7 31: ` asks for `7 31 52.` Each word of the answer is a search through the prompt, so
// it shows what attention is for.

import { uniforms } from '../core/rng.ts';
import type { Task } from '../core/task.ts';
import { exactMatch } from '../rewards/exactMatch.ts';

export const sortNumbers: Task = {
  title: 'Sorting',
  summary: 'Write numbers from 0 to 99 in ascending order, ending with a full stop.',
  difficulty: {
    kind: 'integer',
    label: 'Numbers',
    meaning: 'Up to this many numbers, at least two; every count is equally likely.',
    min: 2,
    max: 12,
    step: 1,
    default: 4,
  },
  verifiable: true,
  problem(seed, index, difficulty) {
    const next = uniforms(seed, index);
    const count = 2 + Math.floor(next() * (difficulty - 1));
    const numbers = Array.from({ length: count }, () => Math.floor(next() * 100));
    const sorted = numbers.toSorted((a, b) => a - b);
    return { prompt: `sort ${numbers.join(' ')}: `, answer: `${sorted.join(' ')}.` };
  },
  form: /^\d+( \d+)*\.$/,
  reward: (completion, problem) => exactMatch(completion, problem.answer),
};
