// What training by reward may know of a model: it writes completions, says how likely it finds what was written, and
// learns from it. Where it runs, and where its weights and gradients are, is nobody's business here.

import type { PolicyObjective, PolicyTerms, PolicyTokens } from './policyLoss.ts';
import type { StepReport, Update } from './trainable.ts';

/** A completion to be written. */
export interface Draw {
  /** At least one token. */
  readonly prompt: readonly number[];
  /** Tokens that stand already: somebody else's hint. */
  readonly begun?: readonly number[];
  /** Last word of the address of its draws; the others are seed, run, and the position in the completion. */
  readonly slot: number;
}

/** How completions are drawn. */
export interface Writing {
  /** Most tokens of a completion, those that stand already included. */
  readonly longest: number;
  /** 0 takes the most probable tokens. */
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
  readonly seed: number;
  readonly run: number;
}

export interface Written {
  /** With what stood already, and with the token that ends it, if it ended. */
  readonly tokens: readonly number[];
  /** It ran out of room before it ended. */
  readonly truncated: boolean;
}

/** A prompt and what was written after it. All lists of numbers about it are as long as the completion. */
export interface Sequence {
  readonly prompt: readonly number[];
  readonly completion: readonly number[];
}

export interface Scores {
  /** log p of every token at the policy's temperature, nats. */
  readonly logProbs: Float32Array;
  /** Entropy of the distribution that it was one of, nats. */
  readonly entropies: Float32Array;
}

/** What is learned from a completion. */
export interface PolicySequence extends Sequence, PolicyTokens {
  /** log p under the weights as they are, where somebody has just computed them: it spares a pass. */
  readonly current?: ArrayLike<number>;
}

export type Learned = Scores & PolicyTerms;

export interface Policy {
  readonly contextLength: number;
  /** The temperature that log-probs are taken at: the one that it writes with. */
  readonly temperature: number;
  /** Row i is what draw i gives, whatever else is drawn beside it. */
  write(draws: readonly Draw[], how: Writing): Promise<readonly Written[]>;
  score(sequences: readonly Sequence[]): Promise<readonly Scores[]>;
  /** The same under the weights that it began with. */
  scoreReference(sequences: readonly Sequence[]): Promise<readonly Scores[]>;
  /** Adds the gradient of the objective, summed over the sequences, to what was accumulated since the last step. */
  learn(
    sequences: readonly PolicySequence[],
    objective: PolicyObjective,
  ): Promise<readonly Learned[]>;
  /** One step down the accumulated gradient, which is then forgotten. */
  step(update: Update): Promise<StepReport>;
  forget(): void;
  /** Back to before the last step. */
  undo(): void;
}
