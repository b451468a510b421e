// Rows of logits as the backends see them: a window on memory that somebody else (ONNX Runtime) owns.

import type { Logits } from '../core/languageModel.ts';

/** How rows lie in memory: row r begins at element (rowStart + r * rowStep) * stride. */
export interface LogitsLayout {
  readonly rows: number;
  /** Columns that count. */
  readonly vocab: number;
  /** Columns in memory; a padded head has more than `vocab`. */
  readonly stride: number;
  readonly rowStart: number;
  readonly rowStep: number;
}

export class DeviceLogits implements Logits {
  readonly rows: number;
  readonly vocab: number;
  readonly source: Float32Array | GPUBuffer;
  readonly layout: LogitsLayout;
  readonly #free: (() => void) | undefined;

  /** `free` gives the memory back to its owner; called by `dispose`. */
  constructor(source: Float32Array | GPUBuffer, layout: LogitsLayout, free?: () => void) {
    this.source = source;
    this.layout = layout;
    this.rows = layout.rows;
    this.vocab = layout.vocab;
    this.#free = free;
  }

  dispose(): void {
    this.#free?.();
  }
}
