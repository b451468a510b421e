// Training where weights are arrays: what must hold of gradients, steps, splits, padding and files, whatever the
// model has learned.
import { readFileSync } from 'node:fs';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { loadNodeRuntime } from '../../cli/nodeRuntime.ts';
import { folderOf, modelBytes, tiny } from '../../test/support/ownCheckpoint.ts';
import { CURVE_OPTIONS, NODE_CURVE, trainingCurve } from '../../test/support/trainingCurve.ts';
import { createCpuBackend } from '../backend/cpu.ts';
import { uniforms } from '../core/rng.ts';
import type { TokenRow, Update } from '../core/trainable.ts';
import { loadCheckpoint } from './checkpoint.ts';
import { OrtTrainable } from './ortTrainable.ts';
import type { OrtRuntime } from './runtime.ts';
import type { TrainableOptions } from './trainable.ts';

const UPDATE: Update = {
  learningRate: 1e-2,
  beta1: 0.9,
  beta2: 0.99,
  epsilon: 1e-8,
  weightDecay: 0.1,
  clip: 1,
};
let runtime: OrtRuntime;
beforeAll(async () => {
  runtime = await loadNodeRuntime();
});
const made: { release(): Promise<void> }[] = [];
afterEach(async () => {
  for (const model of made.splice(0).reverse()) await model.release();
});

async function trainable(
  bytes: Uint8Array<ArrayBuffer> = modelBytes(),
  options: Partial<TrainableOptions> = {},
): Promise<OrtTrainable> {
  const model = await OrtTrainable.create(bytes, runtime, {
    contextLength: tiny.context,
    ...options,
  });
  made.push(model);
  return model;
}

/** Rows of random tokens of different lengths; weights of a mean over all of them, some left out. */
function rows(count = 5, seed = 1): TokenRow[] {
  const next = uniforms(seed, 0);
  const token = () => Math.floor(next() * tiny.vocabulary);
  return Array.from({ length: count }, (_, r) => {
    const length = 4 + ((r * 7) % 11);
    const tokens = Array.from({ length }, token);
    return {
      tokens,
      targets: [...tokens.slice(1), token()],
      weights: tokens.map((_, t) => (t % 4 === 0 ? 0 : -1 / 40)),
    };
  });
}

const lossOf = (batch: readonly TokenRow[], logProbs: readonly Float32Array[]) =>
  batch.reduce(
    (sum, { weights }, r) => sum + weights.reduce((s, g, t) => s + g * logProbs[r]![t]!, 0),
    0,
  );
function relative(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [difference, size] = [0, 0];
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    difference = Math.max(difference, Math.abs(a[i]! - b[i]!));
    size = Math.max(size, Math.abs(b[i]!));
  }
  return difference / size;
}
const copies = (model: OrtTrainable) =>
  new Map([...model.weights].map(([name, values]) => [name, values.slice()]));
async function train(model: OrtTrainable, from: number, to: number): Promise<void> {
  for (let k = from; k < to; k++) {
    await model.accumulate(rows(5, k));
    await model.step(UPDATE);
  }
}

describe('gradients', () => {
  it('are those of finite differences, in the weight of each tensor that matters most', async () => {
    const model = await trainable();
    const batch = rows();
    const { gradients } = await model.gradients(batch);
    const loss = async () => lossOf(batch, (await model.gradients(batch)).logProbs);
    for (const [name, gradient] of gradients) {
      const values = model.weights.get(name)!;
      const at = gradient.reduce(
        (best, g, i) => (Math.abs(g) > Math.abs(gradient[best]!) ? i : best),
        0,
      );
      const before = values[at]!;
      const slope = async (h: number) => {
        values[at] = before + h;
        const above = await loss();
        values[at] = before - h;
        const below = await loss();
        values[at] = before;
        return (above - below) / (2 * h);
      };
      // Richardson: the error of both slopes is a multiple of h^2, and drops out.
      const estimate = (4 * (await slope(2e-3)) - (await slope(4e-3))) / 3;
      const error = Math.abs(estimate - gradient[at]!);
      expect(error, name).toBeLessThanOrEqual(1e-2 * Math.abs(gradient[at]!) + 1e-4);
    }
  });

  it('of a batch split into micro-batches are those of the whole, and so are log-probs', async () => {
    const batch = rows(9);
    const whole = await (await trainable(undefined, { microBatch: 9 })).gradients(batch);
    for (const microBatch of [1, 2, 4]) {
      const split = await (await trainable(undefined, { microBatch })).gradients(batch);
      split.logProbs.forEach((row, r) => {
        expect(relative(row, whole.logProbs[r]!)).toBeLessThanOrEqual(1e-5);
      });
      expect(norm(split.gradients, whole.gradients)).toBeLessThanOrEqual(1e-5);
    }
  });

  it('do not change with padding', async () => {
    const batch = rows();
    const tight = await (await trainable(undefined, { microBatch: 1 })).gradients(batch);
    const padded = await (await trainable(undefined, { minColumns: 32 })).gradients(batch);
    padded.logProbs.forEach((row, r) => {
      expect(row.length).toBe(batch[r]!.tokens.length);
      expect(relative(row, tight.logProbs[r]!)).toBeLessThanOrEqual(1e-5);
    });
    expect(norm(padded.gradients, tight.gradients)).toBeLessThanOrEqual(1e-5);
  });

  it('of rows that do not count are zero', async () => {
    const silent = rows().map((row) => ({ ...row, weights: row.weights.map(() => 0) }));
    const { gradients } = await (await trainable()).gradients(silent);
    for (const gradient of gradients.values()) expect(gradient.every((g) => g === 0)).toBe(true);
  });

  it('are computed for the checkpoints of the page as well', async () => {
    const bytes = readFileSync('public/models/base-small/onnx/model.onnx');
    const model = await trainable(bytes, { contextLength: 256 });
    const { gradients } = await model.gradients(rows());
    for (const [name, gradient] of gradients) {
      expect(
        gradient.some((g) => g !== 0),
        name,
      ).toBe(true);
    }
  });
});

/** Largest relative error over all tensors; of tensors that are zero but for rounding, the absolute one. */
function norm(a: ReadonlyMap<string, Float32Array>, b: ReadonlyMap<string, Float32Array>): number {
  const size = Math.max(
    ...[...b.values()].map((x) => x.reduce((m, y) => Math.max(m, Math.abs(y)), 0)),
  );
  return Math.max(
    ...[...b].map(([name, values]) => {
      const other = a.get(name)!;
      return values.reduce((worst, x, i) => Math.max(worst, Math.abs(x - other[i]!)), 0) / size;
    }),
  );
}

describe('a step', () => {
  it('with learning rate 0 changes no weight, bit for bit', async () => {
    const model = await trainable();
    const before = copies(model);
    await model.accumulate(rows());
    expect((await model.step({ ...UPDATE, learningRate: 0 })).applied).toBe(true);
    expect(copies(model)).toEqual(before);
  });

  it('changes every parameter, and lowers the loss', async () => {
    const model = await trainable();
    const before = copies(model);
    const batch = rows();
    const first = lossOf(batch, await model.accumulate(batch));
    await model.step({ ...UPDATE, learningRate: 1e-3 });
    for (const [name, values] of model.weights) expect(values, name).not.toEqual(before.get(name));
    expect(lossOf(batch, await model.accumulate(batch))).toBeLessThan(first);
  });

  it('is forgotten gradients: accumulating twice counts twice, after a step it starts at nothing', async () => {
    const model = await trainable();
    const still = { ...UPDATE, learningRate: 0 };
    await model.accumulate(rows());
    const once = (await model.step(still)).gradNorm;
    await model.accumulate(rows());
    await model.accumulate(rows());
    expect((await model.step(still)).gradNorm / once).toBeCloseTo(2, 5);
    expect((await model.step(still)).gradNorm).toBe(0);
  });

  it('with a gradient that is no number changes nothing', async () => {
    const model = await trainable();
    const before = await model.state();
    const [first, ...rest] = rows();
    await model.accumulate([{ ...first!, weights: first!.weights.map(() => Number.NaN) }, ...rest]);
    expect((await model.step(UPDATE)).applied).toBe(false);
    expect(await model.state()).toEqual(before);
  });

  it('can be taken back, once', async () => {
    const model = await trainable();
    const beginning = await model.state();
    model.undo();
    expect(await model.state()).toEqual(beginning);
    await train(model, 0, 2);
    const before = await model.state();
    await train(model, 2, 3);
    expect(await model.state()).not.toEqual(before);
    model.undo();
    expect(await model.state()).toEqual(before);
    model.undo();
    expect(await model.state()).toEqual(before);
  });
});

describe('what was trained', () => {
  it('is a file that has the same log-probs, bit for bit, when it is loaded again', async () => {
    const model = await trainable();
    await train(model, 0, 2);
    const again = await trainable(await model.export());
    expect(copies(again)).toEqual(copies(model));
    const batch = rows();
    expect((await again.gradients(batch)).logProbs).toEqual(
      (await model.gradients(batch)).logProbs,
    );
  });

  it('decodes with its cache as it was trained', async () => {
    const model = await trainable();
    await train(model, 0, 2);
    const [row] = rows(1);
    const { logProbs } = await model.gradients([row!]);
    const checkpoint = await loadCheckpoint(folderOf(await model.export()), runtime);
    const ops = createCpuBackend().ops;
    const decoder = checkpoint.model.decoder(checkpoint.vocab);
    for (const [t, target] of row!.targets.entries()) {
      const logits = await decoder.logits(row!.tokens.slice(0, t + 1), t + 1);
      const [logProb] = (await ops.tokenLogProbs(logits, [target])).logProbs;
      expect(Math.abs(logProb! - logProbs[0]![t]!)).toBeLessThanOrEqual(1e-5);
    }
    await checkpoint.release();
  });

  it('decodes while it is being trained, with the weights as they are', async () => {
    const model = await trainable();
    const live = await model.decoder('own', { contextLength: tiny.context, eos: [2], bos: 1 });
    made.push(live);
    const ops = createCpuBackend().ops;
    const decoder = live.decoder(model.vocab);
    for (let step = 0; step < 3; step++) {
      const [row] = rows(1);
      const { logProbs } = await model.gradients([row!]);
      const whole = await decoder.logits([...row!.tokens], 1);
      const read = (await ops.tokenLogProbs(whole, row!.targets)).logProbs;
      expect(relative(read, logProbs[0]!)).toBeLessThanOrEqual(1e-5);
      const again = await decoder.logits([...row!.tokens], row!.tokens.length);
      const last = (await ops.tokenLogProbs(again, row!.targets.slice(-1))).logProbs;
      expect(relative(last, read.slice(-1))).toBeLessThanOrEqual(1e-5);
      await train(model, step, step + 1);
    }
    // What was read is read again after a step, and only then.
    expect(decoder.count.positions).toBe(3 * (rows(1)[0]!.tokens.length + 1));
  });

  it('without any step is the file itself', async () => {
    expect(await (await trainable()).export()).toEqual(modelBytes());
  });

  it('goes on from a saved state as if it had never stopped, bit for bit', async () => {
    const whole = await trainable();
    await train(whole, 0, 6);
    const first = await trainable();
    await train(first, 0, 3);
    const second = await trainable();
    await second.restore(await first.state());
    await train(second, 3, 6);
    expect(await second.state()).toEqual(await whole.state());
  });
});

it('twelve steps follow the curve that other providers are held to', async () => {
  const model = await trainable(modelBytes(), CURVE_OPTIONS);
  const losses = await trainingCurve(model);
  expect(losses).toHaveLength(NODE_CURVE.length);
  losses.forEach((loss, step) => {
    expect(Math.abs(loss - NODE_CURVE[step]!), `${losses}`).toBeLessThanOrEqual(1e-6);
  });
});

describe('what cannot be learned from', () => {
  const row = (tokens: number[]): TokenRow => ({
    tokens,
    targets: tokens,
    weights: tokens.map(() => 0),
  });
  it.each<[string, TokenRow[], string]>([
    [
      'a long row',
      [row([1]), row(new Array<number>(33).fill(1))],
      'Example 2 of the batch has 33 tokens',
    ],
    ['a token beyond the vocabulary', [row([1, 79])], 'has the token 79; the model knows 0 to 78'],
    ['a negative token', [row([-1])], 'has the token -1'],
    ['a row of two lengths', [{ ...row([1]), targets: [1, 2] }], '1 tokens, 2 targets'],
  ])('%s', async (_, batch, text) => {
    await expect((await trainable()).accumulate(batch)).rejects.toThrow(text);
  });

  it('the state of another model', async () => {
    const other = await trainable(modelBytes({ ...tiny, width: 8 }));
    const model = await trainable();
    await expect(model.restore(await other.state())).rejects.toThrow(
      'belongs to a model with other weights',
    );
  });
});
