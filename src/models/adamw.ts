// AdamW on plain arrays: what runs where weights are arrays (Node, wasm). Loshchilov and Hutter, "Decoupled weight
// decay regularization" (ICLR 2019), algorithm 2 with a schedule multiplier inside the learning rate.

import type { Update } from '../core/trainable.ts';

export interface AdamWStep
  extends Pick<Update, 'learningRate' | 'beta1' | 'beta2' | 'epsilon' | 'weightDecay'> {
  /** Number of this step, from 1, for bias correction. */
  readonly step: number;
  /** The gradient counts this much (clipping). */
  readonly scale: number;
}

/** One tensor's state; `mean` and `square` are the running moments, zeros before the first step. */
export interface AdamWTensor {
  readonly weights: Float32Array;
  readonly gradient: Float32Array;
  readonly mean: Float32Array;
  readonly square: Float32Array;
}

/** Changes weights and moments in place. */
export function adamw(tensor: AdamWTensor, options: AdamWStep): void {
  const { weights, gradient, mean, square } = tensor;
  const { learningRate, beta1, beta2, epsilon, weightDecay, step, scale } = options;
  const meanCorrection = 1 / (1 - beta1 ** step);
  const squareCorrection = 1 / (1 - beta2 ** step);
  for (let i = 0; i < weights.length; i++) {
    const g = scale * gradient[i]!;
    const m = beta1 * mean[i]! + (1 - beta1) * g;
    const v = beta2 * square[i]! + (1 - beta2) * g * g;
    mean[i] = m;
    square[i] = v;
    const direction = (m * meanCorrection) / (Math.sqrt(v * squareCorrection) + epsilon);
    const w = weights[i]!;
    weights[i] = w - learningRate * (direction + weightDecay * w);
  }
}

/** Euclidean norm over all tensors together. */
export function globalNorm(tensors: Iterable<Float32Array>): number {
  let sum = 0;
  for (const tensor of tensors) for (let i = 0; i < tensor.length; i++) sum += tensor[i]! ** 2;
  return Math.sqrt(sum);
}

/** The tensor with the first number that is not finite; if there is none, the one with the largest norm. */
export function worst(
  tensors: readonly { readonly name: string; readonly gradient: Float32Array }[],
): string | undefined {
  const norms = tensors.map(({ gradient }) => globalNorm([gradient]));
  const bad = norms.findIndex((norm) => !Number.isFinite(norm));
  return tensors[bad >= 0 ? bad : norms.indexOf(Math.max(...norms))]?.name;
}
