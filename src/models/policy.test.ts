// A decoder as a policy, on Node's ONNX Runtime: what it writes does not depend on its neighbours, and what it learns is
// what the objective says, whatever the passes.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadNodeRuntime } from '../../cli/nodeRuntime.ts';
import { modelBytes, tiny } from '../../test/support/ownDecoder.ts';
import { createCpuBackend } from '../backend/cpu.ts';
import type { Draw, PolicySequence, Writing } from '../core/policy.ts';
import { objectiveOf, scalesOf } from '../core/policyVariants.ts';
import { uniforms } from '../core/rng.ts';
import type { Update } from '../core/trainable.ts';
import { createTrainable } from './createTrainable.ts';
import type { OnnxModel } from './onnxModel.ts';
import { OrtTrainable } from './ortTrainable.ts';
import { isShortage, passesOf } from './passes.ts';
import { writeCompletions } from './rollout.ts';
import type { OrtRuntime } from './runtime.ts';
import type { TrainableOptions } from './trainable.ts';

const CONFIG = { contextLength: tiny.context, eos: [2, 9], bos: 1 };
const { ops } = createCpuBackend();
const made: { release(): Promise<void> }[] = [];
let runtime: OrtRuntime;
let writer: OnnxModel;
beforeAll(async () => {
  runtime = await loadNodeRuntime();
  writer = await (await policy()).decoder('own', CONFIG);
  made.unshift(writer);
});
afterAll(async () => {
  for (const one of made) await one.release();
});

async function policy(options: Partial<TrainableOptions> = {}) {
  const one = await OrtTrainable.create(modelBytes(), runtime, {
    contextLength: tiny.context,
    microBatch: 8,
    byReward: { temperature: 1, reference: true },
    ...options,
  });
  made.push(one);
  return one;
}

const HOW: Writing = { longest: 9, temperature: 1, topK: 0, topP: 1, seed: 5, run: 3 };
/** Four prompts of different lengths, three completions each. */
const draws: readonly Draw[] = [
  [1, 30, 7],
  [1, 31],
  [1, 30, 7],
  [1, 40, 41, 42, 43],
].flatMap((prompt, p) => [0, 1, 2].map((sample) => ({ prompt, slot: 256 * p + sample })));
const write = (some: readonly Draw[], how: Partial<Writing> = {}, rows = 64) =>
  writeCompletions(writer, ops, some, { ...HOW, ...how }, { vocab: tiny.vocabulary, rows });

describe('completions', () => {
  it('do not depend on the batch: all at once, in fives, backwards, alone', async () => {
    const all = await write(draws);
    expect(new Set(all.map(({ tokens }) => tokens.join())).size).toBeGreaterThan(8);
    expect(await write(draws, {}, 5)).toEqual(all);
    expect(await write(draws.toReversed())).toEqual(all.toReversed());
    for (const [i, draw] of draws.entries()) expect(await write([draw])).toEqual([all[i]]);
  });

  it('end with a token that ends, or are truncated', async () => {
    const all = await write(draws, { longest: 25 });
    for (const { tokens, truncated } of all) {
      const ends = tokens.map((token) => CONFIG.eos.includes(token));
      expect(ends.slice(0, -1)).not.toContain(true);
      expect(truncated).toBe(!ends.at(-1));
      expect(tokens.length === 25 || !truncated).toBe(true);
    }
    expect(all.some(({ truncated }) => truncated)).toBe(true);
    expect(all.some(({ truncated }) => !truncated)).toBe(true);
  });

  it('never grow beyond what the model can read', async () => {
    const prompt = new Array<number>(tiny.context - 2).fill(30);
    const [one] = await write([{ prompt, slot: 0 }], { longest: 50 });
    expect(one!.tokens.length).toBeLessThanOrEqual(3);
    await expect(write([{ prompt: [...prompt, 1, 1, 1], slot: 0 }])).rejects.toThrow(
      'reads at most',
    );
  });

  it('go on from what stands already, whoever wrote it, and from its end not at all', async () => {
    const [whole] = await write([{ prompt: [1, 30, 7], slot: 4 }]);
    const begun = whole!.tokens.slice(0, 3);
    // The same addresses from the fourth position on.
    expect(await write([{ prompt: [1, 30, 7], begun, slot: 4 }])).toEqual([whole]);
    const ended = { prompt: [1, 30, 7], begun: [50, 2], slot: 4 };
    expect(await write([ended])).toEqual([{ tokens: [50, 2], truncated: false }]);
    const mixed = [
      { prompt: [1, 30, 7], slot: 4 },
      { prompt: [1, 30, 7], begun, slot: 4 },
    ];
    expect(await write(mixed)).toEqual([whole, whole]);
  });

  it('at temperature 0 are the most probable tokens, for all alike', async () => {
    const all = await write(draws, { temperature: 0 });
    expect(all[0]).toEqual(all[1]);
    expect(all[0]).toEqual(all[7]);
    expect(await write(draws, { temperature: 1e-3 })).toEqual(all);
  });
});

/** What was written, with advantages of both signs. */
async function sequences(old?: readonly ArrayLike<number>[]): Promise<PolicySequence[]> {
  const written = await write(draws);
  const next = uniforms(8, 0);
  const scales = scalesOf(
    'dapo',
    written.map(({ tokens }) => tokens.map(() => 1)),
    9,
  );
  return written.map(({ tokens }, i) => {
    const advantage = 4 * next() - 2;
    return {
      prompt: draws[i]!.prompt,
      completion: tokens,
      scales: scales[i]!,
      advantages: tokens.map(() => advantage),
      ...(old && { old: old[i]! }),
    };
  });
}
const OPEN = { epsilon: 0.2, epsilonHigh: 0, delta: 0 };
const plain = objectiveOf('dapo', OPEN);
const UPDATE: Update = {
  learningRate: 1e-3,
  beta1: 0.9,
  beta2: 0.99,
  epsilon: 1e-8,
  weightDecay: 0,
  clip: 0,
};
const far = (a: ReadonlyMap<string, Float32Array>, b: ReadonlyMap<string, Float32Array>) => {
  const size = Math.max(...[...b.values()].flatMap((x) => Array.from(x, Math.abs)));
  return (
    Math.max(
      ...[...b].map(([name, x]) =>
        Math.max(...Array.from(x, (v, i) => Math.abs(v - a.get(name)![i]!))),
      ),
    ) / size
  );
};
const weightsOf = (one: OrtTrainable) => new Map([...one.weights].map(([k, v]) => [k, v.slice()]));

describe('what is learned', () => {
  it('at the first step all ratios are 1, and the gradient is that of A log p', async () => {
    const model = await policy();
    const scored = await model.score(await sequences(), 'policy');
    const all = await sequences(scored.map(({ logProbs }) => logProbs));
    const learned = await model.learn(all, plain);
    for (const { ratios } of learned) {
      for (const ratio of Array.from(ratios)) expect(Math.abs(ratio - 1)).toBeLessThanOrEqual(1e-5);
    }
    const { gradNorm } = await model.step({ ...UPDATE, learningRate: 0 });
    await model.learn(await sequences(), plain);
    expect((await model.step({ ...UPDATE, learningRate: 0 })).gradNorm).toBeCloseTo(gradNorm, 4);
  });

  it('micro-batches, and the order of completions, change nothing but rounding', async () => {
    const scored = await (await policy()).score(await sequences(), 'policy');
    const old = scored.map(({ logProbs }, i) => logProbs.map((x) => x + (i % 3) * 0.2 - 0.2));
    const after: ReadonlyMap<string, Float32Array>[] = [];
    for (const [microBatch, turned] of [
      [64, false],
      [3, false],
      [8, true],
    ] as const) {
      const model = await policy({ microBatch, minColumns: microBatch === 3 ? 20 : 1 });
      const all = await sequences(old);
      await model.learn(turned ? all.toReversed() : all, plain);
      await model.step({ ...UPDATE, epsilon: 1e-2, learningRate: 1 });
      after.push(weightsOf(model));
    }
    expect(far(after[1]!, after[0]!)).toBeLessThanOrEqual(1e-5);
    expect(far(after[2]!, after[0]!)).toBeLessThanOrEqual(1e-5);
  });

  it('no advantage, no gradient; learning rate 0, no change; a real step changes every parameter', async () => {
    const model = await policy();
    const before = weightsOf(model);
    const all = await sequences();
    await model.learn(
      all.map((one) => ({
        ...one,
        advantages: one.advantages.length ? Array.from(one.advantages, () => 0) : [],
      })),
      plain,
    );
    expect((await model.step(UPDATE)).gradNorm).toBe(0);
    expect(weightsOf(model)).toEqual(before);
    await model.learn(all, plain);
    await model.step({ ...UPDATE, learningRate: 0 });
    expect(weightsOf(model)).toEqual(before);
    await model.learn(all, plain);
    await model.step(UPDATE);
    for (const [name, values] of model.weights) expect(values, name).not.toEqual(before.get(name));
  });

  it('the reference stays what it was, and KL to it begins at 0', async () => {
    const model = await policy();
    const all = await sequences();
    const before = await model.score(all, 'reference');
    const held = all.map((one, i) => ({ ...one, reference: before[i]!.logProbs }));
    const objective = { ...plain, beta: 0.1 };
    const first = await model.learn(held, objective);
    for (const { kls } of first) for (const kl of Array.from(kls)) expect(kl).toBeLessThan(1e-9);
    await model.step({ ...UPDATE, learningRate: 1e-2 });
    const later = await model.learn(held, objective);
    expect(Math.max(...later.flatMap(({ kls }) => Array.from(kls)))).toBeGreaterThan(1e-4);
    expect(await model.score(all, 'reference')).toEqual(before);
  });

  it('log-probs and entropies are those at the temperature', async () => {
    const all = await sequences();
    const [warm] = await (await policy({ byReward: { temperature: 2, reference: false } })).score(
      all,
      'policy',
    );
    const reading = writer.decoder(tiny.vocabulary);
    const logits = await reading.logits(
      [...all[0]!.prompt, ...all[0]!.completion],
      all[0]!.prompt.length,
    );
    const { source, layout } = logits as unknown as {
      source: Float32Array;
      layout: { rowStart: number; stride: number };
    };
    all[0]!.completion.forEach((token, t) => {
      const from = (layout.rowStart + t) * layout.stride;
      const x = Array.from(source.subarray(from, from + tiny.vocabulary), (v) => v / 2);
      const sum = x.reduce((s, v) => s + Math.exp(v), 0);
      const entropy = x.reduce((s, v) => s - (Math.exp(v) / sum) * (v - Math.log(sum)), 0);
      expect(Math.abs(warm!.logProbs[t]! - (x[token]! - Math.log(sum)))).toBeLessThanOrEqual(1e-5);
      expect(Math.abs(warm!.entropies[t]! - entropy)).toBeLessThanOrEqual(1e-5);
    });
  });

  it('a gradient that is no number, or far too long, is not followed, and the tensor is named', async () => {
    const model = await policy();
    const before = weightsOf(model);
    const all = await sequences();
    const bad = all.map((one) => ({
      ...one,
      advantages: Array.from(one.advantages, () => Number.NaN),
    }));
    await model.learn(bad, plain);
    const report = await model.step(UPDATE);
    expect(report.applied).toBe(false);
    expect([...model.weights.keys()]).toContain(report.tensor);
    await model.learn(all, plain);
    const spike = await model.step({ ...UPDATE, limit: 1e-6 });
    expect(spike).toMatchObject({ applied: false, tensor: expect.any(String) });
    expect(spike.gradNorm).toBeGreaterThan(1e-6);
    expect(weightsOf(model)).toEqual(before);
  });
});

describe('memory that is short', () => {
  const rows = Array.from({ length: 7 }, (_, i) => ({
    tokens: new Array<number>(i + 1).fill(1),
    targets: new Array<number>(i + 1).fill(1),
    weights: new Array<number>(i + 1).fill(0),
  }));
  it('halves the passes until they fit, says so, and stays there', async () => {
    const said: number[] = [];
    const made: (readonly number[])[] = [];
    const passes = passesOf({ microBatch: 8, onSmaller: (size) => said.push(size) });
    const run = async (numbers: readonly number[]) => {
      if (numbers.length > 2) throw new Error('std::bad_alloc');
      made.push(numbers);
    };
    await passes.each(rows, run);
    expect(made.flat().sort()).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(said).toEqual([4, 2]);
    await passes.each(rows, run);
    expect(said).toEqual([4, 2]);
  });
  it('a single row that does not fit is told with its length', async () => {
    const passes = passesOf({ microBatch: 8 });
    const failing = passes.each(rows, () => Promise.reject(new Error('std::bad_alloc')));
    await expect(failing).rejects.toMatchObject({
      code: 'runtime',
      message: expect.stringContaining('a pass of one row of 1 tokens'),
      remedy: expect.stringContaining('shorter completions'),
    });
  });
  it('a model that does not fit is told with what it takes', async () => {
    const full: OrtRuntime = {
      ...runtime,
      createSession: () => Promise.reject(new RangeError('Array buffer allocation failed')),
    };
    const options = { contextLength: tiny.context };
    await expect(createTrainable(modelBytes(), full, options)).rejects.toMatchObject({
      code: 'runtime',
      message: expect.stringMatching(/the optimiser take about \d+ MiB/),
      remedy: expect.stringContaining('LoRA'),
    });
  });
  it('and other failures are what they are', async () => {
    const passes = passesOf({ microBatch: 8 });
    const failing = passes.each(rows, () => Promise.reject(new Error('no such operator')));
    await expect(failing).rejects.toThrow('no such operator');
    expect(isShortage(new Error('RangeError: Out of memory'))).toBe(true);
  });
});
