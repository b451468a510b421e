// The operations on logits of which the papers speak. Backends carry them out (CPU references or WGSL);
// only the small answers come back.

import type { Logits } from './languageModel.ts';
import type { DrawAddress } from './rng.ts';

/** A token and its probability under softmax at temperature 1. */
export interface Candidate {
  readonly token: number;
  /** In [0, 1]. */
  readonly prob: number;
}

/** BiLD's verdict on a draft (METHODS 3.1 and 3.3). */
export interface DraftVerdict {
  /** How many draft tokens stand; equals the draft's length when nothing is rolled back. */
  readonly accepted: number;
  /** The large model's argmax at the first position that does not stand, or after the whole draft. */
  readonly next: Candidate;
  /** Nats, one per draft token: d_j = -log p_large(draft_j). */
  readonly distances: Float32Array;
}

/** How a token is drawn. Filters apply in this order: temperature, top-k, top-p, min-p. */
export interface Sampling {
  /** 0 means greedy. */
  readonly temperature: number;
  /** Keep the k most probable; 0 keeps all. Ties at the border keep the lower ids. */
  readonly topK: number;
  /** Keep the smallest set whose mass reaches p; 1 keeps all. */
  readonly topP: number;
  /** Drop tokens below minP times the largest probability; 0 keeps all. */
  readonly minP: number;
}

export interface TokenLogProbs {
  /** Nats, log p of the given token, one per row. */
  readonly logProbs: Float32Array;
  /** Nats, entropy of the row's distribution, one per row. */
  readonly entropies: Float32Array;
}

/**
 * All of them break ties towards the lowest token id (METHODS 0.5) and throw UserError 'logits' when a
 * row that they look at holds NaN or +Infinity. -Infinity means "never".
 */
export interface Ops {
  /** Most probable token of one row. */
  top1(logits: Logits, row: number): Promise<Candidate>;
  /** The k most probable tokens of one row, most probable first; 1 <= k <= 64. */
  topK(logits: Logits, row: number, k: number): Promise<Candidate[]>;
  /** log p of one given token per row, and each row's entropy. */
  tokenLogProbs(logits: Logits, tokens: readonly number[]): Promise<TokenLogProbs>;
  /**
   * Rows 0..n-1 judge draft[0..n-1]; row n continues after the whole draft. First j with
   * d_j > rollbackThreshold (strict) and argmax_j != draft_j is where the draft is cut. n = 0 gives
   * the argmax of row 0.
   */
  verifyDraft(
    logits: Logits,
    draft: readonly number[],
    rollbackThreshold: number,
  ): Promise<DraftVerdict>;
  /**
   * Draws from one row by inverse CDF in token-id order with the uniform at `address`. `prob` is the
   * token's probability after temperature and filters, renormalised.
   */
  sampleToken(
    logits: Logits,
    row: number,
    sampling: Sampling,
    address: DrawAddress,
  ): Promise<Candidate>;
  /** Bytes copied from the GPU to JavaScript since the ops were made; 0 where there is no GPU. */
  readonly bytesReadBack: number;
}
