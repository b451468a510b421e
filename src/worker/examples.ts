// What a training learns from and is measured on: a task's endless stream, or the lines of a data file. Example
// number i depends on the seed and on i alone, so a training that goes on needs to know nothing but its step.

import type { Example } from '../algorithms/sft.ts';
import { UserError } from '../core/errors.ts';
import { uniform } from '../core/rng.ts';
import type { Problem, Task } from '../core/task.ts';
import type { Tokenizer } from '../models/tokenizer.ts';
import type { DataLine, JsonLines, LineProblem } from '../tasks/jsonLines.ts';

/** Problems are drawn with this added to the seed, so that they are not the examples that are learned. */
export const HELD_OUT_SEED = 1_000_003;
/** Of a data file: one line in so many is held out, and no more than so many. */
const HELD_OUT = { oneIn: 10, most: 200, least: 10 } as const;

/** Something to ask, and how good an answer is. */
export interface Question extends Problem {
  reward(completion: string): number;
}

export interface ExampleSource {
  /** Number i, without end. */
  example(index: number): Example;
  /** Number i of those that are not learned from. */
  heldOut(index: number): Example;
  question(index: number): Question;
  /** Distinct examples; absent where there is no end to them. */
  readonly examples?: number;
  /** How many are held out; absent where there is no end to them. */
  readonly heldOuts?: number;
}

export function withoutBos(tokenizer: Pick<Tokenizer, 'encode' | 'bos'>, text: string): number[] {
  const ids = tokenizer.encode(text);
  return ids[0] === tokenizer.bos ? ids.slice(1) : [...ids];
}

/** @param eos ends every completion; undefined where the model has none */
export function toExample(
  tokenizer: Pick<Tokenizer, 'encode' | 'bos'>,
  eos: number | undefined,
  { prompt, answer }: Problem,
): Example {
  const completion = withoutBos(tokenizer, answer);
  return {
    prompt: tokenizer.encode(prompt),
    completion: eos === undefined ? completion : [...completion, eos],
  };
}

export function taskSource(
  task: Task,
  difficulty: number,
  seed: number,
  tokenizer: Tokenizer,
  eos: number | undefined,
): ExampleSource {
  const heldOutSeed = seed + HELD_OUT_SEED;
  const example = (from: number, index: number) =>
    toExample(tokenizer, eos, task.problem(from, index, difficulty));
  return {
    example: (index) => example(seed, index),
    heldOut: (index) => example(heldOutSeed, index),
    question(index) {
      const problem = task.problem(heldOutSeed, index, difficulty);
      return { ...problem, reward: (completion) => task.reward(completion, problem) };
    },
  };
}

export interface Tokenized {
  readonly examples: readonly Example[];
  readonly lines: readonly DataLine[];
  readonly problems: readonly LineProblem[];
}

/**
 * @param each is called now and then with the lines done; awaited, so that others get a turn
 */
export async function tokenizeLines(
  { examples, problems }: JsonLines,
  tokenizer: Tokenizer,
  eos: number | undefined,
  contextLength: number,
  each: (done: number) => Promise<void> | void = () => {},
): Promise<Tokenized> {
  const lines: DataLine[] = [];
  const read: Example[] = [];
  const wrong: LineProblem[] = [...problems];
  for (const [number, line] of examples.entries()) {
    if (number % 200 === 199) await each(number);
    try {
      const example = toExample(tokenizer, eos, { prompt: line.prompt, answer: line.completion });
      const tokens = example.prompt.length + example.completion.length;
      if (example.prompt.length === 0) {
        wrong.push({
          line: line.line,
          what: 'has an empty "prompt", and this model needs a first token',
        });
      } else if (tokens - 1 > contextLength) {
        wrong.push({
          line: line.line,
          what: `is too long: ${tokens} tokens, of which the model reads at most ${contextLength + 1}`,
        });
      } else {
        lines.push(line);
        read.push(example);
      }
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      wrong.push({ line: line.line, what: `cannot be read by this model: ${error.message}` });
    }
  }
  return { examples: read, lines, problems: wrong.sort((a, b) => a.line - b.line) };
}

/** @throws UserError 'data' naming the first lines that cannot be used, or when there is nothing to learn from */
export function fileSource(read: Tokenized, seed: number): ExampleSource {
  const { examples, lines, problems } = withoutRepetitions(read);
  const [first] = problems;
  if (first) {
    const others = problems.length - 1;
    const more =
      others === 0 ? '' : ` ${others} more ${others === 1 ? 'line has' : 'lines have'} a problem.`;
    throw new UserError(
      'data',
      `Line ${first.line} of the data file ${first.what}.${more}`,
      'Repair the file and drop it again: one {"prompt": "…", "completion": "…"} per line.',
    );
  }
  if (examples.length === 0) {
    throw new UserError(
      'data',
      'The data file has no examples.',
      'Put one {"prompt": "…", "completion": "…"} on each line.',
    );
  }
  const { learned, held } = splitOf(examples.length, seed);
  return {
    examples: learned.count,
    heldOuts: held.length,
    example: (index) => examples[learned.at(index)]!,
    heldOut: (index) => examples[held[index % held.length]!]!,
    question(index) {
      const { prompt, completion: answer } = lines[held[index % held.length]!]!;
      return { prompt, answer, reward: (completion) => (completion === answer ? 1 : 0) };
    },
  };
}

/** Which of `count` lines are learned from, in which order, and which are held out. */
export function splitOf(count: number, seed: number) {
  const order = shuffled(count, seed, 0);
  const spared =
    count < HELD_OUT.least ? 0 : Math.min(HELD_OUT.most, Math.floor(count / HELD_OUT.oneIn));
  const learned = order.slice(spared);
  // A few lines are too few to spare any: they are measured on what they teach.
  const held = spared === 0 ? learned : order.slice(0, spared);
  let epoch = { number: -1, order: [] as readonly number[] };
  return {
    held,
    learned: {
      count: learned.length,
      /** Number `index`, without end; every epoch has an order of its own. */
      at(index: number): number {
        const number = Math.floor(index / learned.length);
        if (epoch.number !== number) {
          epoch = { number, order: shuffled(learned.length, seed, number + 1) };
        }
        return learned[epoch.order[index % learned.length]!]!;
      },
    },
  };
}

/** A line that occurs again is no other example: it would be learned from and measured on. */
function withoutRepetitions({ examples, lines, problems }: Tokenized): Tokenized {
  const first = new Map<string, number>();
  lines.forEach(({ prompt, completion }, i) => {
    const key = JSON.stringify([prompt, completion]);
    if (!first.has(key)) first.set(key, i);
  });
  const kept = [...first.values()];
  return { problems, examples: kept.map((i) => examples[i]!), lines: kept.map((i) => lines[i]!) };
}

/** 0 .. count - 1 in the order that seed and epoch name (Fisher and Yates). */
function shuffled(count: number, seed: number, epoch: number): number[] {
  const order = Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(uniform({ seed, run: epoch, step: i, row: 2 }) * (i + 1));
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}
