// Gradients of micro-batches added up on the device: sums += more. All tensors lie in one array (see adamw), so
// one dispatch serves any number of them, and the first micro-batch is a copy and needs none.

import wgsl from '../../shaders/accumulate.wgsl?raw';
import { noise } from './hardRows.ts';
import { defineKernel, type KernelCase } from './kernel.ts';
import { gridLib } from './rows.ts';

/** Words that one workgroup adds. */
const WORDS = 1024;

const fields = { words: 'u32' } as const;
type Inputs = { readonly more: 'f32'; readonly sums: 'f32' };

const signed = (row: number, i: number): number => 2 * noise(row, i) - 1;

const addCase = (
  why: string,
  words: number,
  more: (i: number) => number = (i) => signed(1, i),
  sums: (i: number) => number = (i) => signed(2, i),
  beyond = 0,
): KernelCase<Inputs, typeof fields> => ({
  why,
  make: () => ({
    params: { words },
    inputs: {
      more: Float32Array.from({ length: words + beyond }, (_, i) => more(i)),
      sums: Float32Array.from({ length: words + beyond }, (_, i) => sums(i)),
    },
  }),
});

export const accumulate = defineKernel({
  name: 'accumulate',
  wgsl,
  lib: gridLib,
  inputs: { more: 'f32', sums: 'f32' },
  /** In place. */
  outputs: { sums: 'f32' },
  params: fields,
  size: () => ({}),
  passes: ({ words }) => [{ entryPoint: 'add', workgroups: Math.ceil(words / WORDS) }],
  constants: { WORDS },

  reference({ more }, { words }, { sums }) {
    for (let i = 0; i < words; i++) sums[i] = (sums[i] as number) + (more[i] as number);
  },

  cases: [
    addCase('one word', 1),
    addCase('what lies beyond stays as it is', 1025, undefined, undefined, 300),
    addCase('a last workgroup that is not full', 2500),
    addCase('terms that cancel', 300, (i) => -signed(2, i)),
    addCase(
      'terms of which one drowns',
      300,
      (i) => 1e-9 * signed(1, i),
      (i) => 1e9 * signed(2, i),
    ),
    addCase(
      'sums near the largest float',
      300,
      () => 1.5e38,
      (i) => 1.5e38 * signed(2, i),
    ),
    addCase('onto zeros: a copy', 300, undefined, () => 0),
    addCase('a prime number of words', 100_003),
  ],
  // One addition, correctly rounded; below the least normal float a GPU may take numbers for 0.
  tolerance: { absolute: 1.2e-38, relative: 6e-8 },
  bench: [addCase('131,072', 2 ** 17), addCase('4,194,304', 2 ** 22)],
  bytes: ({ words }) => 12 * words,
});
