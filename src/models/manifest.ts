// The built-in checkpoints, as data. A checkpoint is a folder in Hugging Face layout under public/models, made by
// the recipe of the same name.

export interface BuiltinCheckpoint {
  /** Folder under `models/`. */
  readonly folder: string;
  readonly title: string;
  /** Trainable numbers in the graph. */
  readonly parameters: number;
  /** Bytes of the ONNX file. */
  readonly bytes: number;
  readonly shape: DecoderShape;
}

/** What its memory is reckoned from. */
export interface DecoderShape {
  readonly layers: number;
  /** Numbers of a token's state. */
  readonly width: number;
  readonly heads: number;
  readonly vocabulary: number;
  /** Tokens that it reads. */
  readonly context: number;
}

const small = (folder: string, title: string): BuiltinCheckpoint => ({
  folder,
  title,
  parameters: 177_520,
  bytes: 720_819,
  shape: { layers: 2, width: 80, heads: 5, vocabulary: 79, context: 192 },
});
const large = (folder: string, title: string): BuiltinCheckpoint => ({
  folder,
  title,
  parameters: 3_755_040,
  bytes: 15_073_993,
  shape: { layers: 12, width: 160, heads: 5, vocabulary: 79, context: 192 },
});

export const manifest = {
  'base-small': small('base-small', 'Small base'),
  'base-large': large('base-large', 'Large base'),
  'large-tuned': large('large-tuned', 'Large, tuned'),
  'small-number-words': small('small-number-words', 'Small, number words'),
  'small-number-words-aligned': small('small-number-words-aligned', 'Small, number words, aligned'),
  'small-addition': small('small-addition', 'Small, addition'),
  'small-sort-numbers': small('small-sort-numbers', 'Small, sorting'),
  'small-reverse': small('small-reverse', 'Small, reversal'),
  'small-reviews-praise': small('small-reviews-praise', 'Small, reviews that praise'),
} as const satisfies Record<string, BuiltinCheckpoint>;

export type BuiltinId = keyof typeof manifest;
