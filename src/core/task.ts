// A task makes problems from a seed and knows a right answer when it sees one.

import type { NumberSpec } from './params.ts';

export interface Problem {
  /** What the model reads. */
  readonly prompt: string;
  /** The right completion, in full; of a task that is not verifiable, a good example of one. */
  readonly answer: string;
}

export interface Task {
  readonly title: string;
  /** One sentence: what the model is asked to do. */
  readonly summary: string;
  /** What the difficulty means, and its range. */
  readonly difficulty: NumberSpec;
  /** Problem number `index` of the sequence that `seed` and `difficulty` name; always the same one. */
  problem(seed: number, index: number, difficulty: number): Problem;
  /** One completion is right and all others are wrong; otherwise rewards are graded and `answer` is an example. */
  readonly verifiable: boolean;
  /** What an answer looks like, right or wrong: all of it must match. */
  readonly form: RegExp;
  /** 1 for a right completion, 0 for a wrong one; tasks that are not verifiable grade between. */
  reward(completion: string, problem: Problem): number;
}
