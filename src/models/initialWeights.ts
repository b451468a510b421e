// Random weights by address: element i of tensor number n under a seed is always the same number, whatever was
// drawn before. Normal by Box and Muller, "A note on the generation of random normal deviates" (1958).

import { threefry2x32 } from '../core/rng.ts';
import { DataType, sizeOf, type Tensor } from '../onnx/tensor.ts';

/** A float32 tensor of N(mean, deviation^2); deviation 0 gives the mean everywhere. */
export function initialWeight(
  dims: readonly number[],
  seed: number,
  stream: number,
  deviation: number,
  mean = 0,
): Tensor {
  const values = new Float32Array(sizeOf(dims)).fill(mean);
  for (let i = 0; deviation > 0 && i < values.length; i += 2) {
    const [a, b] = threefry2x32(seed, stream, i, 0);
    // In (0, 1], so that the logarithm is finite.
    const radius = Math.sqrt(-2 * Math.log((a + 1) * 2 ** -32));
    const angle = 2 * Math.PI * b * 2 ** -32;
    values[i] = mean + deviation * radius * Math.cos(angle);
    if (i + 1 < values.length) values[i + 1] = mean + deviation * radius * Math.sin(angle);
  }
  return { dtype: DataType.float, dims, bytes: new Uint8Array(values.buffer) };
}
