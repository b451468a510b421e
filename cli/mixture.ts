// Examples for training and problems for measuring, out of a recipe's mixture of tasks.

import type { Example } from '../src/algorithms/sft.ts';
import { uniform } from '../src/core/rng.ts';
import type { Problem, Task } from '../src/core/task.ts';
import type { Tokenizer } from '../src/models/tokenizer.ts';
import { tasks } from '../src/tasks/index.ts';
import type { Recipe } from './recipe.ts';

/** Problems are drawn with this added to the recipe's seed, so that they are not the training examples. */
const HELD_OUT = 1_000_003;

export interface Mixture {
  /** Example number i of the training stream. */
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
  const draw = (seed: number, index: number) => {
    let left = total * uniform({ seed, run: index, step: 0, row: 1 });
    const chosen = recipe.tasks.find(({ share }) => {
      left -= share;
      return left < 0;
    });
    const { task, difficulty } = (chosen ?? recipe.tasks.at(-1)) as Recipe['tasks'][number];
    return toExample(tasks[task].problem(seed, index, difficulty));
  };
  const other = recipe.seed + HELD_OUT;
  return {
    example: (index) => draw(recipe.seed, index),
    heldOut: (index) => draw(other, index),
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
