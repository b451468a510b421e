// What a training algorithm may know of a model: gradients of sum_t g_t log p(y_t) for given g_t, and one kind of
// step. Supervised fine-tuning, policy gradients and distillation on sampled tokens differ in g only. Where the
// arithmetic happens, and where gradients and weights live, is nobody's business here: they never come out.

import { UserError } from './errors.ts';

/** One sequence to learn from, or several end to end; the three lists are equally long. */
export interface TokenRow {
  /** What the model reads. */
  readonly tokens: readonly number[];
  /** targets[t] should follow tokens[0..t]; any valid token where the weight is 0. */
  readonly targets: readonly number[];
  /** g_t = dL / d log p(targets[t]); -1 / n for a mean cross-entropy, 0 to leave the token out. */
  readonly weights: readonly number[];
  /**
   * Where the texts of a packed row begin, the first at 0; absent, the row is one text. None attends to another, and
   * the positions of each begin at 0; but a model that is not given positions counts them through the row.
   */
  readonly starts?: readonly number[];
}

/** For a row that no model of this context can read, whoever finds it. `row` counts from 0. */
export const tooLong = (row: number, tokens: number, contextLength: number): UserError =>
  new UserError(
    'context',
    `Example ${row + 1} of the batch has ${tokens} tokens; the model reads at most ${contextLength}.`,
    'Leave out or shorten the example, or choose a model with a longer context.',
  );

/** AdamW (Loshchilov and Hutter, "Decoupled weight decay regularization", 2019) after clipping. */
export interface Update {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Of matrices only; biases and norms are not pulled to zero. */
  readonly weightDecay: number;
  /** Largest norm of the whole gradient; 0 never clips. */
  readonly clip: number;
  /** A gradient that is longer than this is not followed at all; absent: any is. */
  readonly limit?: number;
}

export interface StepReport {
  /** Of the whole gradient, before clipping. */
  readonly gradNorm: number;
  /** False when the norm is not finite, or above the limit: nothing was changed then. */
  readonly applied: boolean;
  /** Where nothing was: the parameter with the first number that is not finite, or with the largest norm. */
  readonly tensor?: string;
}

export interface TrainableModel {
  /** Tokens and targets are below this. */
  readonly vocab: number;
  /** Largest number of tokens in a row. */
  readonly contextLength: number;
  /**
   * Adds the gradient of sum(weights * log p(targets)) to what was accumulated since the last step.
   * Returns log p of every target, row by row, in nats.
   * @throws UserError 'context', 'vocabulary' before anything is computed
   */
  accumulate(rows: readonly TokenRow[]): Promise<readonly Float32Array[]>;
  /** One step down the accumulated gradient, which is then forgotten. */
  step(update: Update): Promise<StepReport>;
  /** Forgets what was accumulated. */
  forget(): void;
  /** Back to the weights and the optimiser state before the last step; further back it does not go. */
  undo(): void;
}
