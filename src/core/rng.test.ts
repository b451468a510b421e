// Known answers of Threefry-2x32-20 (Random123's kat_vectors), and that the uniforms are uniform.
import { expect, test } from 'vitest';
import { threefry2x32, uniform, uniforms } from './rng.ts';

test.each([
  [
    [0, 0, 0, 0],
    [0x6b200159, 0x99ba4efe],
  ],
  [
    [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
    [0x1cb996fc, 0xbb002be7],
  ],
  [
    [0x13198a2e, 0x03707344, 0x243f6a88, 0x85a308d3],
    [0xc4923a9c, 0x483df7a0],
  ],
] as const)('key and counter %j give %j', ([k0, k1, c0, c1], words) =>
  expect(threefry2x32(k0, k1, c0, c1)).toEqual(words),
);

test('a draw depends on its address only', () => {
  const address = { seed: 3, run: 1, step: 4, row: 1 };
  const before = uniform(address);
  uniform({ ...address, row: 2 });
  expect(uniform({ ...address })).toBe(before);
  for (const key of ['seed', 'run', 'step', 'row'] as const) {
    expect(uniform({ ...address, [key]: 77 })).not.toBe(before);
  }
});

test('10,000 uniforms fill 20 bins evenly (chi-square, p > 0.001) and stay in [0, 1)', () => {
  const next = uniforms(11, 0);
  const bins = new Array<number>(20).fill(0);
  for (let i = 0; i < 10_000; i++) {
    const u = next();
    expect(u >= 0 && u < 1).toBe(true);
    const bin = Math.floor(u * 20);
    bins[bin] = (bins[bin] as number) + 1;
  }
  const chi2 = bins.reduce((sum, count) => sum + (count - 500) ** 2 / 500, 0);
  expect(chi2).toBeLessThan(43.8); // 19 degrees of freedom
});
