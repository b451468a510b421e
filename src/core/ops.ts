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

/** Speculative sampling's verdict on a draft (METHODS 5.1). */
export interface SpeculativeVerdict {
  /** How many drafted tokens stand. */
  readonly accepted: number;
  /** The token after them, with its probability under the large model's warped distribution. */
  readonly next: Candidate;
  /** p / (lenience q) of each drafted token; it stands if its uniform is below. */
  readonly ratios: Float32Array;
}

export interface SpeculativeDraft {
  readonly tokens: readonly number[];
  /** The small model's logits that each token was drawn from: the first row of each. */
  readonly logits: readonly Logits[];
  /** In [0, 1): one per token, and one for the token after the draft. */
  readonly uniforms: readonly number[];
  /** 1 is exact; below it more is accepted than the large model would have said. */
  readonly lenience: number;
}

/** Most points of an AlphaSearch, over all experts: what a row's sums have room for at the largest vocabularies. */
export const MAX_ALPHA_POINTS = 1024;

/** Which alphas dynamic logits fusion tries (METHODS 4.2 to 4.4): low, low + step, ... for every expert. */
export interface AlphaSearch {
  /**
   * grid: one expert at a time, the first smallest loss wins. refined: then the minimum between the points of the
   * grid, to 1e-5. joint: all combinations.
   */
  readonly kind: 'grid' | 'refined' | 'joint';
  readonly low: number;
  readonly step: number;
  readonly count: number;
}

/** KL of the moved distribution from the original, and the other way round. Nats. */
export interface KlPair {
  readonly there: number;
  readonly back: number;
}

/** What dynamic logits fusion solved at one row. */
export interface SolvedAlphas {
  /** One per expert. */
  readonly alphas: readonly number[];
  readonly loss: number;
  /** fused || large, large || fused */
  readonly moved: KlPair;
  /** Per expert: expert || small, small || expert. */
  readonly wanted: readonly KlPair[];
}

/** large + sum_t alpha_t (expert_t - small) + contrast (large - small), row by row. */
export interface FusionTerms {
  readonly large: Logits;
  readonly small: Logits;
  /** At most three. */
  readonly experts: readonly Logits[];
  readonly alphas: readonly number[] | AlphaSearch;
  readonly contrast?: number;
}

export interface Fusion {
  /** They take the place of the large model's, which are gone; disposing of them frees those. */
  readonly logits: Logits;
  /** One per row, where alphas were solved. */
  readonly solved: readonly SolvedAlphas[];
}

/** Rows of logits and the token that each is asked about; undefined where a row does not count. */
export interface JudgedRows {
  readonly logits: Logits;
  readonly tokens: readonly (number | undefined)[];
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
  /**
   * Draws from every row at once: row r with the uniform at (seed, run, step, slots[r]). A single row may be drawn
   * from by all slots. As `sampleToken` row by row.
   */
  sampleTokens(
    logits: Logits,
    sampling: Sampling,
    address: Omit<DrawAddress, 'row'>,
    slots: readonly number[],
  ): Promise<Candidate[]>;
  /**
   * The rows whose softmax is what sampleToken draws from; dropped tokens become "never". They take the place
   * of the given ones, which are gone; disposing of them frees those. Temperature above 0.
   */
  warp(logits: Logits, sampling: Sampling): Promise<Logits>;
  /**
   * Rows 0..n-1 of the large model's logits judge the n drafted tokens, row n continues after the whole draft;
   * both models' logits are warped alike. Temperature 0 is the limit: a token stands if it is the argmax.
   */
  speculativeVerify(
    logits: Logits,
    draft: SpeculativeDraft,
    sampling: Sampling,
  ): Promise<SpeculativeVerdict>;
  /**
   * Per beam, sum of log p_tuned - sum of log p_untuned over the tokens that the rows are given. Both models' rows go
   * beam after beam, equally many for each beam of a model. Nats; what weak-to-strong search adds to a beam's score.
   */
  chunkScores(tuned: JudgedRows, untuned: JudgedRows, beams: number): Promise<Float32Array>;
  /** @throws UserError 'logits' when a row of any model holds NaN or +Infinity */
  fuse(terms: FusionTerms): Promise<Fusion>;
  /** Bytes copied from the GPU to JavaScript since the ops were made; 0 where there is no GPU. */
  readonly bytesReadBack: number;
}
