// AdamW where its answer is known on paper.
import { describe, expect, it } from 'vitest';
import { type AdamWStep, adamw, globalNorm } from './adamw.ts';

const options: AdamWStep = {
  learningRate: 0.1,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 0,
  weightDecay: 0,
  step: 1,
  scale: 1,
};
const tensor = (weights: number[], gradient: number[]) => ({
  weights: Float32Array.from(weights),
  gradient: Float32Array.from(gradient),
  mean: new Float32Array(weights.length),
  square: new Float32Array(weights.length),
});
const expectClose = (actual: Float32Array, expected: readonly number[]) =>
  expected.forEach((x, i) => {
    expect(Math.abs(actual[i]! - x)).toBeLessThanOrEqual(1e-6);
  });

describe('adamw', () => {
  it('moves by the learning rate against the sign of a constant gradient, whatever its size', () => {
    const t = tensor([1, 1, 1], [5, -0.001, 1000]);
    for (let step = 1; step <= 5; step++) adamw(t, { ...options, step });
    expectClose(t.weights, [0.5, 1.5, 0.5]);
  });

  it('decays apart from the gradient: without one, by (1 - rate * decay) a step', () => {
    const t = tensor([2, -3], [0, 0]);
    for (let step = 1; step <= 3; step++) {
      adamw(t, { ...options, epsilon: 1e-8, weightDecay: 0.5, step });
    }
    expectClose(t.weights, [2 * 0.95 ** 3, -3 * 0.95 ** 3]);
  });

  it('remembers: two steps by hand', () => {
    const t = tensor([0], [1]);
    adamw(t, options);
    t.gradient[0] = -2;
    adamw(t, { ...options, step: 2 });
    const mean = (0.9 * 0.1 - 0.1 * 2) / (1 - 0.81);
    const square = (0.999 * 0.001 + 0.001 * 4) / (1 - 0.999 ** 2);
    expectClose(t.weights, [-0.1 - (0.1 * mean) / Math.sqrt(square)]);
  });

  it('scaling the gradient is clipping it', () => {
    const [a, b] = [tensor([1, 2], [3, 4]), tensor([1, 2], [0.6, 0.8])];
    adamw(a, { ...options, epsilon: 1, scale: 1 / globalNorm([a.gradient]) });
    adamw(b, { ...options, epsilon: 1 });
    expectClose(a.weights, [...b.weights]);
  });
});

describe('globalNorm', () => {
  it('is over all tensors together, and not a number if one element is not', () => {
    expect(globalNorm([Float32Array.of(3), Float32Array.of(0, 4)])).toBe(5);
    expect(globalNorm([Float32Array.of(3, Number.NaN)])).toBeNaN();
    expect(globalNorm([])).toBe(0);
  });
});
