import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ParamSpec } from '../core/params.ts';
import { MOST_VALUES, readValues, spread, usualAxes, writeValues } from './axis.ts';
import { methods } from './catalogue.ts';

const share: ParamSpec = {
  kind: 'number',
  label: 'Share',
  meaning: '',
  min: 0,
  max: 1,
  step: 0.01,
  default: 0.5,
};
const whole: ParamSpec = { ...share, kind: 'integer', max: 20, step: 1, default: 3 };
const choice: ParamSpec = {
  kind: 'choice',
  label: 'Who',
  meaning: '',
  options: [
    { value: 'small', label: 'small' },
    { value: 'large', label: 'large' },
  ],
  default: 'small',
};

describe('values as they are typed', () => {
  test.each([
    ['0.5, 0.7,0.9', [0.5, 0.7, 0.9]],
    ['0.5 0.7; 1', [0.5, 0.7, 1]],
    ['.1 to .5 by .1', [0.1, 0.2, 0.3, 0.4, 0.5]],
    ['0..1', [0, 0.25, 0.5, 0.75, 1]],
    ['0 to 0.2 by 0.15', [0, 0.15]],
    ['1, 0 to 1 by 0.5, 0.5', [1, 0, 0.5]],
    ['0.3,', [0.3]],
  ])('%j', (text, values) => expect(readValues(text, share)).toEqual({ ok: true, values }));

  test('a range of whole numbers has whole numbers only', () => {
    expect(readValues('1 to 4', whole)).toEqual({ ok: true, values: [1, 2, 3, 4] });
    expect(readValues('2 to 12 by 5', whole)).toEqual({ ok: true, values: [2, 7, 12] });
  });

  test('choices are words', () =>
    expect(readValues('large small', choice)).toEqual({ ok: true, values: ['large', 'small'] }));

  test.each([
    ['', 'No value yet'],
    ['0.5, x', 'x: expected a number in [0, 1].'],
    ['2', '2: expected a number in [0, 1].'],
    ['NaN', 'NaN: expected a number'],
    ['0.9 to 0.5', 'the lower end first'],
    ['0 to 1 by 0', 'by 0: expected a number above 0.'],
    ['0 to 1 by -1', 'above 0'],
    ['0 to 1 by 0.01', '101 values by 0.01; at most 12'],
    ['0 to 1 by 1e-300', 'at most 12'],
    ['0 to 1 by 0.1, 0.05 to 0.95 by 0.1', '21 values; at most 12'],
    ['1 to', 'to: expected'],
  ])('%j is told: %s', (text, problem) => {
    const read = readValues(text, share);
    expect(read.ok ? '' : read.problem).toContain(problem);
  });

  test('what is written is read back, and any text is read or told', () => {
    const numbers = fc.uniqueArray(fc.double({ min: 0, max: 1, noNaN: true }), {
      minLength: 1,
      maxLength: MOST_VALUES,
      comparator: (a, b) => a === b,
    });
    fc.assert(
      fc.property(numbers, (values) => {
        const plain = values.map((value) => value + 0);
        expect(readValues(writeValues(plain), share)).toEqual({ ok: true, values: plain });
      }),
    );
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), (text) => {
        const read = readValues(text, whole);
        if (!read.ok) expect(read.problem.length).toBeGreaterThan(5);
        else
          expect(read.values.every((value) => Number(value) >= 0 && Number(value) <= 20)).toBe(
            true,
          );
      }),
    );
  });
});

test('every knob of every method has values to begin with, within its range', () => {
  for (const { params } of Object.values(methods)) {
    for (const spec of Object.values(params)) {
      const values = spread(spec);
      expect(new Set(values).size).toBe(values.length);
      expect(readValues(writeValues(values), spec)).toEqual({ ok: true, values });
    }
    const axes = usualAxes(params);
    expect(axes.length).toBeGreaterThan(0);
    for (const { key } of axes) expect(params).toHaveProperty(key);
  }
});
