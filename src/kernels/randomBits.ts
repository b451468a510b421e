// The words behind every draw, as the shader makes them: one Threefry-2x32-20 block per address. Here so
// that a test can hold the shader's generator against core/rng.ts, bit for bit.

import libRandom from '../../shaders/lib/random.wgsl?raw';
import wgsl from '../../shaders/randomBits.wgsl?raw';
import { threefry2x32 } from '../core/rng.ts';
import { defineKernel, type KernelCase } from './kernel.ts';
import { gridLib } from './rows.ts';

type Inputs = { readonly addresses: 'u32' };
const fields = { draws: 'u32' } as const;

const addresses = (why: string, words: readonly number[]): KernelCase<Inputs, typeof fields> => ({
  why,
  make: () => ({
    params: { draws: words.length / 4 },
    inputs: { addresses: Uint32Array.from(words) },
  }),
});

const ones = 0xffffffff;
const pi = { counter: [0x243f6a88, 0x85a308d3], key: [0x13198a2e, 0x03707344] } as const;

export const randomBits = defineKernel({
  name: 'randomBits',
  wgsl,
  lib: [...gridLib, { file: 'lib/random.wgsl', text: libRandom }],
  /** draws x 4: seed, run, step, row. */
  inputs: { addresses: 'u32' },
  /** draws x 2. */
  outputs: { bits: 'u32' },
  params: fields,
  size: ({ draws }) => ({ bits: 2 * draws }),
  passes: ({ draws }) => [{ entryPoint: 'blocks', workgroups: Math.ceil(draws / 64) }],

  reference(inputs, { draws }, { bits }) {
    for (let i = 0; i < draws; i++) {
      const at = (j: number) => inputs.addresses[4 * i + j] as number;
      bits.set(threefry2x32(at(0), at(1), at(2), at(3)), 2 * i);
    }
  },

  cases: [
    addresses('known answers of Random123: zeros, ones, digits of pi', [
      ...[0, 0, 0, 0],
      ...[ones, ones, ones, ones],
      ...[...pi.key, ...pi.counter],
    ]),
    addresses(
      'many addresses: every rotation carries every bit',
      Array.from({ length: 4 * 1000 }, (_, i) => Math.imul(i, 0x9e3779b1) >>> 0),
    ),
  ],
  tolerance: { absolute: 0, relative: 0 },
  bench: [
    addresses(
      '65,536 draws',
      Array.from({ length: 4 * 65_536 }, (_, i) => i),
    ),
  ],
  bytes: ({ draws }) => 24 * draws,
});
