// Where an error is, and how a grid is folded: arithmetic that needs no GPU.

import { expect, test } from 'vitest';
import { fold, whereIs } from './pipelines.ts';

test('a line of the joined text is found in its file', () => {
  const sources = [
    { file: 'lib/a.wgsl', text: 'one\ntwo\n' },
    { file: 'lib/b.wgsl', text: 'one' },
    { file: 'c.wgsl', text: 'one\ntwo\nthree\n' },
  ];
  const joined = sources
    .map(({ text }) => text)
    .join('\n')
    .split('\n');
  expect(joined.indexOf('three')).toBe(6);
  expect(whereIs(sources, 7)).toEqual({ file: 'c.wgsl', line: 3 });
  expect(whereIs(sources, 2)).toEqual({ file: 'lib/a.wgsl', line: 2 });
  expect(whereIs(sources, 4)).toEqual({ file: 'lib/b.wgsl', line: 1 });
});

test('a grid is folded into sides that a device allows, with less than one line to spare', () => {
  for (const count of [1, 65_535, 65_536, 65_537, 200_000, 4096 * 149]) {
    const [x, y] = fold(count);
    expect(Math.max(x, y)).toBeLessThanOrEqual(65_535);
    expect(x * y).toBeGreaterThanOrEqual(count);
    expect(x * y - count).toBeLessThan(y);
  }
});
