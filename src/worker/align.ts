// BiLD's prediction alignment (Kim et al., section 3.4): a model answers problems, and what it writes is what a small
// one is trained on. Here the answers are made, one after the other; docs/training.md says how they are learned from.
//
// Where we differ: the paper's calibration set is the training set of a benchmark; ours is drawn from the task's
// generator, under a seed that neither an evaluation nor a training's held-out problems are drawn from.

import { algorithms } from '../algorithms/index.ts';
import type { AnyAlgorithm } from '../core/algorithm.ts';
import { UserError } from '../core/errors.ts';
import type { Experiment } from '../experiment/experiment.ts';
import { tasks } from '../tasks/index.ts';
import { checkContext } from './context.ts';
import { generateQuietly, type Stopped } from './generation.ts';
import type { Room } from './room.ts';

/** Added to the experiment's seed. */
export const ALIGNMENT_SEED = 2_000_003;

/** What a model answered: an example for another. */
export interface Answered {
  readonly prompt: string;
  readonly completion: string;
  /** In [0, 1], the task's. */
  readonly reward: number;
  /** It was cut, so it is not how the model ends. */
  readonly cut: boolean;
}

/**
 * Greedy, as BiLD's large model decodes. Returns undefined once `stopped` says so.
 * @param room with a large model
 * @throws UserError 'context', 'logits', 'gpu'
 */
export async function answerOne(
  experiment: Experiment,
  room: Room,
  index: number,
  stopped: Stopped,
): Promise<Answered | undefined> {
  const { seed, difficulty, maxTokens } = experiment;
  const task = tasks[experiment.task];
  const problem = task.problem(seed + ALIGNMENT_SEED, index, difficulty);
  const prompt = room.tokenizer.encode(problem.prompt);
  checkContext(room, ['large'], prompt.length, maxTokens);
  const how = { algorithm: algorithms.greedy as AnyAlgorithm, params: { model: 'large' } };
  const written = await generateQuietly(
    room,
    { ...how, prompt, maxTokens, seed, run: index },
    stopped,
  );
  if (!written) return undefined;
  const { text, reason } = written;
  return {
    prompt: problem.prompt,
    completion: text,
    reward: task.reward(text, problem),
    cut: reason === 'length' || text === '',
  };
}

/** One object a line, as `tasks/jsonLines` reads them; answers that were cut are left out. */
export const toJsonLines = (answers: readonly Answered[]): string =>
  answers
    .filter(({ cut }) => !cut)
    .map(({ prompt, completion }) => `${JSON.stringify({ prompt, completion })}\n`)
    .join('');

/** What one can say of answers of which none can be learned from. */
export const nothingUsable = (asked: number, maxTokens: number): UserError =>
  new UserError(
    'data',
    asked === 0
      ? 'It was stopped before the first answer was complete.'
      : `None of ${asked} answers ended within ${maxTokens} tokens, so there is nothing to learn from.`,
    asked === 0
      ? 'Let it write a few.'
      : 'Raise “Most new tokens”, lower the difficulty, or choose a large model that knows the task.',
  );
