// What training by reward learns from and is measured on: a task's endless problems, or the questions of a file, with
// what makes an answer right. Question number i depends on the seed and on i alone.

import { UserError } from '../core/errors.ts';
import type { Parts } from '../core/policyMetrics.ts';
import type { Task } from '../core/task.ts';
import type { Tokenizer } from '../models/tokenizer.ts';
import { CHECKERS, type Check, type Checker, checkOf } from '../rewards/checkers.ts';
import { overlong } from '../rewards/overlong.ts';
import type { JsonLines, LineProblem } from '../tasks/jsonLines.ts';
import { HELD_OUT_SEED, splitOf } from './examples.ts';

export const isChecker = (name: string): name is Checker =>
  (CHECKERS as readonly string[]).includes(name);

export interface Question {
  readonly prompt: readonly number[];
  readonly question: string;
  readonly expected: string;
  /** Before weighting. Whoever did not end is wrong: that truncated answers earn nothing is an assumption. */
  grade(tokens: readonly number[], truncated: boolean): Parts;
}

export interface QuestionSource {
  /** Number i of those that are learned from, without end. */
  exercise(index: number): Question;
  /** Number i of those that are not. */
  heldOut(index: number): Question;
  readonly examples?: number;
  readonly heldOuts?: number;
}

type Texts = Pick<Tokenizer, 'encode' | 'decode'>;

interface Asked {
  readonly prompt: string;
  readonly expected: string;
  readonly right: Check;
  readonly form?: RegExp;
}

function toQuestion(
  texts: Texts,
  { prompt, expected, right, form }: Asked,
  longest: number,
): Question {
  return {
    prompt: texts.encode(prompt),
    question: prompt,
    expected,
    grade(tokens, truncated) {
      const text = texts.decode(tokens);
      const formed = !truncated && (form?.test(text.trim()) ?? true);
      return {
        correctness: truncated ? 0 : right(text),
        format: formed ? 1 : 0,
        length: overlong(tokens.length, longest),
      };
    },
  };
}

/** @param longest most tokens of a completion */
export function taskQuestions(
  task: Task,
  difficulty: number,
  seed: number,
  texts: Texts,
  longest: number,
): QuestionSource {
  const question = (from: number, index: number) => {
    const problem = task.problem(from, index, difficulty);
    const { prompt, answer: expected } = problem;
    const right = (completion: string) => task.reward(completion, problem);
    return toQuestion(texts, { prompt, expected, right, form: task.form }, longest);
  };
  return {
    exercise: (index) => question(seed, index),
    heldOut: (index) => question(seed + HELD_OUT_SEED, index),
  };
}

/** Lines as they can be asked, and what is wrong with the others. */
export interface CheckedLines {
  readonly questions: readonly Asked[];
  readonly prompts: readonly (readonly number[])[];
  readonly problems: readonly LineProblem[];
}

/** @param each is called now and then with the lines done; awaited, so that others get a turn */
export async function checkQuestions(
  { examples, problems }: JsonLines,
  checker: Checker,
  texts: Texts,
  contextLength: number,
  each: (done: number) => Promise<void> | void = () => {},
): Promise<CheckedLines> {
  const questions: Asked[] = [];
  const prompts: (readonly number[])[] = [];
  const wrong = [...problems];
  for (const [number, { line, prompt, completion: expected }] of examples.entries()) {
    if (number % 200 === 199) await each(number);
    const right = checkOf(checker, expected);
    if (typeof right === 'string') {
      wrong.push({ line, what: right });
      continue;
    }
    try {
      const tokens = texts.encode(prompt);
      if (tokens.length > contextLength) {
        const what = `is too long: ${tokens.length} tokens, of which the model reads at most ${contextLength}`;
        wrong.push({ line, what });
        continue;
      }
      questions.push({ prompt, expected, right });
      prompts.push(tokens);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      wrong.push({ line, what: `cannot be read by this model: ${error.message}` });
    }
  }
  return { questions, prompts, problems: wrong.toSorted((a, b) => a.line - b.line) };
}

/** @throws UserError 'data' naming the first line that cannot be used, or when there is nothing to learn from */
export function fileQuestions(
  { questions, problems }: CheckedLines,
  seed: number,
  texts: Texts,
  longest: number,
): QuestionSource {
  const [first] = problems;
  if (first) {
    const others = problems.length - 1;
    const more =
      others === 0 ? '' : ` ${others} more ${others === 1 ? 'line has' : 'lines have'} a problem.`;
    throw new UserError(
      'data',
      `Line ${first.line} of the data file ${first.what}.${more}`,
      'Repair the file and drop it again: one {"prompt": "…", "answer": "…"} per line, and choose how answers are checked.',
    );
  }
  const distinct = [
    ...new Map(questions.map((one) => [`${one.prompt}\0${one.expected}`, one])).values(),
  ];
  if (distinct.length === 0) {
    throw new UserError(
      'data',
      'The data file has no questions.',
      'Put one {"prompt": "…", "answer": "…"} on each line.',
    );
  }
  const { learned, held } = splitOf(distinct.length, seed);
  const asked = (index: number) => toQuestion(texts, distinct[index]!, longest);
  return {
    examples: learned.count,
    heldOuts: held.length,
    exercise: (index) => asked(learned.at(index)),
    heldOut: (index) => asked(held[index % held.length]!),
  };
}
