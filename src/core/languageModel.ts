// What an algorithm may know of a language model: tokens go in, rows of logits come out. Where it runs,
// how it caches and how text becomes tokens is nobody's business here.

/** Rows of logits, wherever they are. Free them when done; the model may reuse the memory. */
export interface Logits {
  /** Number of rows; row r predicts one position. */
  readonly rows: number;
  /** Number of columns that count (a padded head is cut to the shared vocabulary). */
  readonly vocab: number;
  dispose(): void;
}

/** Work done so far, counted by the model itself. */
export interface PassCount {
  /** Forward passes. */
  readonly passes: number;
  /** Token positions fed over all passes (all rows of a batch). */
  readonly positions: number;
}

export interface LanguageModel {
  /** Columns of its logits that name a token. */
  readonly vocab: number;
  /** Largest number of tokens a sequence may have. */
  readonly contextLength: number;
  /** Tokens that end a sequence. */
  readonly eos: ReadonlySet<number>;

  /**
   * Rows that predict y[from], y[from + 1], ..., and the token after y's last: `y.length - from + 1`
   * rows. `1 <= from <= y.length`. The model keeps its KV cache and feeds only what it has not read;
   * a y that is shorter or differs is a rollback.
   * @throws UserError 'context' when y is longer than contextLength.
   */
  logits(y: readonly number[], from: number): Promise<Logits>;

  /**
   * One row for each sequence, predicting the token after its last. Sequences may differ in length
   * (left padding); rows are the same as from `logits` on each alone, up to rounding.
   */
  nextLogits(batch: readonly (readonly number[])[]): Promise<Logits>;

  /**
   * Whole continuations of several sequences, judged in one pass: for each sequence the rows that predict y[from],
   * ..., its last token; `longest - from` rows each, sequence after sequence. Of a shorter one the rows beyond its
   * end mean nothing. `1 <= from < longest`. Rows are the same as from `logits` on each alone, up to rounding. The
   * last tokens are not read, so that a later call goes on from there; a batch may hold other rows than the last
   * one, or the same ones in another order.
   */
  batchLogits(batch: readonly (readonly number[])[], from: number): Promise<Logits>;
  /** What a batch costs: bytes of KV cache for each token of each sequence. */
  readonly bytesPerToken: number;
  /** The most bytes that a batch's KV cache can have where the model runs. */
  readonly mostBytes: number;
  /** Passes and positions since the last `reset`. */
  readonly count: PassCount;

  /** Forget everything read (KV cache) and set the counts to zero. */
  reset(): void;
}
