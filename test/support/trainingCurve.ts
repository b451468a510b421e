// Twelve steps that every provider must make alike: the losses of Node's native library, and how they come about.

import { type Example, sft, sftParams } from '../../src/algorithms/sft.ts';
import { defaultsOf } from '../../src/core/params.ts';
import type { TrainableModel } from '../../src/core/trainable.ts';

/** Rows of two lengths, ten a step: with four rows a pass, gradients of three passes add up. */
const example = (i: number): Example => ({
  prompt: i % 3 === 0 ? [1, 31 + (i % 10), 7] : [1, 31 + (i % 10)],
  completion: [5 + (i % 10), 6 + (i % 10), 2],
});
export const CURVE_OPTIONS = { contextLength: 32, microBatch: 4 } as const;

/** Mean nats per token before each step, of `modelBytes()` on onnxruntime-node. */
export const NODE_CURVE: readonly number[] = [
  4.38541059, 4.31776203, 4.27567546, 4.1149132, 3.948025, 3.75019184, 3.57411163, 3.42120275,
  3.30266668, 3.21921483, 3.17052353, 3.14375669,
];

export async function trainingCurve(model: TrainableModel): Promise<number[]> {
  const params = { ...defaultsOf(sftParams), steps: 12, batch: 10, learningRate: 1e-2, warmup: 4 };
  const losses: number[] = [];
  for await (const event of sft({ model, example, params })) {
    if (event.type === 'step') losses.push(event.loss);
  }
  return losses;
}
