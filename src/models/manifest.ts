// The built-in checkpoints, as data. A checkpoint is a folder in Hugging Face layout under public/models.

export interface BuiltinCheckpoint {
  /** Folder under `models/`. */
  readonly folder: string;
  readonly title: string;
  /** Trainable numbers in the graph. */
  readonly parameters: number;
  /** Bytes of the ONNX file. */
  readonly bytes: number;
}

export const manifest = {
  'tiny-small': { folder: 'tiny-small', title: 'Tiny small', parameters: 126_592, bytes: 529_708 },
  'tiny-large': {
    folder: 'tiny-large',
    title: 'Tiny large',
    parameters: 846_336,
    bytes: 3_427_464,
  },
} as const satisfies Record<string, BuiltinCheckpoint>;

export type BuiltinId = keyof typeof manifest;
