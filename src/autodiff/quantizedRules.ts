// The gradient through a frozen 4-bit matrix (com.microsoft.MatMulNBits), which LoRA on quantised checkpoints
// needs: y = x W^T with W (N, K) in blocks of 4-bit numbers, so dx = d W. The matrix itself gets no gradient.
//
// The operator's bytes are those of an ONNX tensor of type uint4, so W is a DequantizeLinear of the same view:
// ONNX Runtime 1.30 does not fold that into a float matrix, which would take eight times the memory.

import type { GraphBuilder } from '../onnx/builder.ts';
import { int, intOf, type Node } from '../onnx/graph.ts';
import type { Operator } from '../onnx/operators.ts';
import { DataType, type Tensor } from '../onnx/tensor.ts';
import { asMatrix, full, type Rule, refuseGradient } from './rule.ts';

/** Adds a uint4 tensor once, whoever asks for it. */
function nibbles(b: GraphBuilder, name: string, dims: readonly number[], bytes: Tensor['bytes']) {
  return b.tensor(name) ? name : b.initializer(name, { dtype: DataType.uint4, dims, bytes });
}

/** Zero points (N, blocks) without the half byte that pads each row of an odd number of blocks. */
function unpadded(bytes: Tensor['bytes'], n: number, blocks: number): Tensor['bytes'] {
  if (blocks % 2 === 0) return bytes;
  const perRow = (blocks + 1) / 2;
  const packed = new Uint8Array(Math.ceil((n * blocks) / 2));
  for (let i = 0; i < n * blocks; i++) {
    const [row, column] = [Math.floor(i / blocks), i % blocks];
    const byte = bytes[row * perRow + (column >> 1)]!;
    const value = column % 2 === 0 ? byte & 15 : byte >> 4;
    packed[i >> 1]! |= i % 2 === 0 ? value : value << 4;
  }
  return packed;
}

/** (q - zero point) * scale -> (N, K) */
function dequantized(b: GraphBuilder, node: Node, x: readonly string[]): string {
  const [n, k] = [intOf(node, 'N', 0), intOf(node, 'K', 0)];
  const block = intOf(node, 'block_size', 32);
  const blocks = k / block;
  const [weight, scales] = [x[1]!, x[2]!];
  const packed = b.tensor(weight);
  const zeroPoints = x[3] ? b.tensor(x[3]) : undefined;
  if (intOf(node, 'bits', 4) !== 4) refuseGradient(node, 'only 4-bit weights are known');
  if (x[4]) refuseGradient(node, 'its weights are reordered (g_idx)');
  if (!Number.isInteger(blocks)) refuseGradient(node, 'its last block is not full');
  if (packed?.dtype !== DataType.uint8) refuseGradient(node, 'its weights are no constant bytes');
  if (x[3] && zeroPoints?.dtype !== DataType.uint8) {
    refuseGradient(node, 'its zero points are no constant bytes');
  }
  const zeros =
    zeroPoints === undefined
      ? new Uint8Array(Math.ceil((n * blocks) / 2)).fill(0x88)
      : unpadded(zeroPoints.bytes, n, blocks);
  const inputs = [
    nibbles(b, `${weight}.uint4`, [n, k], packed.bytes),
    b.reshape(scales, [n, blocks]),
    nibbles(b, `${weight}.zeros`, [n, blocks], zeros),
  ];
  return b.add('DequantizeLinear', inputs, { axis: int(1), block_size: int(block) });
}

export const quantizedRules = {
  MatMulNBits: ({ b, node, x, y, d, need }) => {
    if (need.some((wanted, i) => wanted && i > 0)) refuseGradient(node, 'its weights are integers');
    const rows = asMatrix(b, full(b, d, b.shape(y[0]!)));
    const dx = b.add('Gemm', [rows, dequantized(b, node, x)]);
    return [b.reshape(dx, b.shape(x[0]!))];
  },
} satisfies Partial<Record<Operator, Rule>>;
