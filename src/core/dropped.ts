// What somebody brought along: files, what each turned out to be, and the checkpoints that they make together. Plain
// data, made where files are read and shown where people are.

/** A file with its path among those that came with it. */
export interface DroppedFile {
  readonly path: string;
  readonly file: Blob;
}

export type FileRole =
  | 'model'
  | 'weights'
  | 'safetensors'
  | 'safetensors index'
  | 'tokenizer'
  | 'tokenizer config'
  | 'special tokens'
  | 'config'
  | 'generation config'
  | 'genai config'
  | 'chat template'
  | 'adapter'
  | 'adapter config'
  | 'examples'
  | 'beside'
  /** Cannot be used, or must not be. */
  | 'refused';

export interface RecognisedFile {
  readonly path: string;
  readonly bytes: number;
  readonly role: FileRole;
  /** What it was taken for: "tokenizer", "ONNX model", "Git LFS pointer, not the file itself". */
  readonly says: string;
  /** What to do about it, where something must be done. */
  readonly remedy?: string;
}

/** One of several files with the same model in other numbers. */
export interface Variant {
  /** Of the model's file. */
  readonly path: string;
  /** `float32`, `float16`, `4 bit` ... as its name says. */
  readonly type: string;
  /** With its external data. */
  readonly bytes: number;
  /** Paths of its external data. */
  readonly data: readonly string[];
  /** External data that it needs and that is not here, by name. */
  readonly missing: readonly string[];
}

/** Files that belong to one model. */
export interface Candidate {
  /** The folder that it was in; '' for loose files. */
  readonly folder: string;
  /** How it would be called. */
  readonly name: string;
  readonly files: readonly RecognisedFile[];
  /** Smallest need first; the first one is what is proposed. */
  readonly variants: readonly Variant[];
  /** Sentences: what must be dropped too. With any of them it cannot be kept yet. */
  readonly missing: readonly string[];
  /** There is none; one may be made instead: a token per byte, or per character. */
  readonly needsTokenizer: boolean;
  /** Tokens that the model tells apart, where a file says it. */
  readonly rows?: number;
  /** No file says how many tokens it can read. */
  readonly needsContext: boolean;
}

/** What was decided about a candidate. */
export interface KeepChoice {
  readonly name: string;
  readonly variant: string;
  /** Made where there is none: a token per byte, or one per character of a text, in its order. */
  readonly tokenizer?:
    | { readonly kind: 'bytes' }
    | { readonly kind: 'characters'; readonly characters: string };
  /** Tokens that the model can read, where no file says it. */
  readonly context?: number;
  /** The hub address that the files came from. */
  readonly source?: string;
}
