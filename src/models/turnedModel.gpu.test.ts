// A dial turned where the numbers really are: in the buffers that a runtime reads, on wasm and on a GPU.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { modelBytes, tiny } from '../../test/support/ownDecoder.ts';
import { dissect } from '../anatomy/anatomy.ts';
import { Turned } from '../anatomy/turned.ts';
import { findDevice } from '../backend/device.ts';
import type { Edit } from '../core/dials.ts';
import { readModel } from '../onnx/model.ts';
import { graphFrom } from '../onnx/proto.ts';
import { float32Of } from '../onnx/tensor.ts';
import { Attribution } from './attribution.ts';
import type { OrtRuntime } from './runtime.ts';
import { TurnedModel } from './turnedModel.ts';
import { loadWasmRuntime, loadWebGpuRuntime } from './webRuntime.ts';

const runtimes: Partial<Record<OrtRuntime['provider'], OrtRuntime>> = {};
beforeAll(async () => {
  const { device, why } = await findDevice();
  if (!device) throw new Error(`These tests need a WebGPU device: ${why}`);
  runtimes.webgpu = await loadWebGpuRuntime(device);
  runtimes.wasm = await loadWasmRuntime();
}, 120_000);
afterAll(() => runtimes.webgpu?.dispose());

const shape = { ...tiny, layers: 1 };
const model = readModel(modelBytes(shape));
const { anatomy, normalized } = dissect(graphFrom(model));
const base = new Map(normalized!.parameters.map(({ name, tensor }) => [name, float32Of(tensor)]));
const zero = (target: Edit['target']): Edit => ({
  role: 'small',
  target,
  action: 'zero',
  amount: 0,
});

describe.each(['wasm', 'webgpu'] as const)('%s', (provider) => {
  it('exactly what is addressed changes in the buffers; set back, logits are the same to the bit', async () => {
    const runtime = runtimes[provider]!;
    const config = { contextLength: tiny.context, eos: [2], bos: 1 };
    const source = { model, normalized: normalized! };
    const pair = await TurnedModel.create('tiny', config, runtime, source, base);
    const turned = new Turned(anatomy, base);
    const set = (edits: readonly Edit[]) =>
      pair.write(turned.apply({ bits: 32, edits, seed: 1 }).changed, (name) => turned.values(name));
    const [still, moved] = [pair.untouched.decoder(79), pair.turned.decoder(79)];
    const text = [1, 17, 30];
    const before = await pair.row(still, text);
    expect(await pair.row(moved, text)).toEqual(before);

    const edits = [
      zero({ kind: 'head', layer: 0, index: 1 }),
      zero({ kind: 'row', tensor: 'wte.weight', index: 30 }),
    ];
    for (const edit of edits) {
      set([edit]);
      for (const [name, values] of base) {
        expect(await pair.read(name)).toEqual(turned.values(name));
        const differ = turned.values(name).reduce((n, x, i) => n + (x === values[i] ? 0 : 1), 0);
        if (edit.target.kind === 'row') expect(differ).toBe(name === 'wte.weight' ? tiny.width : 0);
      }
      expect(await pair.row(moved, text)).not.toEqual(before);
    }
    set([]);
    expect(await pair.row(moved, text)).toEqual(before);

    // Differentiated graphs on a GPU have tests of their own; their programs take long to compile here.
    if (provider === 'wasm') {
      const attribution = await Attribution.create(normalized!, runtime);
      const { logit, gradients } = await attribution.gradients(text, 5, pair.tensors);
      expect(Math.abs(logit - before[5]!)).toBeLessThan(1e-3);
      // The logit is linear in the last norm's bias: gradient times change is the change.
      const bias: Edit = {
        role: 'small',
        target: { kind: 'weight', tensor: 'ln_f.bias', index: 3 },
        action: 'set',
        amount: 0.5,
      };
      set([bias]);
      const change = (await pair.row(moved, text))[5]! - before[5]!;
      const expected = gradients.get('ln_f.bias')![3]! * (0.5 - base.get('ln_f.bias')![3]!);
      expect(Math.abs(change / expected - 1)).toBeLessThan(1e-2);
      await attribution.release();
    }
    await pair.release();
  }, 120_000);
});
