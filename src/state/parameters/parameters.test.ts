// What the page says about parameters is what they are.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dissect } from '../../anatomy/anatomy.ts';
import { countOf, neuronsOf, regionsOf } from '../../anatomy/regions.ts';
import { treeOf } from '../../anatomy/tree.ts';
import { decode } from '../../experiment/link.ts';
import { readModel } from '../../onnx/model.ts';
import { graphFrom } from '../../onnx/proto.ts';
import { KNOWN_MODELS } from './known.ts';
import { figure, placeOf, roleOf, targetsAt } from './sentences.ts';
import { percentages } from './shares.ts';
import { experimentAt, linkAt, STOPS } from './tour.ts';
import type { Opened } from './types.ts';

test('percentages add up to 100, each within one unit of the exact share', () => {
  fc.assert(
    fc.property(
      fc
        .array(fc.nat(1e9), { minLength: 1, maxLength: 30 })
        .filter((all) => all.some((n) => n > 0)),
      fc.integer({ min: 0, max: 3 }),
      (counts, digits) => {
        const shares = percentages(counts, digits);
        const total = counts.reduce((sum, n) => sum + n, 0);
        const units = shares.reduce((sum, share) => sum + Math.round(share * 10 ** digits), 0);
        expect(units).toBe(100 * 10 ** digits);
        shares.forEach((share, i) => {
          expect(Math.abs(share - (100 * counts[i]!) / total)).toBeLessThanOrEqual(10 ** -digits);
        });
      },
    ),
  );
});

test('known models have the counts of their releases', () => {
  const counts = Object.fromEntries(KNOWN_MODELS.map(({ name, parameters }) => [name, parameters]));
  expect(counts).toMatchObject({
    'GPT-2, smallest': 124_439_808,
    'GPT-2 XL': 1_557_611_200,
    'SmolLM2 135M': 134_515_008,
    'Qwen2.5 0.5B': 494_032_768,
    'Llama 3.1 8B': 8_030_261_248,
    'Llama 3.1 70B': 70_553_706_496,
    'Llama 3.1 405B': 405_853_388_800,
  });
  expect(Math.round(counts['GPT-3 175B']! / 1e9)).toBe(175);
});

const file = new URL('../../../public/models/base-small/onnx/model.onnx', import.meta.url);
const { anatomy } = dissect(graphFrom(readModel(new Uint8Array(readFileSync(file)))));
const model: Opened = {
  name: 'base-small',
  anatomy,
  tree: treeOf(anatomy, 'base-small'),
  bytes: { 32: 0, 8: 0, 4: 0, 3: 0, 2: 0 },
  neurons: [neuronsOf(anatomy, 0), neuronsOf(anatomy, 1)],
  tokens: Array.from({ length: 79 }, (_, id) => `t${id}`),
  contextLength: 192,
};
const part = (name: string) => anatomy.parts.find((one) => one.name === name)!;

describe('what one number does', () => {
  test.each([
    ['wte.weight', 17 * 80 + 3, 'token “t17” (17): how much of feature 3 it brings into the model'],
    [
      'h.1.mlp.c_fc.weight',
      40 * 320 + 17,
      'neuron 17 in layer 1: how much it listens to feature 40',
    ],
    [
      'h.0.mlp.c_proj.weight',
      17 * 80 + 5,
      'neuron 17 in layer 0: how much it writes into feature 5',
    ],
    [
      'h.0.attn.c_attn.weight',
      2 * 240 + 80 + 17,
      'element 1 of the key of head 1 in layer 0: how much it listens to feature 2',
    ],
    [
      'h.1.attn.c_proj.weight',
      33 * 80 + 9,
      'head 2 in layer 1, element 1: how much it writes into feature 9',
    ],
    ['ln_f.weight', 4, 'feature 4: how much of it is let through before the head'],
    ['h.0.mlp.c_fc.bias', 9, 'neuron 9 in layer 0: how easily it fires, whatever it hears'],
  ])('%s [%i]', (name, index, sentence) => {
    expect(roleOf(model, part(name), index)).toBe(sentence);
  });

  test('every element belongs to each of the groups that it offers to turn', () => {
    for (const one of anatomy.parts) {
      for (const index of [0, one.count - 1, Math.floor(one.count / 3)]) {
        const { row, column } = placeOf(one, index);
        for (const target of targetsAt(model, one, index)) {
          const regions = regionsOf(target, anatomy);
          const holds = regions.some(
            (region) =>
              region.tensor === one.name &&
              row >= region.row &&
              row < region.row + region.rows &&
              column >= region.column &&
              column < region.column + region.columns,
          );
          expect([one.name, target, holds]).toEqual([one.name, target, true]);
        }
      }
    }
  });
});

test('numbers are short', () => {
  expect([0, 0.123456, -12345.6, 0.00001234, 2e7].map(figure)).toEqual([
    '0',
    '0.1235',
    '−12350',
    '1.23e-5',
    '2.00e7',
  ]);
});

test('every stop of the tour is a link to the state that it describes', () => {
  expect(STOPS.length).toBeGreaterThan(5);
  STOPS.forEach((_, i) => {
    const { experiment, problems } = decode(linkAt(i + 1));
    expect(problems).toEqual([]);
    expect(experiment.dials).toEqual(experimentAt(i + 1).dials);
    expect(experiment.dials.tour).toBe(i + 1);
    for (const { target } of experiment.dials.edits) {
      expect(countOf(regionsOf(target, anatomy))).toBeGreaterThan(0);
    }
    for (const { tensor, index } of experiment.dials.pins) {
      expect(index).toBeLessThan(part(tensor).count);
    }
  });
  // What its texts say of the head and of the whole model.
  expect(countOf(regionsOf({ kind: 'head', layer: 0, index: 0 }, anatomy))).toBe(5168);
  expect(anatomy.parameters).toBe(177_520);
});
