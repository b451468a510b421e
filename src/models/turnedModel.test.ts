// A dial turned on graphs that training reads otherwise than decoding does: here those without a cache.
import { expect, it } from 'vitest';
import { loadNodeRuntime } from '../../cli/nodeRuntime.ts';
import { CONTEXT, families, familyBytes } from '../../test/families/index.ts';
import { dissect } from '../anatomy/anatomy.ts';
import { Turned } from '../anatomy/turned.ts';
import type { DeviceLogits } from '../backend/logits.ts';
import type { Edit } from '../core/dials.ts';
import { readModel } from '../onnx/model.ts';
import { graphFrom } from '../onnx/proto.ts';
import { float32Of } from '../onnx/tensor.ts';
import { TurnedModel } from './turnedModel.ts';

const PROMPT = [1, 30, 7];

it.each(families.filter((family) => family.includes('without a cache')))(
  '%s: what is turned moves the logits, and set back they are the same to the bit',
  async (family) => {
    const runtime = await loadNodeRuntime();
    const model = readModel(familyBytes(family));
    const { anatomy, normalized } = dissect(graphFrom(model));
    if (!normalized) throw new Error(anatomy.closed?.message);
    const base = new Map(
      normalized.parameters.map(({ name, tensor }) => [name, float32Of(tensor)]),
    );
    const config = { contextLength: CONTEXT, eos: [2], bos: 1 };
    const pair = await TurnedModel.create(family, config, runtime, { model, normalized }, base);
    const turned = new Turned(anatomy, base);
    const set = (edits: readonly Edit[]) =>
      pair.write(turned.apply({ bits: 32, edits, seed: 1 }).changed, (name) => turned.values(name));
    const logitsOf = async (which: 'untouched' | 'turned') => {
      const logits = await pair[which].decoder(79).logits(PROMPT, PROMPT.length);
      const values = Float32Array.from((logits as DeviceLogits).source as Float32Array);
      logits.dispose();
      return values;
    };
    const before = await logitsOf('untouched');
    expect(await logitsOf('turned')).toEqual(before);
    await set([{ role: 'small', target: { kind: 'layer', layer: 0 }, action: 'scale', amount: 0 }]);
    const after = await logitsOf('turned');
    expect(after.some((value, i) => Math.abs(value - before[i]!) > 1e-3)).toBe(true);
    expect(await logitsOf('untouched')).toEqual(before);
    await set([]);
    expect(await logitsOf('turned')).toEqual(before);
    await pair.release();
  },
);
