// What a training algorithm may know of a model: gradients of sum_t g_t log p(y_t) for given g_t, and one kind of
// step. Supervised fine-tuning, policy gradients and distillation on sampled tokens differ in g only. Where the
// arithmetic happens, and where gradients and weights live, is nobody's business here: they never come out.

/** One sequence to learn from; the three lists are equally long. */
export interface TokenRow {
  /** What the model reads. */
  readonly tokens: readonly number[];
  /** targets[t] should follow tokens[0..t]; any valid token where the weight is 0. */
  readonly targets: readonly number[];
  /** g_t = dL / d log p(targets[t]); -1 / n for a mean cross-entropy, 0 to leave the token out. */
  readonly weights: readonly number[];
}

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
}

export interface StepReport {
  /** Of the whole gradient, before clipping. */
  readonly gradNorm: number;
  /** False when the norm is not finite: nothing was changed then. */
  readonly applied: boolean;
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
