// Which tokens a model reads and writes, short enough to be known of every checkpoint that is chosen.

export interface Vocabulary {
  /** Tokens, holes not counted. */
  readonly tokens: number;
  /** The same for two checkpoints exactly when every id means the same token to both. */
  readonly fingerprint: string;
  /** It comes with a chat template. */
  readonly chat?: true;
}
