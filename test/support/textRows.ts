// Short texts for tests of training, and how far two sets of arrays are apart.

import { uniforms } from '../../src/core/rng.ts';
import type { TokenRow } from '../../src/core/trainable.ts';

/** Rows of 2 to 5 random tokens; weights of both signs, some 0. */
export function textRows(count: number, vocab: number, seed = 1): TokenRow[] {
  const next = uniforms(seed, 0);
  const token = () => Math.floor(next() * vocab);
  return Array.from({ length: count }, (_, r) => {
    const tokens = Array.from({ length: 2 + ((r * 3) % 4) }, token);
    return {
      tokens,
      targets: [...tokens.slice(1), token()],
      weights: tokens.map((_, t) => (t % 4 === 3 ? 0 : next() - 0.75)),
    };
  });
}

/** Largest difference over all arrays, as a share of the largest number of all; NaN when sizes differ. */
export function difference(a: Iterable<Float32Array>, b: Iterable<Float32Array>): number {
  const flat = (arrays: Iterable<Float32Array>) => [...arrays].flatMap((array) => [...array]);
  const [x, y] = [flat(a), flat(b)];
  if (x.length !== y.length) return Number.NaN;
  const most = (values: number[]) => values.reduce((m, v) => (v <= m ? m : v), 0);
  return most(x.map((v, i) => Math.abs(v - y[i]!))) / most(y.map(Math.abs));
}
