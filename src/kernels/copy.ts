// The yardstick: a copy moves as many bytes as memory allows and computes nothing. Benchmarks give every
// other kernel's bandwidth as a share of this one's, measured in the same run.

import wgsl from '../../shaders/copy.wgsl?raw';
import { defineKernel, type KernelCase } from './kernel.ts';
import { gridLib } from './rows.ts';

type Inputs = { readonly source: 'u32' };
const fields = { words: 'u32' } as const;

const words = (why: string, count: number): KernelCase<Inputs, typeof fields> => ({
  why,
  make: () => ({
    params: { words: count },
    inputs: { source: Uint32Array.from({ length: count }, (_, i) => ~i) },
  }),
});

export const copy = defineKernel({
  name: 'copy',
  wgsl,
  lib: gridLib,
  inputs: { source: 'u32' },
  outputs: { copied: 'u32' },
  params: fields,
  size: (params) => ({ copied: params.words }),
  passes: (params) => [{ entryPoint: 'copy', workgroups: Math.ceil(params.words / 256) }],

  reference({ source }, _, { copied }) {
    copied.set(source);
  },

  cases: [words('one word', 1), words('a last workgroup that is not full', 2500)],
  tolerance: { absolute: 0, relative: 0 },
  bench: [words('16 MiB', 4 * 2 ** 20)],
  bytes: (params) => 8 * params.words,
});
