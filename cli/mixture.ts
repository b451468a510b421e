// Examples for training and problems for measuring, out of a recipe's mixture of tasks.

import type { Example } from '../src/algorithms/sft.ts';
import { uniform } from '../src/core/rng.ts';
import type { Problem, Task } from '../src/core/task.ts';
import type { Tokenizer } from '../src/models/tokenizer.ts';
import { tasks } from '../src/tasks/index.ts';
import type { Recipe } from './recipe.ts';

/** Problems are drawn with this added to the recipe's seed, so that they are not the training examples. */
const HELD_OUT = 1_000_003;
/** How far apart the problems are of which the first with enough reward is taken, and how many there are. */
const RETRY = { stride: 2 ** 24, most: 1000 } as const;

export interface Mixture {
  /** Problem number i of the training stream. */
  problem(index: number): Problem;
  /** The same as an example. */
  example(index: number): Example;
  /** Example number i of a stream that training does not see. */
  heldOut(index: number): Example;
  /** What accuracy is measured on: problems that training does not draw, by task. */
  readonly problems: readonly {
    readonly name: string;
    readonly task: Task;
    problem(index: number): Problem;
  }[];
  toExample(problem: Problem): Example;
}

export function mixtureOf(recipe: Recipe, tokenizer: Tokenizer, eos: number): Mixture {
  const total = recipe.tasks.reduce((sum, { share }) => sum + share, 0);
  const toExample = ({ prompt, answer }: Problem): Example => ({
    prompt: tokenizer.encode(prompt),
    completion: [...withoutBos(tokenizer, answer), eos],
  });
  const draw = (seed: number, index: number): Problem => {
    let left = total * uniform({ seed, run: index, step: 0, row: 1 });
    const chosen = recipe.tasks.find(({ share }) => {
      left -= share;
      return left < 0;
    });
    const { task, difficulty, atLeast } = (chosen ??
      recipe.tasks.at(-1)) as Recipe['tasks'][number];
    for (let attempt = 0; attempt < RETRY.most; attempt++) {
      const problem = tasks[task].problem(seed, index + attempt * RETRY.stride, difficulty);
      if (atLeast === undefined) return problem;
      if (tasks[task].reward(problem.answer, problem) >= atLeast) return problem;
    }
    throw new Error(`${task}: no example with a reward of ${atLeast} among ${RETRY.most}`);
  };
  const other = recipe.seed + HELD_OUT;
  return {
    problem: (index) => draw(recipe.seed, index),
    example: (index) => toExample(draw(recipe.seed, index)),
    heldOut: (index) => toExample(draw(other, index)),
    problems: recipe.tasks.map(({ task, difficulty }) => ({
      name: task,
      task: tasks[task],
      problem: (index) => tasks[task].problem(other, index, difficulty),
    })),
    toExample,
  };
}

function withoutBos(tokenizer: Tokenizer, text: string): number[] {
  const ids = tokenizer.encode(text);
  return ids[0] === tokenizer.bos ? ids.slice(1) : ids;
}
