// The gradient through a frozen 4-bit matrix (com.microsoft.MatMulNBits), which LoRA on quantised checkpoints
// needs: y = x W^T with W (N, K) in blocks of 4-bit numbers, so dx = d W. The matrix itself gets no gradient.

import type { GraphBuilder } from '../onnx/builder.ts';
import { product } from '../onnx/dim.ts';
import { int, intOf, type Node } from '../onnx/graph.ts';
import type { Operator } from '../onnx/operators.ts';
import { DataType } from '../onnx/tensor.ts';
import { asMatrix, full, type Rule, refuseGradient } from './rule.ts';

/** Two 4-bit numbers per byte, low half first: (..., n) bytes -> (..., 2 n) floats. */
function nibbles(b: GraphBuilder, bytes: string, dtype: number): string {
  const shape = b.shape(bytes);
  const values = b.cast(bytes, dtype);
  const sixteen = b.scalar(dtype, 16);
  const high = b.add('Floor', [b.add('Div', [values, sixteen])]);
  const low = b.add('Sub', [values, b.add('Mul', [high, sixteen])]);
  const axis = b.ints([shape.length]);
  const pair = [low, high].map((half) => b.add('Unsqueeze', [half, axis]));
  const pairs = b.add('Concat', pair, { axis: int(-1) });
  return b.reshape(pairs, [...shape.slice(0, -1), product([shape.at(-1)!, 2])]);
}

/** (q - zero point) * scale -> (N, K) */
function dequantized(b: GraphBuilder, node: Node, x: readonly string[]): string {
  const [n, k] = [intOf(node, 'N', 0), intOf(node, 'K', 0)];
  const block = intOf(node, 'block_size', 32);
  const blocks = Math.ceil(k / block);
  if (intOf(node, 'bits', 4) !== 4) refuseGradient(node, 'only 4-bit weights are known');
  if (x[4]) refuseGradient(node, 'its weights are reordered (g_idx)');
  const [packed, scales, zeroPoints] = [x[1]!, x[2]!, x[3]];
  const dtype = b.info(scales).dtype;
  const values = b.reshape(nibbles(b, packed, dtype), [n, blocks, block]);
  const paddedBlocks = 2 * Math.ceil(blocks / 2);
  const zero = zeroPoints
    ? b.add('Slice', [
        nibbles(b, b.reshape(zeroPoints, [n, paddedBlocks / 2]), dtype),
        b.ints([0]),
        b.ints([blocks]),
        b.ints([1]),
      ])
    : undefined;
  const shifted = b.add('Sub', [
    values,
    zero === undefined ? b.scalar(dtype, 8) : b.reshape(zero, [n, blocks, 1]),
  ]);
  const scaled = b.add('Mul', [shifted, b.reshape(scales, [n, blocks, 1])]);
  const rows = b.reshape(scaled, [n, blocks * block]);
  return b.add('Slice', [rows, b.ints([0]), b.ints([k]), b.ints([1])]);
}

export const quantizedRules = {
  MatMulNBits: ({ b, node, x, y, d, need }) => {
    if (need.some((wanted, i) => wanted && i > 0)) refuseGradient(node, 'its weights are integers');
    if (b.info(x[1]!).dtype !== DataType.uint8) refuseGradient(node, 'its weights are not bytes');
    const rows = asMatrix(b, full(b, d, b.shape(y[0]!)));
    const dx = b.add('Gemm', [rows, dequantized(b, node, x)]);
    return [b.reshape(dx, b.shape(x[0]!))];
  },
} satisfies Partial<Record<Operator, Rule>>;
