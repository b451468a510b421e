// AdamW (Loshchilov, Hutter, ICLR 2019): one step of all parameters in place, in one dispatch. Parameters,
// gradients and both moments are four arrays of the same layout; a table says where the tensors lie in them
// and which of them decay. The factor that clips the gradients comes from gradNorm without leaving the device.

import wgsl from '../../shaders/adamw.wgsl?raw';
import { noise } from './hardRows.ts';
import { type ArraysOf, defineKernel, type KernelCase, type ValuesOf } from './kernel.ts';
import { chunkConstants, gridLib } from './rows.ts';

/** Where a tensor lies in the four arrays, in elements; there may be gaps, which stay as they are. */
export interface TensorSpan {
  readonly first: number;
  readonly length: number;
  /** Whether weight decay applies; by custom to matrices, not to biases and norms. */
  readonly decay: boolean;
}

/** Elements that one workgroup updates; longer tensors have several rows in the table. */
const SEGMENT = 4096;
const ROW_WORDS = 3;

/** The kernel's table of `tensors`: rows of first, length, decay. */
export function segmentTable(tensors: readonly TensorSpan[]): Uint32Array {
  const rows: number[] = [];
  for (const { first, length, decay } of tensors) {
    for (let at = 0; at < length; at += SEGMENT) {
      rows.push(first + at, Math.min(SEGMENT, length - at), decay ? 1 : 0);
    }
  }
  return Uint32Array.from(rows);
}

export interface AdamwOptions {
  /** Number of this step, from 1. */
  readonly step: number;
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
}

const fields = {
  /** Rows of the table. */
  segments: 'u32',
  /** Elements of each of the four arrays. */
  words: 'u32',
  rate: 'f32',
  shrink: 'f32',
  keepMean: 'f32',
  addMean: 'f32',
  keepSquare: 'f32',
  addSquare: 'f32',
  rootScale: 'f32',
  epsilon: 'f32',
} as const;

/**
 * The kernel's parameters, made in float64: in float32 1 - 0.999 would be wrong by 5e-5.
 * @throws Error when an option is out of range.
 */
export function adamwParams(
  segments: Uint32Array,
  words: number,
  { step, learningRate, beta1, beta2, epsilon, weightDecay }: AdamwOptions,
): ValuesOf<typeof fields> {
  const check = (what: string, value: number, good: boolean, expected: string) => {
    if (!good) throw new Error(`${what} = ${value}: expected ${expected}`);
  };
  check('step', step, Number.isInteger(step) && step >= 1, 'an integer from 1');
  check('beta1', beta1, beta1 >= 0 && beta1 < 1, 'a number in [0, 1)');
  check('beta2', beta2, beta2 >= 0 && beta2 < 1, 'a number in [0, 1)');
  check('epsilon', epsilon, epsilon >= 1e-30 && epsilon < 1, 'a number in [1e-30, 1)');
  for (const [what, value] of Object.entries({ learningRate, weightDecay })) {
    check(what, value, value >= 0 && value < 1e6, 'a number in [0, 1e6)');
  }
  return {
    segments: segments.length / ROW_WORDS,
    words,
    rate: learningRate / (1 - beta1 ** step),
    shrink: learningRate * weightDecay,
    keepMean: beta1,
    addMean: 1 - beta1,
    keepSquare: beta2,
    addSquare: 1 - beta2,
    rootScale: 1 / Math.sqrt(1 - beta2 ** step),
    epsilon,
  };
}

/** Gradients are held here, so that their squares are finite. */
const LARGEST_GRADIENT = 1e18;

type Inputs = {
  readonly gradients: 'f32';
  readonly segments: 'u32';
  readonly clip: 'f32';
  readonly parameters: 'f32';
  readonly means: 'f32';
  readonly squares: 'f32';
};
type StepCase = KernelCase<Inputs, typeof fields>;

const usual: AdamwOptions = {
  step: 3,
  learningRate: 0.01,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 0.1,
};
const signed = (row: number, i: number): number => 2 * noise(row, i) - 1;

interface StepSpec {
  readonly why: string;
  /** Or how to make them, where they are many. */
  readonly tensors: readonly TensorSpan[] | (() => readonly TensorSpan[]);
  readonly options?: Partial<AdamwOptions>;
  readonly factor?: number;
  gradient?(index: number): number;
  /** Moments are 0, as before the first step. */
  readonly fresh?: boolean;
}

const stepCase = (spec: StepSpec): StepCase => ({
  why: spec.why,
  make: () => {
    const { options, factor = 1, gradient = (i) => 3 * signed(1, i), fresh } = spec;
    const tensors = typeof spec.tensors === 'function' ? spec.tensors() : spec.tensors;
    const segments = segmentTable(tensors);
    const words = tensors.reduce((most, { first, length }) => Math.max(most, first + length), 0);
    const array = (fill: (index: number) => number) =>
      Float32Array.from({ length: words }, (_, i) => fill(i));
    const inputs: ArraysOf<Inputs> = {
      gradients: array(gradient),
      segments,
      clip: Float32Array.of(1, factor),
      parameters: array((i) => 2 * signed(2, i)),
      means: array((i) => (fresh ? 0 : signed(3, i))),
      squares: array((i) => (fresh ? 0 : 4 * noise(4, i) + 0.01)),
    };
    return { params: adamwParams(segments, words, { ...usual, ...options }), inputs };
  },
});

/** One after the other; every other one decays. */
const inARow = (...lengths: readonly number[]): TensorSpan[] => {
  let first = 0;
  return lengths.map((length, i) => {
    first += length;
    return { first: first - length, length, decay: i % 2 === 0 };
  });
};
const block = (width: number): readonly number[] => [
  ...[width * width * 4, width, width * width * 4, width * 4, width * width * 4, width],
];

export const adamw = defineKernel({
  name: 'adamw',
  wgsl,
  lib: gridLib,
  /**
   * segments: from segmentTable. clip: as gradNorm leaves it, (norm, factor); what the gradients are
   * multiplied by. Factor 0 says that they are no good: nothing changes.
   */
  inputs: {
    gradients: 'f32',
    segments: 'u32',
    clip: 'f32',
    parameters: 'f32',
    means: 'f32',
    squares: 'f32',
  },
  /** All in place. At learning rate 0 the moments move on and the parameters keep their bits. */
  outputs: { parameters: 'f32', means: 'f32', squares: 'f32' },
  params: fields,
  size: () => ({}),
  passes: ({ segments }) => [{ entryPoint: 'update', workgroups: segments }],
  constants: chunkConstants,

  reference({ gradients, segments, clip }, params, { parameters, means, squares }) {
    const factor = clip[1] as number;
    if (factor === 0) return;
    for (let segment = 0; segment < params.segments; segment++) {
      const [first = 0, length = 0, decay] = segments.subarray(ROW_WORDS * segment);
      const shrink = decay ? params.shrink : 0;
      for (let i = first; i < Math.min(first + length, params.words); i++) {
        const scaled = (gradients[i] as number) * factor;
        const g = Math.min(Math.max(scaled, -LARGEST_GRADIENT), LARGEST_GRADIENT);
        const mean = params.keepMean * (means[i] as number) + params.addMean * g;
        const square = params.keepSquare * (squares[i] as number) + params.addSquare * g * g;
        means[i] = mean;
        squares[i] = square;
        if (!(params.rate > 0)) continue;
        const p = parameters[i] as number;
        const root = Math.sqrt(square) * params.rootScale;
        parameters[i] = p - (shrink * p + params.rate * (mean / (root + params.epsilon)));
      }
    }
  },

  cases: [
    stepCase({ why: 'one parameter', tensors: inARow(1) }),
    stepCase({
      why: 'the first step: without its corrections it would be a hundredth',
      tensors: inARow(79, 80),
      options: { step: 1 },
      fresh: true,
    }),
    stepCase({
      why: 'a late step: the corrections are 1',
      tensors: inARow(300),
      options: { step: 1_000_000 },
    }),
    stepCase({
      why: 'decay of some tensors, none of their neighbours',
      tensors: inARow(1, 2, 3, 127, 128, 129, 1, 1),
      options: { learningRate: 0.1, weightDecay: 2 },
    }),
    stepCase({
      why: 'tensors out of order with gaps between: the gaps keep what they hold',
      tensors: [
        { first: 900, length: 101, decay: true },
        { first: 3, length: 61, decay: false },
        { first: 128, length: 257, decay: true },
      ],
    }),
    stepCase({
      why: 'a tensor of several segments, the last of one element',
      tensors: inARow(2 * SEGMENT + 1, 7),
    }),
    stepCase({ why: 'clipped gradients', tensors: inARow(130, 9), factor: 0.0625 }),
    stepCase({
      why: 'factor 0 and gradients that are NaN: nothing changes',
      tensors: inARow(130, 9),
      factor: 0,
      gradient: () => Number.NaN,
    }),
    stepCase({
      why: 'learning rate 0: moments only',
      tensors: inARow(130, 9),
      options: { learningRate: 0 },
    }),
    stepCase({
      why: 'no gradient yet: 0 / epsilon is 0',
      tensors: inARow(130, 9),
      options: { step: 1 },
      fresh: true,
      gradient: () => 0,
    }),
    stepCase({
      why: 'gradients whose squares overflow',
      tensors: inARow(130, 9),
      gradient: (i) => 1e30 * signed(1, i),
    }),
    stepCase({
      why: 'gradients whose squares vanish',
      tensors: inARow(130, 9),
      fresh: true,
      gradient: (i) => 1e-25 * signed(1, i),
    }),
    stepCase({
      why: 'betas of 0: the sign of the gradient',
      tensors: inARow(300),
      options: { beta1: 0, beta2: 0 },
    }),
    stepCase({
      why: '65,537 tensors: the grid folds',
      tensors: () =>
        Array.from({ length: 65_537 }, (_, first) => ({
          first,
          length: 1,
          decay: first % 2 === 0,
        })),
    }),
  ],
  // Sums of terms up to about 10 that may cancel, rounded to float32.
  tolerance: { absolute: 5e-7, relative: 2e-6 },
  tolerances: {
    means: { absolute: 2e-7, relative: 1e-6 },
    squares: { absolute: 1e-37, relative: 1e-6 },
  },
  bench: [
    stepCase({ why: 'a block of width 128: 6 tensors', tensors: inARow(...block(128)) }),
    stepCase({
      why: '5 blocks of width 256: 30 tensors',
      tensors: inARow(...[1, 2, 3, 4, 5].flatMap(() => block(256))),
    }),
  ],
  bytes: ({ words, segments }) => 28 * words + 4 * ROW_WORDS * segments,
});
