// Training in a browser: what must hold of gradients, steps and files on wasm and on a GPU, and that both follow
// Node. Small, because a software adapter is about a hundred times slower than wasm; and with one model for all
// tests, because its programs are compiled at its first passes.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { modelBytes, tiny } from '../../test/support/ownDecoder.ts';
import {
  difference,
  lossOf,
  numbersOf,
  rows,
  train,
  UPDATE,
} from '../../test/support/trainingBatches.ts';
import { CURVE_OPTIONS, NODE_CURVE, trainingCurve } from '../../test/support/trainingCurve.ts';
import { findDevice } from '../backend/device.ts';
import type { TokenRow } from '../core/trainable.ts';
import { createTrainable } from './createTrainable.ts';
import { OnnxModel } from './onnxModel.ts';
import type { OrtRuntime } from './runtime.ts';
import type { Trainable, TrainingState } from './trainable.ts';
import { decodeTraining, encodeTraining } from './trainingState.ts';
import { loadWasmRuntime, loadWebGpuRuntime } from './webRuntime.ts';

const CONFIG = { contextLength: tiny.context, eos: [2], bos: 1 };
let device: GPUDevice;
const runtimes: Partial<Record<OrtRuntime['provider'], OrtRuntime>> = {};
const errors: string[] = [];
beforeAll(async () => {
  const found = await findDevice();
  if (!found.device) throw new Error(`These tests need a WebGPU device: ${found.why}`);
  device = found.device;
  device.addEventListener('uncapturederror', ({ error }) => errors.push(error.message));
  runtimes.webgpu = await loadWebGpuRuntime(device);
  runtimes.wasm = await loadWasmRuntime();
}, 120_000);
afterAll(async () => {
  expect(errors).toEqual([]);
  await runtimes.webgpu?.dispose();
});

describe.each(['wasm', 'webgpu'] as const)('on %s', (provider) => {
  let model: Trainable;
  let beginning: TrainingState;
  const released: { release(): Promise<void> }[] = [];
  const make = (options = {}, bytes = modelBytes()): Promise<Trainable> =>
    createTrainable(bytes, runtimes[provider]!, {
      contextLength: tiny.context,
      microBatch: 2,
      ...options,
    });
  beforeAll(async () => {
    model = await make();
    beginning = await model.state();
  }, 120_000);
  afterEach(async () => {
    for (const other of released.splice(0).reverse()) await other.release();
    await model.restore(beginning);
  });
  afterAll(() => model.release());
  const another = async (options = {}, bytes = modelBytes()): Promise<Trainable> => {
    const other = await make(options, bytes);
    released.push(other);
    return other;
  };

  it('twelve steps follow Node’s curve', async () => {
    const losses = await trainingCurve(await another(CURVE_OPTIONS));
    losses.forEach((loss, step) => {
      expect(Math.abs(loss - NODE_CURVE[step]!), `step ${step + 1}`).toBeLessThanOrEqual(1e-5);
    });
  });

  it('a head that runs for some positions at a time has the gradients of the whole', async () => {
    // Seven positions of logits at a time: less than a row of eight.
    const cut = await another({ logitsBytes: 4 * tiny.vocabulary * 7 });
    for (const batch of [rows(), rows(2, 4)]) {
      const [whole, parts] = [await model.gradients(batch), await cut.gradients(batch)];
      expect(difference(parts.logProbs, whole.logProbs)).toBeLessThanOrEqual(1e-5);
      expect([...parts.gradients.keys()]).toEqual([...whole.gradients.keys()]);
      expect(difference(parts.gradients.values(), whole.gradients.values())).toBeLessThanOrEqual(
        1e-5,
      );
    }
  });

  it('gradients of a batch split into micro-batches are those of the whole', async () => {
    const whole = await (await another({ microBatch: 5 })).gradients(rows());
    const split = await model.gradients(rows());
    expect(split.logProbs.map((row) => row.length)).toEqual(rows().map((r) => r.tokens.length));
    expect(difference(split.logProbs, whole.logProbs)).toBeLessThanOrEqual(1e-5);
    expect(difference(split.gradients.values(), whole.gradients.values())).toBeLessThanOrEqual(
      1e-5,
    );
  });

  it('gradients do not change with padding, and rows that do not count have none', async () => {
    const padded = await another({ minColumns: 12 });
    const [tight, wide] = [await model.gradients(rows()), await padded.gradients(rows())];
    expect(difference(wide.logProbs, tight.logProbs)).toBeLessThanOrEqual(1e-5);
    expect(difference(wide.gradients.values(), tight.gradients.values())).toBeLessThanOrEqual(1e-5);
    const silent = rows().map((row) => ({ ...row, weights: row.weights.map(() => 0) }));
    for (const gradient of (await model.gradients(silent)).gradients.values()) {
      expect(gradient.every((g) => g === 0)).toBe(true);
    }
  });

  it('a step with learning rate 0 changes no weight, bit for bit', async () => {
    await model.accumulate(rows());
    const report = await model.step({ ...UPDATE, learningRate: 0 });
    expect(report.applied).toBe(true);
    expect(model.steps).toBe(1);
    const after = await model.state();
    for (const [name, { weights, mean }] of after.tensors) {
      expect(weights, name).toEqual(beginning.tensors.get(name)!.weights);
      expect(mean.some((m) => m !== 0)).toBe(true);
    }
  });

  it('a step changes every parameter and lowers the loss; undo takes it back, once', async () => {
    await train(model, 0, 1);
    const before = await model.state();
    const batch = rows();
    const first = lossOf(batch, await model.accumulate(batch));
    await model.step({ ...UPDATE, learningRate: 1e-3 });
    const after = await model.state();
    for (const [name, { weights }] of after.tensors) {
      expect(weights, name).not.toEqual(before.tensors.get(name)!.weights);
    }
    expect(lossOf(batch, (await model.gradients(batch)).logProbs)).toBeLessThan(first);
    for (let times = 0; times < 2; times++) {
      model.undo();
      expect(await model.state()).toEqual(before);
    }
    expect(lossOf(batch, (await model.gradients(batch)).logProbs)).toBe(first);
  });

  it('accumulating twice counts twice; what is forgotten, and what was stepped on, does not count', async () => {
    const still = { ...UPDATE, learningRate: 0 };
    await model.accumulate(rows());
    const once = (await model.step(still)).gradNorm;
    await model.accumulate(rows());
    model.forget();
    await model.accumulate(rows());
    await model.accumulate(rows());
    expect((await model.step(still)).gradNorm / once).toBeCloseTo(2, 5);
    expect((await model.step(still)).gradNorm).toBe(0);
  });

  it('a gradient that is no number changes nothing, and undo still goes back a step', async () => {
    await train(model, 0, 1);
    const before = await model.state();
    const [first, ...rest] = rows();
    await model.accumulate([{ ...first!, weights: first!.weights.map(() => Number.NaN) }, ...rest]);
    expect((await model.step(UPDATE)).applied).toBe(false);
    expect(await model.state()).toEqual(before);
    model.undo();
    expect(await model.state()).toEqual(beginning);
    await model.accumulate(rows());
    expect((await model.step(UPDATE)).applied).toBe(true);
  });

  it('weights that are no numbers give log-probs that are none, and no step', async () => {
    const tensors = new Map(beginning.tensors);
    const [name, tensor] = [...tensors][0]!;
    tensors.set(name, { ...tensor, weights: tensor.weights.map(() => Number.NaN) });
    await model.restore({ step: 0, tensors });
    const logProbs = await model.accumulate(rows());
    expect(lossOf(rows(), logProbs)).toBeNaN();
    expect((await model.step(UPDATE)).applied).toBe(false);
  });

  it('goes on from a saved state as if it had never stopped, bit for bit', async () => {
    await train(model, 0, 4);
    const whole = await model.state();
    await model.restore(beginning);
    await train(model, 0, 2);
    const bytes = encodeTraining({ state: await model.state(), meta: {} });
    await model.restore(beginning);
    await model.restore(decodeTraining(bytes).state);
    await train(model, 2, 4);
    expect(await model.state()).toEqual(whole);
    const other = await another({ contextLength: 8 }, modelBytes({ ...tiny, width: 8 }));
    await expect(model.restore(await other.state())).rejects.toThrow('with other weights');
  });

  it('a state of the other provider goes on, equal up to rounding', async () => {
    const other = runtimes[provider === 'wasm' ? 'webgpu' : 'wasm']!;
    const there = await createTrainable(modelBytes(), other, {
      contextLength: tiny.context,
      microBatch: 2,
    });
    released.push(there);
    await train(there, 0, 1);
    const state = await there.state();
    await model.restore(state);
    expect(await model.state()).toEqual(state);
    const [here, beyond] = [await model.gradients(rows()), await there.gradients(rows())];
    expect(difference(here.logProbs, beyond.logProbs)).toBeLessThanOrEqual(1e-5);
    expect(difference(here.gradients.values(), beyond.gradients.values())).toBeLessThanOrEqual(
      1e-5,
    );
  });

  it('decodes with the weights as they are, step after step, as the exported file does', async () => {
    const live = await model.decoder('in training', CONFIG);
    released.push(live);
    const decoder = live.decoder(tiny.vocabulary);
    const y = [1, 40, 41, 7, 12];
    /** Of a model that begins afresh with the file. */
    const reloaded = async () => {
      const bytes = await model.export();
      const file = await OnnxModel.create('mine', 'mine.onnx', CONFIG, runtimes[provider]!, bytes);
      const numbers = await numbersOf(device, await file.decoder(tiny.vocabulary).logits(y, 2));
      await file.release();
      return numbers;
    };
    const untrained = await numbersOf(device, await decoder.logits(y, 2));
    expect(difference([untrained], [await reloaded()])).toBeLessThanOrEqual(1e-5);
    await train(model, 0, 1);
    // The decoder has read y with other weights; what it remembers of that is not used.
    const once = await numbersOf(device, await decoder.logits(y, 2));
    expect(difference([once], [untrained])).toBeGreaterThan(1e-3);
    expect(difference([once], [await reloaded()])).toBeLessThanOrEqual(1e-5);
    expect(decoder.count.positions).toBe(2 * y.length);
    const next = await numbersOf(device, await decoder.nextLogits([y.slice(0, 3), y.slice(0, 2)]));
    const stride = tiny.vocabulary;
    expect(
      difference([next.subarray(0, stride)], [once.subarray(stride, 2 * stride)]),
    ).toBeLessThanOrEqual(1e-5);
    model.undo();
    expect(difference([await numbersOf(device, await decoder.logits(y, 2))], [untrained])).toBe(0);
  });

  it('what was trained is a file that has the same log-probs when it is loaded again', async () => {
    await train(model, 0, 1);
    const again = await another({}, await model.export());
    const [before, after] = [await model.state(), await again.state()];
    for (const [name, { weights }] of after.tensors) {
      expect(weights, name).toEqual(before.tensors.get(name)!.weights);
    }
    expect((await again.gradients(rows())).logProbs).toEqual(
      (await model.gradients(rows())).logProbs,
    );
  });

  it('refuses what the model cannot read', async () => {
    const row = (token: number, length = 1): TokenRow => {
      const tokens = new Array<number>(length).fill(token);
      return { tokens, targets: tokens, weights: tokens.map(() => 0) };
    };
    await expect(model.accumulate([row(79)])).rejects.toThrow('has the token 79');
    await expect(model.accumulate([row(1, 33)])).rejects.toThrow('has 33 tokens');
  });
});

describe('on the GPU', () => {
  it('nothing comes home but log-probs and the norm, and buffers do not pile up', async () => {
    const model = await createTrainable(modelBytes(), runtimes.webgpu!, {
      contextLength: tiny.context,
      microBatch: 2,
    });
    const counts = { alive: 0, mapped: 0 };
    const { mapAsync, destroy } = GPUBuffer.prototype;
    const { createBuffer } = device;
    device.createBuffer = (descriptor) => {
      counts.alive++;
      return createBuffer.call(device, descriptor);
    };
    GPUBuffer.prototype.destroy = function () {
      counts.alive--;
      return destroy.call(this);
    };
    GPUBuffer.prototype.mapAsync = function (mode, offset, size) {
      if (mode === GPUMapMode.READ) counts.mapped += size ?? this.size - (offset ?? 0);
      return mapAsync.call(this, mode, offset, size);
    };
    const alive: number[] = [];
    const batch = rows(4);
    // Rows of 4 and 5, then of 7 and 8 tokens.
    const positions = 2 * 5 + 2 * 8;
    try {
      await train(model, 0, 3);
      for (let k = 0; k < 6; k++) {
        counts.mapped = 0;
        await model.accumulate(batch);
        await model.step(UPDATE);
        // Log-prob, loss and entropy of every position; norm, factor, and whether and where it is no number.
        expect(counts.mapped).toBe(12 * positions + 16);
        alive.push(counts.alive);
      }
    } finally {
      device.createBuffer = createBuffer;
      Object.assign(GPUBuffer.prototype, { mapAsync, destroy });
    }
    expect(alive).toEqual(alive.map(() => alive[0]));
    await model.release();
  });
});
