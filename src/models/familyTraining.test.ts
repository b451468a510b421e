// Every family learns: all of its weights, or adapters beside them. What was learned is in the exported file, and
// nothing else of the file has changed.

import { describe, expect, it } from 'vitest';
import { loadNodeRuntime } from '../../cli/nodeRuntime.ts';
import { type Family, families, familyBytes } from '../../test/families/index.ts';
import { DeviceLogits } from '../backend/logits.ts';
import type { Update } from '../core/trainable.ts';
import { readModel } from '../onnx/model.ts';
import { createTrainable } from './createTrainable.ts';
import type { LoraSettings } from './lora.ts';
import { OnnxModel } from './onnxModel.ts';
import { parseSafetensors } from './safetensors.ts';
import type { TrainableOptions } from './trainable.ts';

const CONTEXT = 48;
const config = { contextLength: CONTEXT, eos: [2], bos: 1 };
const update: Update = {
  learningRate: 0.01,
  beta1: 0.9,
  beta2: 0.99,
  epsilon: 1e-8,
  weightDecay: 0,
  clip: 1,
};
const text = [1, 17, 30, 22, 41, 8, 60, 3];
const row = {
  tokens: text.slice(0, -1),
  targets: text.slice(1),
  weights: text.slice(1).map(() => -1 / (text.length - 1)),
};
const lora: LoraSettings = { rank: 3, alpha: 6, targets: 'all', seed: 5 };

const make = async (family: Family, options: Partial<TrainableOptions> = {}) => {
  const runtime = await loadNodeRuntime();
  const bytes = familyBytes(family, 1);
  const trainable = await createTrainable(bytes, runtime, { contextLength: CONTEXT, ...options });
  return { runtime, bytes, trainable };
};
const lossOf = (logProbs: readonly Float32Array[]) =>
  -logProbs[0]!.reduce((sum, one) => sum + one, 0) / row.tokens.length;

async function logitsOf(model: OnnxModel): Promise<number[]> {
  const logits = await model.decoder(79).logits(text, 1);
  if (!(logits instanceof DeviceLogits)) throw new Error('not on a device');
  return [...(logits.source as Float32Array)];
}
const farthest = (a: readonly number[], b: readonly number[]) =>
  Math.max(...a.map((x, i) => Math.abs(x - (b[i] ?? Number.NaN))));

const cases = families.flatMap((family) => [
  ...(family.includes('int4') ? [] : [[family, undefined] as const]),
  [family, lora] as const,
]);

describe.each(cases)('%s', (family, settings) => {
  it(`${settings ? 'learns with LoRA' : 'learns'}, decodes while it does, and is exported`, async () => {
    const { runtime, bytes, trainable } = await make(family, settings && { lora: settings });
    const live = await trainable.decoder('live', config);
    try {
      const losses: number[] = [];
      for (let step = 0; step < 4; step++) {
        losses.push(lossOf(await trainable.accumulate([row])));
        expect((await trainable.step(update)).applied).toBe(true);
      }
      expect(losses.at(-1)).toBeLessThan(losses[0]! - 0.05);

      const exported = await trainable.export();
      const again = await OnnxModel.create('again', 'again', config, runtime, exported);
      const before = await OnnxModel.create('before', 'before', config, runtime, bytes);
      const [now, kept, then] = [
        await logitsOf(live),
        await logitsOf(again),
        await logitsOf(before),
      ];
      const narrow = family.includes('float16');
      expect(farthest(now, kept)).toBeLessThanOrEqual(narrow ? 0.1 : 1e-4);
      expect(farthest(now, then)).toBeGreaterThan(0.1);
      await again.release();
      await before.release();

      if (settings) expectUntouched(bytes, exported);
    } finally {
      await live.release();
      await trainable.release();
    }
  });
});

/** All tensors but the adapted matrices are the same bytes. */
function expectUntouched(before: Uint8Array<ArrayBuffer>, after: Uint8Array<ArrayBuffer>): void {
  const tensors = new Map(readModel(after).graph!.initializer.map((one) => [one.name, one]));
  let changed = 0;
  for (const old of readModel(before).graph!.initializer) {
    const now = tensors.get(old.name);
    expect(now?.dataType, old.name).toBe(old.dataType);
    if (Buffer.compare(Buffer.from(now!.rawData), Buffer.from(old.rawData)) === 0) continue;
    changed++;
    expect(/(c_|_proj)/.test(old.name), old.name).toBe(true);
    expect(old.dims.length, old.name).toBe(2);
  }
  const quantised = readModel(before).graph!.node.some(({ opType }) => opType === 'MatMulNBits');
  expect(changed > 0).toBe(!quantised);
}

describe('LoRA', () => {
  it('begins as the model it is added to, and only adapters are trained', async () => {
    const [full, adapted] = [await make('llama'), await make('llama', { lora })];
    const before = lossOf(await full.trainable.accumulate([row]));
    const after = lossOf(await adapted.trainable.accumulate([row]));
    expect(Math.abs(before - after)).toBeLessThanOrEqual(1e-6);
    // Rank 3 beside q, k, v, o, gate, up and down.
    const sides = [32 + 64, 32 + 32, 32 + 32, 64 + 32, 32 + 48, 32 + 48, 48 + 32];
    expect(adapted.trainable.size).toBe(3 * sides.reduce((sum, side) => sum + side, 0));
    await full.trainable.release();
    await adapted.trainable.release();
  });

  it.each([
    ['attention', ['q', 'k', 'v', 'o'].map((part) => `self_attn.${part}_proj`)],
    ['queriesValues', ['self_attn.q_proj', 'self_attn.v_proj']],
    ['mlp', ['mlp.gate_proj', 'mlp.up_proj', 'mlp.down_proj']],
  ] as const)('adapts %s, and says so in PEFT’s names', async (targets, modules) => {
    for (const family of ['llama', 'contrib llama', 'contrib llama int4'] as const) {
      const { trainable } = await make(family, { lora: { ...lora, targets } });
      const files = (await trainable.adapter('mine/base'))!;
      const bytes = files.get('adapter_model.safetensors')!;
      const { tensors } = parseSafetensors(bytes, bytes.length, 'adapter');
      const expected = [0].flatMap((layer) =>
        modules.flatMap((module) =>
          ['A', 'B'].map(
            (part) => `base_model.model.model.layers.${layer}.${module}.lora_${part}.weight`,
          ),
        ),
      );
      expect([...tensors.keys()].sort(), family).toEqual(expected.sort());
      const config = JSON.parse(new TextDecoder().decode(files.get('adapter_config.json')));
      expect(config).toMatchObject({
        peft_type: 'LORA',
        r: 3,
        lora_alpha: 6,
        fan_in_fan_out: false,
      });
      expect(config.base_model_name_or_path).toBe('mine/base');
      await trainable.release();
    }
  });

  it('GPT-2: A is (rank, in), B is (out, rank), and weights lie the other way round', async () => {
    const { trainable } = await make('gpt2', { lora: { ...lora, targets: 'queriesValues' } });
    const files = (await trainable.adapter('mine'))!;
    const bytes = files.get('adapter_model.safetensors')!;
    const { tensors } = parseSafetensors(bytes, bytes.length, 'adapter');
    const name = 'base_model.model.transformer.h.0.attn.c_attn.lora_';
    expect(tensors.get(`${name}A.weight`)?.dims).toEqual([3, 32]);
    expect(tensors.get(`${name}B.weight`)?.dims).toEqual([96, 3]);
    const config = JSON.parse(new TextDecoder().decode(files.get('adapter_config.json')));
    expect(config.fan_in_fan_out).toBe(true);
    await trainable.release();
  });

  it('goes on from a saved state bit for bit', async () => {
    const one = (await make('contrib llama int4', { lora })).trainable;
    const other = (await make('contrib llama int4', { lora })).trainable;
    const step = async (trainable: typeof one) => {
      const logProbs = await trainable.accumulate([row]);
      await trainable.step(update);
      return logProbs;
    };
    await step(one);
    await other.restore(await one.state());
    expect(await step(other)).toEqual(await step(one));
    await one.release();
    await other.release();
  });
});
