// Global L2 norm of all gradients, and the factor that clips it (Pascanu, Mikolov, Bengio, ICML 2013), on the
// device: adamw reads the factor where it is. Gradients of many tensors lie in one array, in any order, with
// zeros between; the sum depends on the array alone, not on where one tensor ends and the next begins.

import wgsl from '../../shaders/gradNorm.wgsl?raw';
import { noise } from './hardRows.ts';
import { type ArraysOf, defineKernel, type KernelCase } from './kernel.ts';
import { bitsLib, chunkConstants, chunksOf, NONE } from './rows.ts';

/** Where the numbers of `clip` are. */
export const CLIP = { norm: 0, factor: 1 } as const;
/** Where the words of `bad` are: 1 or 0, and the first element that is NaN or infinite, or NONE. */
export const BAD = { flag: 0, first: 1 } as const;
/** The norm when there is none. */
export const BAD_NORM = -1;

const LARGEST = 3.4028234663852886e38;
const LEAST_NORMAL = 1.1754943508222875e-38;

const fields = {
  words: 'u32',
  /** Above 0; what never clips is 3e38. */
  maxNorm: 'f32',
} as const;
type Inputs = { readonly gradients: 'f32' };
type NormCase = KernelCase<Inputs, typeof fields>;

const normCase = (
  why: string,
  words: number,
  fill: (index: number) => number,
  bits: readonly (readonly [number, number])[] = [],
  maxNorm = 0.75,
): NormCase => ({
  why,
  make: () => {
    const inputs: ArraysOf<Inputs> = {
      gradients: Float32Array.from({ length: words }, (_, i) => fill(i)),
    };
    const view = new Uint32Array(inputs.gradients.buffer);
    for (const [index, word] of bits) view[index] = word;
    return { params: { words, maxNorm }, inputs };
  },
});

const signed = (i: number): number => 2 * noise(3, i) - 1;

export const gradNorm = defineKernel({
  name: 'gradNorm',
  wgsl,
  lib: bitsLib,
  inputs: { gradients: 'f32' },
  /**
   * clip: the norm; min(1, maxNorm / (norm + 1e-6)), which is 0 when there is no norm or nothing would be left.
   * bad: NaN, an infinity, or a norm beyond float32.
   */
  outputs: { clip: 'f32', bad: 'u32' },
  params: fields,
  size: () => ({ clip: 2, bad: 2 }),
  scratch: ({ words }) => ({ chunkSums: 4 * chunksOf(words) }),
  passes: ({ words }) => [
    { entryPoint: 'partials', workgroups: chunksOf(words) },
    { entryPoint: 'combine', workgroups: 1 },
  ],
  constants: chunkConstants,

  reference({ gradients }, { words, maxNorm }, { clip, bad }) {
    let sum = 0;
    let first = NONE;
    for (let i = 0; i < words; i++) {
      const x = gradients[i] as number;
      if (Number.isFinite(x)) sum += x * x;
      else first = Math.min(first, i);
    }
    const norm = Math.sqrt(sum);
    const isBad = first !== NONE || norm > LARGEST;
    const factor = Math.min(1, maxNorm / (norm + 1e-6));
    clip[CLIP.norm] = isBad ? BAD_NORM : norm;
    clip[CLIP.factor] = isBad || factor < LEAST_NORMAL ? 0 : factor;
    bad[BAD.flag] = isBad ? 1 : 0;
    bad[BAD.first] = first;
  },

  cases: [
    normCase('one element, negative', 1, () => -3),
    normCase('zeros: the factor is 1', 300, () => 0),
    normCase('below the maximum: the factor is 1', 7, (i) => signed(i) / 100),
    normCase('just above the maximum', 1, () => 0.7501),
    normCase('a norm as small as what is added to it', 1, () => 2e-6, [], 1e-6),
    normCase('squares overflow', 500, (i) => 1e30 * signed(i)),
    normCase('squares vanish', 500, (i) => 1e-30 * signed(i)),
    normCase('one large among tiny, late', 9000, (i) => (i === 8777 ? 1e15 : 1e-15 * signed(i))),
    normCase('one large among tiny, early', 9000, (i) => (i === 0 ? -1e15 : 1e-15 * signed(i))),
    normCase('each larger than all before', 4200, (i) => 2 ** (i / 40 - 60)),
    normCase('the largest float alone', 1, () => LARGEST),
    normCase('all finite, but their norm is not', 2, () => 3e38),
    normCase('the least normal floats', 3, () => LEAST_NORMAL),
    normCase('denormals: next to nothing', 3, () => 1e-40),
    normCase('NaN in the last element', 4097, (i) => (i === 4096 ? Number.NaN : signed(i))),
    normCase('NaN with its sign bit set', 79, signed, [[70, 0xffc00001]]),
    normCase('a NaN of the smallest payload', 79, signed, [[3, 0x7f800001]]),
    normCase('-Infinity', 300, signed, [[299, 0xff800000]]),
    normCase('two bad ones in one lane and two in other chunks: the first is named', 9001, signed, [
      [8999, 0x7f800000],
      [5000, 0x7fc00000],
      [4999, 0xff800000],
      [4487, 0x7fc00000],
    ]),
    normCase('one past a chunk', 4097, signed),
    normCase('a prime number of elements', 10_007, signed),
    normCase('more chunks than lanes', 1_000_003, signed),
  ],
  // Below the least normal float a GPU may take numbers for 0.
  tolerance: { absolute: 1.5e-38, relative: 2e-6 },
  bench: [normCase('131,072', 2 ** 17, signed), normCase('4,194,304', 2 ** 22, signed)],
  bytes: ({ words }) => 4 * words + 16,
});
