// A state written and read is the same state; a damaged one is refused.
import { expect, test } from 'vitest';
import type { TrainingState } from './trainable.ts';
import { decodeTraining, encodeTraining } from './trainingState.ts';

const three = (...values: number[]) => ({
  weights: Float32Array.from(values),
  mean: Float32Array.from(values, (x) => x / 3),
  square: Float32Array.from(values, (x) => x * x),
});
const state: TrainingState = {
  step: 41,
  tensors: new Map([
    ['wte.weight', three(1, -0, 1e-38, Number.NaN)],
    ['ö', three(2)],
  ]),
};
const saved = { state, meta: { recipe: 'a "name"\n', seconds: 2.5 } };

test('comes back bit for bit', () => {
  expect(decodeTraining(encodeTraining(saved))).toEqual(saved);
  // As Node reads it from a disk: a view into memory that others share.
  expect(decodeTraining(Buffer.from(encodeTraining(saved)))).toEqual(saved);
});

test.each<[string, (bytes: Uint8Array) => Uint8Array, string]>([
  ['nothing', () => new Uint8Array(0), 'does not begin'],
  ['something else', () => new TextEncoder().encode('{"a": 1}\0'), 'does not begin'],
  ['no JSON', () => new TextEncoder().encode('hello\0'), 'does not begin'],
  ['cut short', (bytes) => bytes.subarray(0, -1), 'ends early'],
  ['too long', (bytes) => Uint8Array.of(...bytes, 0), 'longer than it says'],
])('%s is refused', (_, change, text) => {
  expect(() => decodeTraining(change(encodeTraining(saved)))).toThrow(text);
});
