// Every kernel, every hard case: the shader against the reference. Fails, never skips, when there is no
// adapter; NaN fails.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findDevice } from '../backend/device.ts';
import { WebGpuRunner } from '../backend/webgpu.ts';
import { bruteDraw } from './bruteDraw.ts';
import { kernels } from './index.ts';
import { type Fields, type Kernel, makeOutputs, type Tolerance } from './kernel.ts';
import { sampleToken, UNIT } from './sampleToken.ts';

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
  const address = { seed: 3, run: 1, step: 0, row: 0 };
  const { tokens } = await runner.run(
    sampleToken,
    { ...window, ...filters, ...address },
    { logits: Float32Array.from(row) },
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
