// Every kernel, every hard case: the shader against the reference. Fails, never skips, when there is no
// adapter; NaN fails.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findDevice } from '../backend/device.ts';
import { WebGpuRunner } from '../backend/webgpu.ts';
import { adamw, adamwParams, segmentTable } from './adamw.ts';
import { bruteDraw } from './bruteDraw.ts';
import { BAD, CLIP, gradNorm } from './gradNorm.ts';
import { likely, makeRows, noise } from './hardRows.ts';
import { kernels } from './index.ts';
import { UNIT } from './kept.ts';
import { type Fields, type Kernel, makeOutputs, type Tolerance } from './kernel.ts';
import { sampleToken } from './sampleToken.ts';
import { IGNORED, tokenLoss } from './tokenLoss.ts';

/** Tuned to the device at hand, as in use; and with the kernels' own constants, as on other devices. */
let runner: WebGpuRunner;
let untuned: WebGpuRunner;

beforeAll(async () => {
  const { device, why } = await findDevice();
  if (!device) throw new Error(`no GPU device: ${why}`);
  runner = new WebGpuRunner(device);
  untuned = new WebGpuRunner(device, {});
});
afterAll(() => {
  runner.dispose();
  untuned.dispose();
  runner.device.destroy();
});

/** First element that is out of tolerance, in words; undefined if there is none. */
function disagreement(
  name: string,
  gpu: Uint32Array | Float32Array,
  reference: Uint32Array | Float32Array,
  { absolute, relative }: Tolerance,
): string | undefined {
  if (gpu.length !== reference.length) return `${name} has ${gpu.length} elements`;
  for (let i = 0; i < gpu.length; i++) {
    const [got, wanted] = [gpu[i] as number, reference[i] as number];
    const allowed = gpu instanceof Uint32Array ? 0 : absolute + relative * Math.abs(wanted);
    if (!(Math.abs(got - wanted) <= allowed)) return `${name}[${i}] = ${got}, reference ${wanted}`;
  }
  return undefined;
}

async function compare<I extends Fields, O extends Fields, P extends Fields>(
  on: WebGpuRunner,
  kernel: Kernel<I, O, P>,
  index: number,
): Promise<string[]> {
  const chosen = kernel.cases[index];
  if (!chosen) throw new Error('no such case');
  const { params, inputs } = chosen.make();
  const got = await on.run(kernel, params, inputs); // first: the reference updates some inputs in place
  const wanted = makeOutputs(kernel, params, inputs);
  kernel.reference(inputs, params, wanted);
  return Object.keys(kernel.outputs).flatMap((name) => {
    const key: keyof O = name;
    const tolerance = kernel.tolerances?.[key] ?? kernel.tolerance;
    return disagreement(name, got[key], wanted[key], tolerance) ?? [];
  });
}

for (const [name, kernel] of Object.entries<Kernel>(kernels)) {
  describe(name, () => {
    kernel.cases.forEach(({ why }, index) => {
      test(why, async () => {
        expect(await compare(runner, kernel, index)).toEqual([]);
      });
    });
    if (kernel.constants === undefined) return;
    test('all small cases, with its own constants', async () => {
      for (const [index, { why, make }] of kernel.cases.entries()) {
        const { rows = 0, vocab = 0, words = 0 } = make().params;
        if (Math.max(rows * vocab, words) > 50_000) continue;
        expect([why, ...(await compare(untuned, kernel, index))]).toEqual([why]);
      }
    });
  });
}

test('sampling on the GPU follows the filtered distribution (chi-square)', async () => {
  const probs = [0.02, 0.3, 0.03, 0.25, 0.15, 0.05, 0.2];
  const draws = 1500;
  const row = probs.map(Math.log);
  const filters = {
    temperature: 0.9,
    topK: 5,
    topP: Math.round(0.97 * 2 ** 24),
    minWeight: UNIT / 8,
  };
  // All rows of the call read the same row of logits; each has its own draw.
  const window = { rows: draws, vocab: probs.length, base: 0, pitch: 0 };
  const address = { seed: 3, run: 1, step: 0 };
  const { tokens } = await runner.run(
    sampleToken,
    { ...window, ...filters, ...address },
    { logits: Float32Array.from(row), slots: Uint32Array.from({ length: draws }, (_, r) => r) },
  );
  const expected = bruteDraw(Float32Array.from(row), filters, 0).probs;
  let chi2 = 0;
  expected.forEach((p, id) => {
    const count = tokens.filter((token) => token === id).length;
    if (p === 0) expect(count).toBe(0);
    else chi2 += (count - draws * p) ** 2 / (draws * p);
  });
  expect(chi2).toBeLessThan(23.5); // 4 degrees of freedom, exceeded once in 10,000 seeds
});

test('a training step on the GPU is exact where it must be', async () => {
  const vocab = 300;
  const { logits, window } = makeRows({ why: '', rows: 4, vocab, fill: likely });
  const rows = await runner.run(tokenLoss, window, {
    targets: Uint32Array.of(7, IGNORED, 9, 299),
    weights: Float32Array.of(-0.5, -0.5, 0, -0.25),
    logits,
  });
  // Ignored, and of weight 0: no gradient at all.
  const row = (r: number) => rows.logits.subarray(r * vocab, (r + 1) * vocab);
  expect([row(1), row(2)].every((gradient) => gradient.every((x) => x === 0))).toBe(true);
  expect([rows.logProbs[1], rows.losses[1], rows.entropies[1]]).toEqual([0, 0, 0]);
  expect(rows.logProbs[2]).toBeLessThan(0);
  expect(Math.abs(row(0).reduce((sum, x) => sum + x, 0))).toBeLessThan(1e-6);

  // The order of summation is fixed: the same bits come twice.
  const norm = (gradients: Float32Array) =>
    runner.run(gradNorm, { words: gradients.length, maxNorm: 1 }, { gradients });
  const gradients = rows.logits;
  const [once, twice] = [await norm(gradients), await norm(gradients)];
  expect(once.clip).toEqual(twice.clip);

  // Learning rate 0, or gradients that are no good: the parameters keep their bits, -0 and denormals too.
  const words = gradients.length;
  const parameters = Float32Array.from({ length: words }, (_, i) => noise(1, i) - 0.5);
  parameters.set([-0, 1e-41, -1e-41]);
  const segments = segmentTable([{ first: 0, length: words, decay: true }]);
  const step = async (learningRate: number, given: Float32Array) => {
    const options = { step: 1, learningRate, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
    const { clip, bad } = await norm(given);
    const after = await runner.run(
      adamw,
      adamwParams(segments, words, { ...options, weightDecay: 0.1 }),
      {
        gradients: given,
        segments,
        clip,
        parameters,
        means: new Float32Array(words),
        squares: new Float32Array(words),
      },
    );
    return { clip, bad, ...after };
  };
  const bitsOf = (floats: Float32Array) => new Uint32Array(floats.slice().buffer);
  const idle = await step(0, gradients);
  expect(bitsOf(idle.parameters)).toEqual(bitsOf(parameters));
  expect(idle.means.some((x) => x !== 0)).toBe(true);
  const poisoned = await step(0.1, gradients.with(601, Number.NaN));
  expect([...poisoned.bad]).toEqual([1, 601]);
  expect(poisoned.clip[CLIP.factor]).toBe(0);
  expect(bitsOf(poisoned.parameters)).toEqual(bitsOf(parameters));
  expect(poisoned.means.every((x) => x === 0)).toBe(true);
  const moved = await step(0.1, gradients);
  expect(moved.bad[BAD.flag]).toBe(0);
  expect(bitsOf(moved.parameters)).not.toEqual(bitsOf(parameters));
});

test('what is updated in place in a buffer of the caller stays there', async () => {
  const { device } = runner;
  const { STORAGE, COPY_DST, COPY_SRC } = GPUBufferUsage;
  const { logits, window } = makeRows({ why: '', rows: 2, vocab: 79, fill: likely });
  const inputs = { targets: Uint32Array.of(3, 4), weights: Float32Array.of(-1, -1) };
  const home = await runner.run(tokenLoss, window, { ...inputs, logits });
  const size = logits.byteLength;
  const buffer = device.createBuffer({ size, usage: STORAGE | COPY_DST | COPY_SRC });
  device.queue.writeBuffer(buffer, 0, logits.slice());
  const range = { buffer, offset: 0, size };
  const there = await runner.run(tokenLoss, window, { ...inputs, logits: range });
  expect(there.logits).toHaveLength(0);
  expect(there.losses).toEqual(home.losses);
  const again = await runner.run(
    gradNorm,
    { words: logits.length, maxNorm: 1 },
    { gradients: range },
  );
  const direct = await runner.run(
    gradNorm,
    { words: logits.length, maxNorm: 1 },
    { gradients: home.logits },
  );
  expect(again.clip).toEqual(direct.clip);

  // With all of it there, nothing is read back.
  const before = runner.bytesReadBack;
  const words = logits.length;
  const segments = segmentTable([{ first: 0, length: words, decay: false }]);
  const options = { step: 1, learningRate: 0.1, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
  const params = adamwParams(segments, words, { ...options, weightDecay: 0 });
  const zeros = Array.from({ length: 3 }, () => device.createBuffer({ size, usage: STORAGE }));
  const [parameters, means, squares] = zeros.map((zero) => ({ buffer: zero, offset: 0, size }));
  if (!(parameters && means && squares)) throw new Error('three buffers');
  const clip = Float32Array.of(1, 1);
  const given = { gradients: range, segments, clip, parameters, means, squares };
  expect((await runner.run(adamw, params, given)).parameters).toHaveLength(0);
  expect(runner.bytesReadBack).toBe(before);
  const moved = await runner.run(gradNorm, { words, maxNorm: 1 }, { gradients: parameters });
  // The first step is the learning rate for every parameter that has a gradient.
  expect(Math.abs((moved.clip[CLIP.norm] as number) - 0.1 * Math.sqrt(words))).toBeLessThan(0.02);
  for (const used of [buffer, ...zeros]) used.destroy();
});
