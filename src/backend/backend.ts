// The seam: everything above it speaks of operations on logits, everything below it of buffers.

import type { Ops } from '../core/ops.ts';

export interface Backend {
  readonly kind: 'cpu' | 'webgpu';
  readonly ops: Ops;
  dispose(): void;
}
