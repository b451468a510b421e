// What tests of training have in common: batches, a few steps on them, and how far two sets of numbers are apart.
import { DeviceLogits } from '../../src/backend/logits.ts';
import type { Logits } from '../../src/core/languageModel.ts';
import { uniforms } from '../../src/core/rng.ts';
import type { TokenRow, Update } from '../../src/core/trainable.ts';
import type { Trainable } from '../../src/models/trainable.ts';
import { tiny } from './ownDecoder.ts';

export const UPDATE: Update = {
  learningRate: 1e-2,
  beta1: 0.9,
  beta2: 0.99,
  epsilon: 1e-8,
  weightDecay: 0.1,
  clip: 1,
};

/** Rows of random tokens of different lengths; weights of a mean over all of them, some left out. */
export function rows(count = 5, seed = 1): TokenRow[] {
  const next = uniforms(seed, 0);
  const token = () => Math.floor(next() * tiny.vocabulary);
  return Array.from({ length: count }, (_, r) => {
    const tokens = Array.from({ length: 4 + ((r * 3) % 5) }, token);
    return {
      tokens,
      targets: [...tokens.slice(1), token()],
      weights: tokens.map((_, t) => (t % 4 === 0 ? 0 : -1 / 25)),
    };
  });
}
export const lossOf = (batch: readonly TokenRow[], logProbs: readonly Float32Array[]) =>
  batch.reduce(
    (sum, { weights }, r) => sum + weights.reduce((s, g, t) => s + g * logProbs[r]![t]!, 0),
    0,
  );
export async function train(model: Trainable, from: number, to: number): Promise<void> {
  for (let k = from; k < to; k++) {
    await model.accumulate(rows(5, k));
    await model.step(UPDATE);
  }
}
/** Largest difference over all arrays, as a share of the largest number of all. */
export function difference(a: Iterable<Float32Array>, b: Iterable<Float32Array>): number {
  const flat = (arrays: Iterable<Float32Array>) => [...arrays].flatMap((array) => [...array]);
  const [x, y] = [flat(a), flat(b)];
  if (x.length !== y.length) return Number.NaN;
  const most = (values: number[]) => values.reduce((m, v) => (v <= m ? m : v), 0);
  return most(x.map((v, i) => Math.abs(v - y[i]!))) / most(y.map(Math.abs));
}

async function readBack(device: GPUDevice, source: GPUBuffer): Promise<Float32Array> {
  const usage = GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ;
  const staging = device.createBuffer({ size: source.size, usage });
  const encoder = device.createCommandEncoder();
  encoder.copyBufferToBuffer(source, 0, staging, 0, source.size);
  device.queue.submit([encoder.finish()]);
  await staging.mapAsync(GPUMapMode.READ);
  const data = new Float32Array(staging.getMappedRange().slice(0));
  staging.destroy();
  return data;
}
/** All that counts of some rows of logits; frees them. */
export async function numbersOf(device: GPUDevice, logits: Logits): Promise<Float32Array> {
  if (!(logits instanceof DeviceLogits)) throw new Error('not a model’s logits');
  const { source, layout } = logits;
  const data = source instanceof Float32Array ? source : await readBack(device, source);
  const begin = layout.rowStart * layout.stride;
  const numbers = data.slice(begin, begin + layout.rows * layout.stride);
  logits.dispose();
  return numbers;
}
