// What a training learns from and what it is measured on: a task's own examples, drawn without end, or those of a
// data file, in another order every time around. Number i is always the same one, whoever asks and when.

import type { Example } from '../algorithms/sft.ts';
import { UserError } from '../core/errors.ts';
import { uniforms } from '../core/rng.ts';
import type { Task } from '../core/task.ts';
import { exactMatch } from '../rewards/exactMatch.ts';
import { type Coder, type Text, toTokens } from './toTokens.ts';

/** An example with what it was before it was tokens. */
export interface ReadExample extends Text {
  readonly example: Example;
}

export interface HeldOut extends ReadExample {
  /** 1 for a right answer. */
  reward(answer: string): number;
}

export interface Examples {
  /** Example number i to learn from, from 0, without end. */
  example(index: number): Example;
  /** How many different ones there are; absent for a task, which has no end. */
  readonly distinct?: number;
  /** Held-out example number i, from 0 to `heldOutCount` - 1. */
  heldOut(index: number): HeldOut;
  readonly heldOutCount: number;
  /** One answer is right and all others are wrong; otherwise rewards are graded. */
  readonly verifiable: boolean;
}

/** Held-out examples that the loss is measured on, if there are so many. */
export const LOSS_EXAMPLES = 64;
/** Share of a file that is held out, if that is not more than is asked for. */
const HELD_OUT_SHARE = 0.1;
/**
 * Added to the seed for what is learned from. What is measured on has the seed itself: those are the very problems
 * that evaluate mode asks with this seed.
 */
const LEARNED = 1_000_003;

/** @throws UserError 'data' at the first example that the checkpoint cannot learn from */
export function taskExamples(
  task: Task,
  {
    seed,
    difficulty,
    problems,
  }: { readonly seed: number; readonly difficulty: number; readonly problems: number },
  coder: Coder,
): Examples {
  const read = ({ prompt, completion }: Text): Example => {
    const tokens = toTokens({ prompt, completion }, coder);
    if (!('what' in tokens)) return tokens;
    throw new UserError(
      'data',
      `${coder.name} cannot learn “${task.title}”: of the example “${prompt}${completion}”, ${tokens.what}`,
      'Choose another task, a lower difficulty, or a checkpoint that reads it.',
    );
  };
  return {
    example(index) {
      const { prompt, answer } = task.problem(seed + LEARNED, index, difficulty);
      return read({ prompt, completion: answer });
    },
    heldOut(index) {
      const problem = task.problem(seed, index, difficulty);
      const text = { prompt: problem.prompt, completion: problem.answer };
      return {
        ...text,
        example: read(text),
        reward: (answer) => task.reward(answer, problem),
      };
    },
    heldOutCount: Math.max(problems, LOSS_EXAMPLES),
    verifiable: task.verifiable,
  };
}

/**
 * @param read of the file, repetitions included, in the file's order
 * @throws UserError 'data' when there are not two different ones
 */
export function fileExamples(
  name: string,
  read: readonly ReadExample[],
  { seed, problems }: { readonly seed: number; readonly problems: number },
): Examples {
  const different = distinct(read);
  if (different.length < 2) {
    throw new UserError(
      'data',
      `${name} has ${different.length === 1 ? 'one example' : 'no examples'}; a training needs at least two different ones.`,
      'One is learned from and one is measured on; add more lines.',
    );
  }
  const order = shuffled(different.length, seed, 0);
  const heldOutCount = Math.min(
    Math.ceil(HELD_OUT_SHARE * different.length),
    Math.max(problems, LOSS_EXAMPLES),
  );
  const all = order.map((index) => different[index] as ReadExample);
  const [held, learned] = [all.slice(0, heldOutCount), all.slice(heldOutCount)];
  // Steps ask for one after the other, and never for two rounds ago.
  let round = { number: -1, order: [] as readonly number[] };
  return {
    example(index) {
      const number = Math.floor(index / learned.length);
      if (round.number !== number) {
        round = { number, order: shuffled(learned.length, seed, 1 + number) };
      }
      const place = round.order[index % learned.length] as number;
      return (learned[place] as ReadExample).example;
    },
    distinct: learned.length,
    heldOut(index) {
      const one = held[index] as ReadExample;
      return { ...one, reward: (answer) => exactMatch(answer, one.completion) };
    },
    heldOutCount,
    verifiable: true,
  };
}

/** Each of its kind once, in order. */
export function distinct<T extends Text>(texts: readonly T[]): readonly T[] {
  const seen = new Map<string, T>();
  for (const text of texts) {
    // No two different pairs give the same key: the first length says where the prompt ends.
    const key = `${text.prompt.length} ${text.prompt}${text.completion}`;
    if (!seen.has(key)) seen.set(key, text);
  }
  return [...seen.values()];
}

/** 0 ... length - 1 in an order that (seed, round) decides (Fisher and Yates). */
function shuffled(length: number, seed: number, round: number): readonly number[] {
  const next = uniforms(seed, round);
  const order = Array.from({ length }, (_, i) => i);
  for (let i = length - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1));
    [order[i], order[j]] = [order[j] as number, order[i] as number];
  }
  return order;
}
