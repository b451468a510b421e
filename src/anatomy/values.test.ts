// Numbers looked at and turned: what is said of them is true, exactly those that are addressed change, and they come
// back to the bit.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ACTIONS, type Edit, type Target } from '../core/dials.ts';
import { readModel } from '../onnx/model.ts';
import { graphFrom } from '../onnx/proto.ts';
import { float32Of } from '../onnx/tensor.ts';
import { dissect } from './anatomy.ts';
import { divergence, probabilities } from './distribution.ts';
import { neighbours, tokenMap } from './embedding.ts';
import { countOf, regionsOf } from './regions.ts';
import { bytesAt, rounded } from './rounding.ts';
import { checkSpectrum, spectrumOf } from './spectrum.ts';
import { statisticsOf } from './statistics.ts';
import { shapeOf, TILE, tileOf } from './tiles.ts';
import { Turned } from './turned.ts';

const file = new URL('../../public/models/base-small/onnx/model.onnx', import.meta.url);
const { anatomy, normalized } = dissect(graphFrom(readModel(new Uint8Array(readFileSync(file)))));
const base = new Map(normalized!.parameters.map(({ name, tensor }) => [name, float32Of(tensor)]));

const bitsOf = (values: Float32Array<ArrayBuffer>) =>
  Buffer.from(values.buffer, values.byteOffset, values.byteLength);

const targets: readonly Target[] = [
  { kind: 'weight', tensor: 'wte.weight', index: 4242 },
  { kind: 'row', tensor: 'wpe.weight', index: 191 },
  { kind: 'column', tensor: 'h.1.mlp.c_fc.weight', index: 3 },
  { kind: 'tensor', tensor: 'ln_f.bias' },
  { kind: 'head', layer: 1, index: 4 },
  { kind: 'neuron', layer: 0, index: 319 },
  { kind: 'layer', layer: 1 },
];

describe('turning', () => {
  test.each(targets.map((target) => [target.kind, target] as const))(
    'a %s: exactly what is addressed changes, and all of it comes back',
    (_, target) => {
      const regions = regionsOf(target, anatomy);
      const inside = (tensor: string, i: number) => {
        const width = shapeOf(anatomy.parts.find(({ name }) => name === tensor)!.dims).columns;
        const [r, c] = [Math.floor(i / width), i % width];
        return regions.some(
          (one) =>
            one.tensor === tensor &&
            r >= one.row &&
            r < one.row + one.rows &&
            c >= one.column &&
            c < one.column + one.columns,
        );
      };
      const turned = new Turned(anatomy, base);
      const edit: Edit = { role: 'small', target, action: 'set', amount: 12345 };
      turned.apply({ bits: 32, edits: [edit], seed: 1 });
      let changed = 0;
      for (const [name, before] of base) {
        const after = turned.values(name);
        for (let i = 0; i < before.length; i++) {
          const differs = after[i] !== before[i];
          if (differs !== inside(name, i)) throw new Error(`${name} ${i}`);
          if (differs) changed++;
        }
      }
      expect(changed).toBe(countOf(regions));
      turned.apply({ bits: 32, edits: [], seed: 1 });
      for (const [name, before] of base) {
        expect(bitsOf(turned.values(name)).equals(bitsOf(before))).toBe(true);
      }
    },
  );

  test('what comes out depends on the plan alone, whatever was done before', () => {
    const some = fc.array(
      fc.record({
        role: fc.constant('small' as const),
        target: fc.constantFrom(...targets.slice(0, 6)),
        action: fc.constantFrom(...ACTIONS),
        amount: fc.constantFrom(0.5, -2, 0.125).map(Math.abs),
      }),
      { maxLength: 4 },
    );
    const bits = fc.constantFrom(32 as const, 3 as const);
    fc.assert(
      fc.property(some, bits, some, bits, (first, b1, second, b2) => {
        const one = new Turned(anatomy, base);
        one.apply({ bits: b1, edits: first, seed: 7 });
        one.apply({ bits: b2, edits: second, seed: 7 });
        const other = new Turned(anatomy, base);
        other.apply({ bits: b2, edits: second, seed: 7 });
        for (const name of base.keys()) {
          if (!bitsOf(one.values(name)).equals(bitsOf(other.values(name)))) throw new Error(name);
        }
      }),
      { numRuns: 12 },
    );
  });

  test('a head’s parts are its own: all heads together are the whole projections', () => {
    const { heads } = anatomy;
    const all = Array.from({ length: heads!.query }, (_, index) =>
      countOf(regionsOf({ kind: 'head', layer: 0, index }, anatomy)),
    ).reduce((sum, n) => sum + n, 0);
    // Q, K, V and O, and the biases of the first three.
    expect(all).toBe(4 * 80 * 80 + 3 * 80);
  });

  test.each([
    [
      { kind: 'weight', tensor: 'wte.weight', index: 79 * 80 },
      /no element 6320: “wte\.weight” has 6320/,
    ],
    [{ kind: 'row', tensor: 'ln_f.bias', index: 1 }, /no row 1/],
    [{ kind: 'head', layer: 0, index: 5 }, /no head 5: Layer 0 has 5 of them, numbered 0 to 4/],
    [{ kind: 'neuron', layer: 2, index: 0 }, /no layer 2/],
    [{ kind: 'tensor', tensor: 'nothing' }, /no parameter tensor called “nothing”/],
  ] as const)('%o is refused in a sentence, and the other edits are made', (target, sentence) => {
    const turned = new Turned(anatomy, base);
    const zero = { role: 'small', action: 'zero', amount: 0 } as const;
    const { failures, touched } = turned.apply({
      bits: 32,
      edits: [
        { ...zero, target },
        { ...zero, target: { kind: 'weight', tensor: 'wte.weight', index: 0 } },
      ],
      seed: 1,
    });
    expect(failures.get(0)?.message).toMatch(sentence);
    expect(touched).toBe(1);
    expect(turned.values('wte.weight')[0]).toBe(0);
  });
});

test('rounding: few levels, none further than half a step, and a size that counts scales', () => {
  const values = base.get('h.0.mlp.c_fc.weight')!;
  for (const bits of [8, 4, 3, 2] as const) {
    const coarse = rounded(values, 320, bits);
    for (let start = 0; start < 320; start += 32) {
      const block = values.slice(start, start + 32);
      const largest = block.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
      const step = largest / (2 ** (bits - 1) - 1);
      const levels = new Set(coarse.slice(start, start + 32));
      expect(levels.size).toBeLessThanOrEqual(2 ** bits - 1);
      block.forEach((x, i) => {
        expect(Math.abs(coarse[start + i]! - x)).toBeLessThanOrEqual(step / 2 + 1e-6);
      });
    }
  }
  const { parts } = anatomy;
  expect(bytesAt(parts, 32)).toBe(4 * anatomy.parameters);
  const matrices = parts.filter(({ dims }) => dims.length > 1);
  const inMatrices = matrices.reduce((sum, { count }) => sum + count, 0);
  const scales = matrices.reduce((sum, { dims }) => sum + dims[0]! * Math.ceil(dims[1]! / 32), 0);
  expect(bytesAt(parts, 4)).toBe(
    inMatrices / 2 + 4 * scales + 4 * (anatomy.parameters - inMatrices),
  );
});

test('statistics are those of the definition', () => {
  const values = Float32Array.from([-2, 0, 0, 1, 1, 6]);
  const { histogram, ...rest } = statisticsOf(values);
  expect(rest).toMatchObject({ count: 6, mean: 1, min: -2, max: 6, zeros: 2 / 6, tiny: 2 / 6 });
  expect(rest.deviation).toBeCloseTo(Math.sqrt(36 / 6), 12);
  expect(rest.norm).toBeCloseTo(Math.sqrt(42), 12);
  expect(histogram.reduce((sum, n) => sum + n, 0)).toBe(6);
  expect([histogram[0], histogram.at(-1)]).toEqual([1, 1]);
});

test('tiles cover the matrix, each cell the largest of what it stands for', () => {
  const [rows, columns] = [150, 70];
  const values = Float32Array.from({ length: rows * columns }, (_, i) => ((i * 7919) % 1000) - 500);
  for (const level of [0, 1, 3]) {
    const size = 2 ** level;
    const cell = (r: number, c: number) =>
      tileOf({ values, rows, columns }, level, Math.floor(r / TILE), Math.floor(c / TILE))[
        (r % TILE) * TILE + (c % TILE)
      ]!;
    for (const [r, c] of [
      [0, 0],
      [Math.floor((rows - 1) / size), Math.floor((columns - 1) / size)],
    ] as const) {
      const own: number[] = [];
      for (let y = r * size; y < Math.min(rows, (r + 1) * size); y++)
        for (let x = c * size; x < Math.min(columns, (c + 1) * size); x++)
          own.push(values[y * columns + x]!);
      expect(Math.abs(cell(r, c))).toBe(Math.max(...own.map(Math.abs)));
      expect(own).toContain(cell(r, c));
    }
    expect(cell(Math.ceil(rows / size), 0)).toBeNaN();
  }
});

test('singular values: of an orthogonal times a diagonal matrix, and their squares add up to the squared norm', () => {
  const [c, s] = [Math.cos(0.3), Math.sin(0.3)];
  const rotated = Float32Array.from([3 * c, -2 * s, 3 * s, 2 * c]);
  const [first, second] = spectrumOf(rotated, 2, 2);
  expect(Math.abs(first! - 3)).toBeLessThan(1e-6);
  expect(Math.abs(second! - 2)).toBeLessThan(1e-6);
  const values = base.get('h.0.attn.c_attn.weight')!;
  const all = spectrumOf(values, 80, 240);
  expect(all).toHaveLength(80);
  const norm = statisticsOf(values).norm ** 2;
  expect(Math.abs(all.reduce((sum, x) => sum + x * x, 0) / norm - 1)).toBeLessThan(1e-9);
  expect(() => checkSpectrum(1, 80)).toThrow(/vector/);
  expect(() => checkSpectrum(1025, 80)).toThrow(/up to 1024 by 1024; this one has 1025 by 80/);
});

test('the map has the directions of largest variance; a token’s nearest point its way', () => {
  // Points on a line in three dimensions, with a little of a second direction.
  const points = Float32Array.from([...Array(9)].flatMap((_, i) => [i, 2 * i, (i % 2) * 0.5]));
  const { x, y, explained } = tokenMap(points, 3, 9);
  const expected = [...x].map((_, i) => Math.sqrt(5) * (i - 4));
  const sign = Math.sign(x[8]!);
  for (const [i, value] of x.entries()) {
    expect(Math.abs(sign * value - expected[i]!)).toBeLessThan(0.02);
  }
  expect(y.reduce((sum, value) => sum + value, 0)).toBeCloseTo(0, 5);
  expect(explained[0]).toBeGreaterThan(0.98);
  expect(explained[0] + explained[1]).toBeCloseTo(1, 6);
  const found = neighbours(Float32Array.from([1, 0, 2, 0.1, -1, 0, 0, 3]), 2, 4, 0, 3);
  expect(found.map(({ token }) => token)).toEqual([1, 3, 2]);
  expect(found[2]!.cosine).toBeCloseTo(-1, 12);
});

test('settings: temperature flattens, top-p cuts, and 0 is greedy', () => {
  const logits = Float32Array.from([2, 1, 0, 2]);
  const sum = (probs: Float64Array) => probs.reduce((total, p) => total + p, 0);
  expect([...probabilities(logits, 0, 1)]).toEqual([1, 0, 0, 0]);
  const plain = probabilities(logits, 1, 1);
  expect(plain[1]! / plain[2]!).toBeCloseTo(Math.E, 6);
  expect([...probabilities(logits, 1, 0.5)].map((p) => p > 0)).toEqual([true, false, false, true]);
  for (const t of [0.3, 1, 3]) expect(sum(probabilities(logits, t, 0.9))).toBeCloseTo(1, 12);
  expect(divergence(plain, plain)).toBe(0);
  expect(divergence(plain, probabilities(logits, 0, 1))).toBe(Number.POSITIVE_INFINITY);
});
