// A decoder as a policy: it writes with the very weights that are being trained, and what it wrote is judged and
// learned from by the training graphs.

import type { Ops } from '../core/ops.ts';
import type {
  Draw,
  Learned,
  Policy,
  PolicySequence,
  Scores,
  Sequence,
  Writing,
} from '../core/policy.ts';
import type { PolicyObjective } from '../core/policyLoss.ts';
import type { Update } from '../core/trainable.ts';
import type { OnnxModel } from './onnxModel.ts';
import { writeCompletions } from './rollout.ts';
import type { Trainable } from './trainable.ts';

export interface PolicyModelOptions {
  readonly temperature: number;
  /** Columns of the logits that name a token. */
  readonly vocab: number;
  readonly ops: Ops;
  /** Called between passes, so that others are heard. */
  readonly between?: () => Promise<void> | void;
}

/** Most rows of a pass that writes; beyond it nothing is gained. */
const MOST_ROWS = 256;
/** Logits of the pass that reads prompts, at most. */
const MOST_READ_BYTES = 256 * 2 ** 20;

export class PolicyModel implements Policy {
  readonly trainable: Trainable;
  readonly #writer: OnnxModel;
  readonly #options: PolicyModelOptions;

  /** @param writer the trainable's own decoder */
  constructor(trainable: Trainable, writer: OnnxModel, options: PolicyModelOptions) {
    this.trainable = trainable;
    this.#writer = writer;
    this.#options = options;
  }

  get contextLength(): number {
    return this.trainable.contextLength;
  }

  get temperature(): number {
    return this.#options.temperature;
  }

  write(draws: readonly Draw[], how: Writing) {
    const { cacheBytes, mostCacheBytes } = this.#writer;
    const longest = Math.max(0, ...draws.map(({ prompt }) => prompt.length)) + how.longest;
    // The cache is there twice while a pass writes the next one; a pass that reads prompts has all of their logits.
    const byCache = Math.floor(mostCacheBytes / (2 * cacheBytes * longest));
    const read = 4 * this.trainable.vocab * (longest - how.longest);
    const byLogits = Math.floor(MOST_READ_BYTES / read);
    const rows = Math.max(1, Math.min(MOST_ROWS, byCache, byLogits));
    return writeCompletions(this.#writer, this.#options.ops, draws, how, {
      ...this.#options,
      rows,
    });
  }

  score(sequences: readonly Sequence[]): Promise<readonly Scores[]> {
    return this.trainable.score(sequences, 'policy');
  }

  scoreReference(sequences: readonly Sequence[]): Promise<readonly Scores[]> {
    return this.trainable.score(sequences, 'reference');
  }

  learn(
    sequences: readonly PolicySequence[],
    objective: PolicyObjective,
  ): Promise<readonly Learned[]> {
    return this.trainable.learn(sequences, objective);
  }

  step(update: Update) {
    return this.trainable.step(update);
  }

  forget(): void {
    this.trainable.forget();
  }

  undo(): void {
    this.trainable.undo();
  }
}
