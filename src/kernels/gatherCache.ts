// Keeps some rows of a KV cache and the first positions of each, on the device: a rollback is a shorter
// length, a reordered beam is another index. out[b', h, t, d] = cache[index[b'], h, t, d] for t < length.
// Values are opaque words: a float16 cache counts two values a word.

import wgsl from '../../shaders/gatherCache.wgsl?raw';
import { type ArraysOf, defineKernel, type KernelCase } from './kernel.ts';
import { gridLib } from './rows.ts';

/** Words that one workgroup copies. */
const WORDS = 1024;

const fields = {
  /** Rows of the result. */
  batch: 'u32',
  heads: 'u32',
  /** Positions of the cache and of the result; length <= positions. */
  positions: 'u32',
  length: 'u32',
  /** Words per position: the head's width in float32, half of it in float16. */
  width: 'u32',
} as const;
type Inputs = { readonly cache: 'u32'; readonly index: 'u32' };

const gatherCase = (
  why: string,
  rows: number,
  index: readonly number[],
  shape: { heads: number; positions: number; length: number; width: number },
): KernelCase<Inputs, typeof fields> => ({
  why,
  make: () => {
    const { heads, positions, width } = shape;
    const inputs: ArraysOf<Inputs> = {
      cache: Uint32Array.from({ length: rows * heads * positions * width }, (_, i) => i + 1),
      index: Uint32Array.from(index),
    };
    return { params: { batch: index.length, ...shape }, inputs };
  },
});

export const gatherCache = defineKernel({
  name: 'gatherCache',
  wgsl,
  lib: gridLib,
  /** rows x heads x positions x width; batch row numbers. */
  inputs: { cache: 'u32', index: 'u32' },
  /** batch x heads x length x width. */
  outputs: { result: 'u32' },
  params: fields,
  size: ({ batch, heads, length, width }) => ({ result: batch * heads * length * width }),
  passes: ({ batch, heads, length, width }) => [
    { entryPoint: 'gather', workgroups: Math.ceil((batch * heads * length * width) / WORDS) },
  ],
  constants: { WORDS },

  reference({ cache, index }, { batch, heads, positions, length, width }, { result }) {
    let to = 0;
    for (let b = 0; b < batch; b++) {
      for (let h = 0; h < heads; h++) {
        const from = ((index[b] as number) * heads + h) * positions * width;
        result.set(cache.subarray(from, from + length * width), to);
        to += length * width;
      }
    }
  },

  cases: [
    gatherCase('nothing to copy but one word', 1, [0], {
      heads: 1,
      positions: 1,
      length: 1,
      width: 1,
    }),
    gatherCase('a crop moves every head but the first', 1, [0], {
      heads: 3,
      positions: 7,
      length: 5,
      width: 4,
    }),
    gatherCase('full length, same rows: a copy', 2, [0, 1], {
      heads: 2,
      positions: 6,
      length: 6,
      width: 32,
    }),
    gatherCase('rows repeat, swap and vanish', 3, [2, 0, 2, 2], {
      heads: 2,
      positions: 5,
      length: 3,
      width: 3,
    }),
    gatherCase('more than one workgroup, sizes that share no factor', 2, [1, 0], {
      heads: 5,
      positions: 37,
      length: 31,
      width: 17,
    }),
  ],
  tolerance: { absolute: 0, relative: 0 },
  bench: [
    gatherCase('2 x 8 x 1,024 x 64, one position dropped', 2, [1, 0], {
      heads: 8,
      positions: 1024,
      length: 1023,
      width: 64,
    }),
  ],
  bytes: ({ batch, heads, length, width }) => 8 * batch * heads * length * width,
});
