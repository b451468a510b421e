// A policy in a browser: what it writes, and what it learns on a GPU is what it learns on wasm. One small decoder for
// all, because on a software adapter every pass is slow.
import { afterAll, beforeAll, expect, it, test } from 'vitest';
import { modelBytes, tiny } from '../../test/support/ownDecoder.ts';
import { createCpuBackend } from '../backend/cpu.ts';
import { findDevice } from '../backend/device.ts';
import { createWebGpuBackend } from '../backend/webgpu.ts';
import type { Draw, Learned, PolicySequence, Written } from '../core/policy.ts';
import type { PolicyObjective } from '../core/policyLoss.ts';
import { objectiveOf, scalesOf } from '../core/policyVariants.ts';
import type { Update } from '../core/trainable.ts';
import { createTrainable } from './createTrainable.ts';
import { PolicyModel } from './policyModel.ts';
import type { OrtRuntime } from './runtime.ts';
import { loadWasmRuntime, loadWebGpuRuntime } from './webRuntime.ts';

const CONFIG = { contextLength: tiny.context, eos: [2, 9], bos: 1 };
const TEMPERATURE = 0.8;
const UPDATE: Update = {
  learningRate: 0,
  beta1: 0.9,
  beta2: 0.99,
  epsilon: 1e-8,
  weightDecay: 0,
  clip: 0,
};
const draws: readonly Draw[] = [
  [1, 30, 7],
  [1, 31],
].flatMap((prompt, p) => [0, 1].map((sample) => ({ prompt, slot: 256 * p + sample })));
const made: { release(): Promise<void> }[] = [];
const policies: PolicyModel[] = [];
/** Positions that the head of the last policy may be run for at a time: less than a sequence. */
const MOST = 3;
/** Those that its logits had. */
const seen: number[] = [];
let written: readonly Written[];
let device: GPUDevice;
const errors: string[] = [];

beforeAll(async () => {
  const found = await findDevice();
  if (!found.device) throw new Error(`These tests need a WebGPU device: ${found.why}`);
  device = found.device;
  device.addEventListener('uncapturederror', ({ error }) => errors.push(error.message));
  const gpu = await loadWebGpuRuntime(device);
  const watched: OrtRuntime = {
    ...gpu,
    async createSession(...given) {
      const session = await gpu.createSession(...given);
      const run = session.run.bind(session);
      session.run = async (feeds: Parameters<typeof run>[0]) => {
        const outputs = await run(feeds);
        const { logits } = outputs;
        // Not of the decoder, which writes with a cache.
        if (logits && !('input_ids' in feeds)) seen.push(logits.size / tiny.vocabulary);
        return outputs;
      };
      return session;
    },
  };
  for (const runtime of [await loadWasmRuntime(), gpu, watched]) {
    const trainable = await createTrainable(modelBytes(), runtime, {
      contextLength: tiny.context,
      microBatch: 4,
      byReward: { temperature: TEMPERATURE, reference: true },
      ...(runtime === watched && { logitsBytes: 4 * MOST * tiny.vocabulary }),
    });
    const writer = await trainable.decoder('own', CONFIG);
    const ops = runtime.device ? createWebGpuBackend(device).ops : createCpuBackend().ops;
    policies.push(
      new PolicyModel(trainable, writer, { temperature: TEMPERATURE, vocab: tiny.vocabulary, ops }),
    );
    made.push(writer, trainable);
  }
}, 120_000);
afterAll(async () => {
  for (const one of made) await one.release();
  expect(errors).toEqual([]);
});

it('writes the same completions on a GPU', async () => {
  const how = { longest: 5, temperature: TEMPERATURE, topK: 0, topP: 1, seed: 5, run: 3 };
  const [wasm, gpu] = [await policies[0]!.write(draws, how), await policies[1]!.write(draws, how)];
  expect(gpu).toEqual(wasm);
  written = wasm;
});

function sequences(
  old: readonly ArrayLike<number>[],
  more: (i: number) => Partial<PolicySequence> = () => ({}),
) {
  const scales = scalesOf(
    'dapo',
    written.map(({ tokens }) => tokens.map(() => 1)),
    5,
  );
  return written.map(
    ({ tokens }, i): PolicySequence => ({
      prompt: draws[i]!.prompt,
      completion: tokens,
      scales: scales[i]!,
      advantages: tokens.map(() => [1.5, -0.7, 0.4, -1.2][i]!),
      old: old[i]!,
      ...more(i),
    }),
  );
}

const usual = { epsilon: 0.2, epsilonHigh: 0, delta: 0 };
const near = (a: ArrayLike<number>, b: ArrayLike<number>, tolerance: number) => {
  expect(a.length).toBe(b.length);
  for (let i = 0; i < a.length; i++) {
    expect(Math.abs(a[i]! - b[i]!)).toBeLessThanOrEqual(tolerance * Math.max(1, Math.abs(b[i]!)));
  }
};

test.each<[string, PolicyObjective]>([
  ['dapo with KL', { ...objectiveOf('dapo', usual, TEMPERATURE), beta: 0.2 }],
  ['gspo', objectiveOf('gspo', { ...usual, epsilon: 0.05 }, TEMPERATURE)],
])('%s: terms, gradients and norms follow wasm', async (_, objective) => {
  const norms: number[] = [];
  const terms: Awaited<ReturnType<PolicyModel['learn']>>[] = [];
  for (const policy of policies) {
    const scored = await policy.score(
      written.map(({ tokens }, i) => ({ prompt: draws[i]!.prompt, completion: tokens })),
    );
    const old = scored.map(({ logProbs }, i) =>
      logProbs.map((x, t) => x + 0.4 * Math.sin(3 * i + t)),
    );
    const reference = await policy.scoreReference(sequences(old));
    const all = sequences(old, (i) => ({ reference: reference[i]!.logProbs }));
    terms.push(await policy.learn(all, objective));
    norms.push((await policy.step(UPDATE)).gradNorm);
  }
  const [wasm, ...others] = terms;
  const compare = (one: Learned, i: number) => {
    near(one.logProbs, wasm![i]!.logProbs, 1e-4);
    near(one.entropies, wasm![i]!.entropies, 1e-4);
    near(one.ratios, wasm![i]!.ratios, 1e-4);
    near(one.losses, wasm![i]!.losses, 1e-3);
    near(one.weights, wasm![i]!.weights, 1e-3);
    expect(Array.from(one.clips)).toEqual(Array.from(wasm![i]!.clips));
  };
  for (const gpu of others) gpu.forEach(compare);
  expect(Math.abs(norms[1]! / norms[0]! - 1)).toBeLessThan(1e-3);
  // The same arithmetic with the head in pieces.
  expect(Math.abs(norms[2]! / norms[1]! - 1)).toBeLessThan(1e-5);
  // Tokens that share a ratio are judged together, sequence by sequence.
  const longest = Math.max(
    ...written.map(({ tokens }, i) => draws[i]!.prompt.length + tokens.length),
  );
  const most = objective.level === 'sequence' ? longest - 1 : MOST;
  expect(Math.max(...seen.splice(0))).toBe(most);
});

it('names the tensor of a gradient that is too long, and makes no step', async () => {
  const [, gpu] = policies;
  const old = written.map(({ tokens }) => new Float32Array(tokens.length).fill(-3));
  await gpu!.learn(sequences(old), objectiveOf('dapo', usual, TEMPERATURE));
  const report = await gpu!.step({ ...UPDATE, learningRate: 1, limit: 1e-9 });
  expect(report).toMatchObject({ applied: false, tensor: expect.any(String) });
});
