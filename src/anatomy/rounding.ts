// Weights rounded to a few bits: to nearest, symmetric about zero, one float32 scale for every 32 numbers in a row
// (the block that ONNX Runtime's MatMulNBits uses by default). b bits give the levels -(2^(b-1) - 1) to 2^(b-1) - 1:
// 255 of them at 8 bits, 15 at 4, 7 at 3 and three at 2. Vectors (norms, biases) stay as they are: they are few.

import type { Bits } from '../core/dials.ts';
import type { Part } from './part.ts';
import { shapeOf } from './tiles.ts';

export const BLOCK = 32;

/** Is it rounded at all? */
export const isRounded = ({ dims }: Pick<Part, 'dims'>): boolean =>
  dims.filter((n) => n > 1).length > 1;

export function rounded(
  values: Float32Array,
  columns: number,
  bits: Bits,
): Float32Array<ArrayBuffer> {
  const levels = 2 ** (bits - 1) - 1;
  const result = new Float32Array(values.length);
  for (let row = 0; row < values.length; row += columns) {
    for (let start = row; start < row + columns; start += BLOCK) {
      const end = Math.min(start + BLOCK, row + columns);
      let largest = 0;
      for (let i = start; i < end; i++) largest = Math.max(largest, Math.abs(values[i]!));
      const scale = Math.fround(largest / levels);
      for (let i = start; i < end; i++) {
        result[i] = scale === 0 ? 0 : Math.round(values[i]! / scale) * scale;
      }
    }
  }
  return result;
}

/** Bytes of all parts at so many bits, scales included. */
export function bytesAt(parts: readonly Part[], bits: Bits): number {
  return parts.reduce((sum, part) => {
    if (bits === 32 || !isRounded(part)) return sum + 4 * part.count;
    const { rows, columns } = shapeOf(part.dims);
    return sum + Math.ceil((part.count * bits) / 8) + 4 * rows * Math.ceil(columns / BLOCK);
  }, 0);
}
