// Write a word backwards: `reverse kdifa: ` asks for `afidk.` Nothing but positions matters, so it separates
// models that count from models that guess.

import { uniforms } from '../core/rng.ts';
import type { Task } from '../core/task.ts';
import { exactMatch } from '../rewards/exactMatch.ts';

const A = 'a'.charCodeAt(0);

export const reverse: Task = {
  title: 'Reversal',
  summary: 'Write a string of letters backwards, ending with a full stop.',
  difficulty: {
    kind: 'integer',
    label: 'Letters',
    meaning: 'Strings have up to this many letters, at least two; every length is equally likely.',
    min: 2,
    max: 24,
    step: 1,
    default: 6,
  },
  verifiable: true,
  problem(seed, index, difficulty) {
    const next = uniforms(seed, index);
    const count = 2 + Math.floor(next() * (difficulty - 1));
    const letters = Array.from({ length: count }, () =>
      String.fromCharCode(A + Math.floor(next() * 26)),
    );
    return {
      prompt: `reverse ${letters.join('')}: `,
      answer: `${letters.toReversed().join('')}.`,
    };
  },
  form: /^[a-z]+\.$/,
  reward: (completion, problem) => exactMatch(completion, problem.answer),
};
