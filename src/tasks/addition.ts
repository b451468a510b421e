// Add two numbers: `add 47+85: ` asks for `132.` Every answer depends on a carry that comes from the right
// while the answer is written from the left: what small models find hard and large ones learn.

import { uniforms } from '../core/rng.ts';
import type { Task } from '../core/task.ts';
import { exactMatch } from '../rewards/exactMatch.ts';

export const addition: Task = {
  title: 'Addition',
  summary: 'Add two whole numbers, ending with a full stop.',
  difficulty: {
    kind: 'integer',
    label: 'Digits',
    meaning:
      'Numbers have up to this many digits; every number below that bound is equally likely.',
    min: 1,
    max: 7,
    step: 1,
    default: 2,
  },
  verifiable: true,
  problem(seed, index, difficulty) {
    const next = uniforms(seed, index);
    const [a, b] = [next(), next()].map((u) => Math.floor(u * 10 ** difficulty));
    return { prompt: `add ${a}+${b}: `, answer: `${a! + b!}.` };
  },
  form: /^\d+\.$/,
  reward: (completion, problem) => exactMatch(completion, problem.answer),
};
