// Every number of every checkpoint is accounted for, under the right name, and its formula gives its count.
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { families, familyBytes } from '../../test/families/index.ts';
import { readModel } from '../onnx/model.ts';
import { graphFrom } from '../onnx/proto.ts';
import { sizeOf } from '../onnx/tensor.ts';
import { widened } from '../onnx/widen.ts';
import { dissect } from './anatomy.ts';
import { countFrom, formulaText, sum } from './formula.ts';
import { floatsOf, storedWeights } from './stored.ts';

const root = new URL('../../', import.meta.url);
const builtIn = readdirSync(new URL('public/models', root)).map((id) => `public/models/${id}`);
const files = [
  ...[...builtIn, 'test/fixtures/torch-small'].map((folder) => `${folder}/onnx/model.onnx`),
  'test/fixtures/autodiff/gpt2.onnx',
  'test/fixtures/autodiff/llama.onnx',
];
const graphOf = (file: string) =>
  graphFrom(readModel(new Uint8Array(readFileSync(new URL(file, root)))));

describe.each(files)('%s', (file) => {
  const raw = graphOf(file);
  const { anatomy } = dissect(raw);
  const { parts, sizes } = anatomy;

  test('all initialisers are parameters, copies of them, or constants', () => {
    const stored = [...raw.initializers.values()].reduce((n, { dims }) => n + sizeOf(dims), 0);
    expect(anatomy.stored).toBe(stored);
    expect(anatomy.parameters - anatomy.merged + anatomy.copies + anatomy.constants).toBe(stored);
    expect(anatomy.parameters).toBe(parts.reduce((n, { count }) => n + count, 0));
    expect(anatomy.constants).toBeGreaterThanOrEqual(0);
  });

  test('formulas give counts, shares sum to 1', () => {
    for (const part of parts) {
      expect(countFrom(part.formula, sizes)).toBe(part.count);
      expect(part.count).toBe(sizeOf(part.dims));
    }
    const all = sum(
      parts.map(({ formula }) => formula),
      sizes,
    );
    expect(all.reduce((n, term) => n + countFrom(term, sizes), 0)).toBe(anatomy.parameters);
    const shares = parts.reduce((n, { count }) => n + count / anatomy.parameters, 0);
    expect(Math.abs(shares - 1)).toBeLessThanOrEqual(1e-9);
  });

  test('every tensor has its place, the same ones in every layer', () => {
    expect(parts.filter(({ block }) => block === 'other')).toEqual([]);
    expect(anatomy.layers).toBeGreaterThan(1);
    const of = (layer: number) =>
      parts
        .filter((part) => part.layer === layer)
        .map(
          (part) => `${part.block} ${part.purpose} ${part.kind} ${part.before ?? ''} ${part.dims}`,
        );
    for (let layer = 1; layer < anatomy.layers; layer++) expect(of(layer)).toEqual(of(0));
    expect(parts.filter(({ purpose }) => purpose === 'tokenEmbedding')).toHaveLength(1);
  });
});

describe.each(families)('%s', (family) => {
  const raw = graphFrom(widened(readModel(familyBytes(family))));
  const { anatomy } = dissect(raw);
  const { parts, sizes } = anatomy;
  const weighed = parts.reduce((sum, { count }) => sum + count, 0);

  test('has its parts, each with its place and its formula', () => {
    expect(parts.filter(({ block }) => block === 'other')).toEqual([]);
    expect(anatomy.layers).toBe(2);
    expect(anatomy.parameters).toBe(weighed);
    for (const part of parts) expect(countFrom(part.formula, sizes)).toBe(part.count);
    const first = parts.filter(({ layer }) => layer === 0);
    const second = parts.filter(({ layer }) => layer === 1);
    expect(second.map(({ purpose }) => purpose)).toEqual(first.map(({ purpose }) => purpose));
  });

  if (family.includes('int4')) {
    test('of four bits is counted and shown as what it stands for, and says that it cannot be turned', () => {
      const plain = dissect(graphFrom(readModel(familyBytes('contrib llama')))).anatomy;
      expect(anatomy.parameters).toBe(plain.parameters);
      expect(anatomy.closed?.message).toMatch(/quantised integers/);
      const [name, weight] = [...storedWeights(raw, true)].find(([, one]) => one.quantised)!;
      expect(parts.find((part) => part.name === name)?.quantised).toBe(true);
      const values = weight.values();
      expect(values).toHaveLength(weight.dims[0]! * weight.dims[1]!);
      // In each block of 16 the number of largest magnitude is -8 times the scale.
      const scales = floatsOf(raw.initializers.get(name.replace('_Q4', '_scales'))!);
      for (let block = 0; block < scales.length; block++) {
        const own = values.subarray(block * 16, block * 16 + 16);
        const largest = own.reduce((most, x) => (Math.abs(x) > Math.abs(most) ? x : most), 0);
        expect(Math.abs(largest + 8 * scales[block]!)).toBeLessThanOrEqual(1e-6);
      }
    });
  } else {
    test('can be turned', () => {
      expect(anatomy.closed).toBeUndefined();
    });
  }
});

const named = (file: string) => {
  const { parts, sizes } = dissect(graphOf(file)).anatomy;
  const block = (name: string, layer?: number) =>
    formulaText(
      sum(
        parts
          .filter((part) => part.block === name && part.layer === layer)
          .map(({ formula }) => formula),
        sizes,
      ),
    );
  return { parts, sizes, block };
};

test('a GPT-2: V·d, 4d² + 4d, 8d² + 5d, and a head that is the embedding', () => {
  const { block, sizes } = named('public/models/base-small/onnx/model.onnx');
  expect(sizes).toMatchObject({ V: 79, T: 192, d: 80 });
  expect(block('embedding')).toBe('T·d + V·d');
  expect(block('attention', 0)).toBe('4d² + 4d');
  expect(block('mlp', 1)).toBe('8d² + 5d');
  expect(block('norms', 1)).toBe('4d');
  expect(block('norms')).toBe('2d');
  const { anatomy } = dissect(graphOf('public/models/base-small/onnx/model.onnx'));
  expect(anatomy.tied).toBe(true);
  expect(anatomy.heads).toEqual({ query: 5, keyValue: 5, size: 16 });
});

test('a Llama: grouped keys and values, a gate, and no bias', () => {
  const { parts } = named('test/fixtures/autodiff/llama.onnx');
  expect(
    parts
      .filter(({ layer }) => layer === 1)
      .map(({ purpose }) => purpose)
      .sort(),
  ).toEqual(
    ['norm', 'query', 'key', 'value', 'attentionOutput', 'norm', 'gate', 'up', 'down'].sort(),
  );
  expect(parts.some(({ kind }) => kind === 'bias')).toBe(false);
  expect(parts.at(-1)?.purpose).toBe('head');
});

test('names of torch’s own say nothing, the way of the data does', () => {
  const { parts } = named('test/fixtures/torch-small/onnx/model.onnx');
  const of = (name: string) => parts.find((part) => part.name === name);
  expect(of('onnx::MatMul_304')).toMatchObject({ purpose: 'queryKeyValue', layer: 0 });
  expect(of('onnx::MatMul_312')).toMatchObject({ purpose: 'attentionOutput', layer: 0 });
  expect(of('onnx::MatMul_324')).toMatchObject({ purpose: 'up', layer: 1, outputs: 'columns' });
  expect(of('onnx::MatMul_325')).toMatchObject({ purpose: 'down', layer: 1 });
  expect(of('onnx::MatMul_326')).toMatchObject({ purpose: 'head' });
  expect(of('h.1.up.bias')).toMatchObject({ purpose: 'up', layer: 1, kind: 'bias' });
  expect(of('h.1.ln_2.weight')).toMatchObject({ purpose: 'norm', before: 'mlp', layer: 1 });
});
