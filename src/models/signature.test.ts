// Which input is which: read from a model's own description, as exporters write it.
import { describe, expect, it } from 'vitest';
import { UserError } from '../core/errors.ts';
import type { InferenceSession } from './runtime.ts';
import { detectSignature } from './signature.ts';

type Value = InferenceSession.ValueMetadata;
type Shape = readonly (string | number)[];
const value = (
  name: string,
  shape: Shape,
  type: Extract<Value, { isTensor: true }>['type'] = 'float32',
): Value => ({ name, isTensor: true, type, shape: [...shape] });
const ids = (name: string, type: 'int64' | 'int32' = 'int64') => value(name, ['b', 's'], type);
const past = (name: string, shape: Shape = ['b', 2, 'p', 64]) =>
  value(`past_key_values.${name}`, shape);
const present = (name: string) => value(`present.${name}`, ['b', 2, 't', 64]);
const logits = value('logits', ['b', 's', 151936]);

function complaint(inputs: readonly Value[], outputs: readonly Value[]): string {
  try {
    detectSignature('mine', inputs, outputs);
  } catch (error) {
    if (error instanceof UserError && error.code === 'checkpoint') {
      return `${error.message} ${error.remedy}`;
    }
    throw error;
  }
  throw new Error('accepted');
}

const half = (one: Value): Value =>
  one.isTensor && one.type === 'float32' ? { ...one, type: 'float16' as const } : one;

describe('accepts', () => {
  it('Qwen-like: grouped heads, no position_ids, any order', () => {
    const inputs = [past('0.key'), ids('attention_mask'), past('0.value'), ids('input_ids')];
    const shape = { heads: 2, width: 64, type: 'float32' };
    expect(detectSignature('mine', inputs, [present('0.value'), logits, present('0.key')])).toEqual(
      {
        inputIds: { name: 'input_ids', type: 'int64' },
        attentionMask: { name: 'attention_mask', type: 'int64' },
        positionIds: undefined,
        caches: [
          { past: 'past_key_values.0.key', present: 'present.0.key', ...shape },
          { past: 'past_key_values.0.value', present: 'present.0.value', ...shape },
        ],
        logits: 'logits',
      },
    );
  });

  it('float16 caches, and logits that were cast to float32', () => {
    const inputs = [ids('input_ids'), past('0.key'), past('0.value')];
    const outputs = [logits, present('0.key'), present('0.value')];
    const cast = value('logits.float32', ['b', 's', 79]);
    const found = detectSignature('mine', inputs.map(half), [...outputs.map(half), cast]);
    expect(found.logits).toBe('logits.float32');
    expect(found.caches.map(({ type }) => type)).toEqual(['float16', 'float16']);
  });

  it('a model that remembers nothing', () => {
    expect(detectSignature('mine', [ids('input_ids')], [logits]).caches).toEqual([]);
  });

  it('hybrids with gaps in the layer numbers, and 32-bit ids', () => {
    const layers = ['1.key', '1.value', '3.key', '3.value'];
    const inputs = [ids('input_ids', 'int32'), ...layers.map((name) => past(name))];
    const { caches, inputIds } = detectSignature('mine', inputs, [logits, ...layers.map(present)]);
    expect(caches.map(({ present: name }) => name)).toEqual(
      layers.map((name) => `present.${name}`),
    );
    expect(inputIds.type).toBe('int32');
  });
});

describe('refuses, naming what it is', () => {
  const inputs = [ids('input_ids'), past('0.key'), past('0.value')];
  const outputs = [logits, present('0.key'), present('0.value')];
  const typed = (values: Value[], name: string, type: 'float16' | 'float64') =>
    values.map((one) => (one.name === name && one.isTensor ? { ...one, type } : one));
  const floats =
    'only float32 and float16 are supported for logits and caches. Use the float32 export (onnx/model.onnx), or a quantised one whose inputs and outputs are float32.';
  const again =
    'Export it as a decoder with cache, for instance with optimum: --task text-generation-with-past.';

  it.each<[string, Value[], Value[], string]>([
    [
      'double-precision logits',
      inputs,
      typed(outputs, 'logits', 'float64'),
      `mine: logits is float64; ${floats}`,
    ],
    [
      'a cache that comes out in another precision',
      typed(inputs, 'past_key_values.0.key', 'float16'),
      outputs,
      `mine: past_key_values.0.key is float16, but present.0.key is not. ${again}`,
    ],
    [
      'keys and values in one',
      [ids('input_ids'), value('past_0', [2, 'b', 12, 'p', 64])],
      [logits, value('present_0', [2, 'b', 12, 't', 64])],
      `mine: the model has an input that is not understood: past_0. ${again}`,
    ],
    [
      'free heads',
      [ids('input_ids'), past('0.key', ['b', 'h', 'p', 64]), past('0.value')],
      outputs,
      `mine: past_key_values.0.key has the shape [b, h, p, 64]; expected [batch, heads, positions, width] with fixed heads and width. ${again}`,
    ],
    [
      'unnamed heads',
      [ids('input_ids'), past('0.key', ['b', -1, 'p', 64]), past('0.value')],
      outputs,
      `mine: past_key_values.0.key has the shape [b, -1, p, 64]; expected [batch, heads, positions, width] with fixed heads and width. ${again}`,
    ],
    [
      'embeddings instead of ids',
      [value('inputs_embeds', ['b', 's', 64]), past('0.key')],
      outputs,
      `mine: the model has no input input_ids; it has inputs_embeds, past_key_values.0.key. ${again}`,
    ],
    [
      'ids as numbers with a fraction',
      [value('input_ids', ['b', 's']), past('0.key')],
      outputs,
      `mine: the input input_ids is float32; expected int64 or int32. ${again}`,
    ],
    [
      'flat logits',
      inputs,
      [value('logits', ['b', 79]), present('0.key'), present('0.value')],
      `mine: the output logits should have the shape [batch, positions, vocabulary]. ${again}`,
    ],
    [
      'pages',
      [...inputs, ids('block_table'), ids('cumulative_sequence_lengths')],
      outputs,
      `mine: the model has inputs that are not understood: block_table, cumulative_sequence_lengths. ${again}`,
    ],
  ])('%s', (_, ins, outs, text) => {
    expect(complaint(ins, outs)).toBe(text);
  });
});
