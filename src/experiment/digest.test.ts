// A digest tells whether two runs wrote the same tokens, and where they first differ.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { defaultsOf } from '../core/params.ts';
import { methods, methodsOf, modes } from './catalogue.ts';
import { compareDigest, digestOf } from './digest.ts';
import { defaultExperiment, type MethodId } from './experiment.ts';
import { decode, encode } from './link.ts';

describe('digest', () => {
  const tokens = fc.array(fc.nat(151_935), { maxLength: 300 });

  test('the same tokens have the same digest, which the link carries', () => {
    fc.assert(
      fc.property(tokens, (list) => {
        const digest = digestOf(list);
        expect(compareDigest(digest, [...list])).toEqual({ same: true });
        if (list.length) expect(decode(encode(defaultExperiment, digest)).digest).toBe(digest);
      }),
    );
  });

  test('a changed token is found at its place in all but a few cases, and always found', () => {
    let early = 0;
    const list = Array.from({ length: 200 }, (_, i) => (i * 37) % 79);
    const digest = digestOf(list);
    for (let at = 0; at < 190; at++) {
      const verdict = compareDigest(digest, list.with(at, 78));
      if (list[at] === 78) continue;
      expect(verdict.same).toBe(false);
      if (!verdict.same) {
        expect(verdict.at).toBeGreaterThanOrEqual(at);
        if (verdict.at === at) early++;
      }
    }
    expect(early).toBeGreaterThan(170);
  });

  test('a shorter or longer text differs where the other ends', () => {
    expect(compareDigest(digestOf([1, 2, 3]), [1, 2])).toEqual({ same: false, at: 2 });
    expect(compareDigest(digestOf([1, 2]), [1, 2, 3])).toEqual({ same: false, at: 2 });
  });

  test('defaults of every method are inside their own range', () => {
    for (const method of Object.keys(methods) as MethodId[]) {
      const mode = modes.find((one) => methodsOf(one).includes(method)) ?? 'generate';
      const params = defaultsOf(methods[method].params);
      const link = encode({ ...defaultExperiment, mode, method, params });
      // A method with two learning models has some fifty knobs, all of them written.
      expect(link.length).toBeLessThan(820);
    }
  });
});
