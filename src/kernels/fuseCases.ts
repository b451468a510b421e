// Logits for fuseLogits. The best point of a grid lies clearly below its neighbours in every case: with ties,
// rounding would decide. Bad rows come back as NaN, which equals nothing, so they are tested on their own.

import type { FuseParams } from './fuseLogits.ts';
import { likely, makeRows, type RowsSpec } from './hardRows.ts';
import type { ArraysOf, KernelCase } from './kernel.ts';

type Inputs = {
  readonly small: 'f32';
  readonly expert1: 'f32';
  readonly expert2: 'f32';
  readonly expert3: 'f32';
  readonly logits: 'f32';
};
type FuseFields = { readonly [K in keyof FuseParams]: 'u32' | 'f32' };
type FuseCase = KernelCase<Inputs, FuseFields>;
type Setting = Partial<
  Pick<FuseParams, 'experts' | 'search' | 'low' | 'step' | 'count' | 'contrast'>
>;

const GIVEN = 0;
const GRID = 1;
const REFINED = 2;
const JOINT = 3;

type Fill = RowsSpec['fill'];
interface Models {
  readonly large: Fill;
  readonly small: Fill;
  readonly experts: readonly [Fill, Fill, Fill];
}

/** Experts that moved away from the small model, each in its own direction. */
const learned = (direction: number, strength: number): Fill => {
  return (row, id) => likely(row, id) + strength * (likely(row + 100 * direction, id + 5) / 3);
};
const some: Models = {
  large: (row, id) => 1.3 * likely(row, id) + 0.4 * likely(row + 900, id),
  small: likely,
  experts: [learned(1, 1), learned(2, 0.8), learned(3, 1.2)],
};

const fuseCase = (
  spec: Omit<RowsSpec, 'fill'>,
  setting: Setting,
  models: Models = some,
  outside = 3e38,
): FuseCase => ({
  why: spec.why,
  make: () => {
    const { logits, window } = makeRows({ ...spec, fill: models.large }, outside);
    const { logits: small } = makeRows({ ...spec, fill: models.small });
    const [expert1, expert2, expert3] = models.experts.map(
      (fill) => makeRows({ ...spec, fill }).logits,
    ) as [Float32Array, Float32Array, Float32Array];
    const { base, pitch } = window;
    const params: FuseParams = {
      ...window,
      smallBase: base,
      smallPitch: pitch,
      expertBase1: base,
      expertPitch1: pitch,
      expertBase2: base,
      expertPitch2: pitch,
      expertBase3: base,
      expertPitch3: pitch,
      experts: 1,
      search: GRID,
      low: 0,
      step: 0.1,
      count: 21,
      alpha1: 0.7,
      alpha2: -0.4,
      alpha3: 1.6,
      contrast: 0,
      ...setting,
    };
    const inputs: ArraysOf<Inputs> = { small, expert1, expert2, expert3, logits };
    return { params, inputs };
  },
});

const shape = (why: string, rows: number, vocab: number) => ({ why, rows, vocab });

export const fuseCases: readonly FuseCase[] = [
  fuseCase(shape('given: one expert', 3, 79), { search: GIVEN }),
  fuseCase(shape('given: three experts, one pushed away', 2, 600), { search: GIVEN, experts: 3 }),
  fuseCase(shape('given: no expert, a contrast', 2, 79), {
    search: GIVEN,
    experts: 0,
    contrast: 0.5,
  }),
  fuseCase(shape('grid: one expert', 4, 79), {}),
  fuseCase(shape('grid: one past a tile', 2, 513), {}),
  fuseCase(shape('grid: three experts, one at a time', 2, 300), { experts: 3 }),
  fuseCase(shape('grid: other steps', 2, 79), { low: 0.25, step: 0.25, count: 12 }),
  fuseCase(shape('grid: a single point', 1, 79), { low: 0.5, count: 1 }),
  fuseCase(shape('refined: one expert', 4, 79), { search: REFINED }),
  fuseCase(shape('refined: three experts', 2, 700), { search: REFINED, experts: 3 }),
  fuseCase(
    shape('refined: at the edge, a peaked large model', 2, 79),
    { search: REFINED },
    {
      ...some,
      large: (row, id) => (id === 17 + row ? 9 : likely(row, id)),
    },
  ),
  fuseCase(
    shape('refined: large = small, so the expert comes out', 2, 79),
    { search: REFINED },
    {
      ...some,
      large: some.small,
    },
  ),
  fuseCase(
    shape('refined: shifts of up to 40 nats, points 0.05 apart', 3, 79),
    { search: REFINED, step: 0.05, count: 41 },
    {
      large: (row, id) => 2 * likely(row, id),
      small: likely,
      experts: [
        (row, id) => likely(row, id) + 40 * Math.sin(7 * id + row) ** 3,
        some.small,
        some.small,
      ],
    },
  ),
  fuseCase(
    shape('grid: a shift of 60 nats, so each point is summed by itself', 2, 79),
    {},
    {
      large: (row, id) => (id === 7 + row ? -55 : some.large(row, id)),
      small: (row, id) => (id === 7 + row ? -55 : likely(row, id)),
      experts: [
        (row, id) => (id === 7 + row ? 5 : some.experts[0](row, id)),
        some.small,
        some.small,
      ],
    },
  ),
  fuseCase(shape('joint: two experts, 441 points', 1, 79), { search: JOINT, experts: 2 }),
  fuseCase(shape('joint: three experts, coarse', 2, 300), {
    search: JOINT,
    experts: 3,
    step: 0.5,
    count: 5,
  }),
  fuseCase(
    shape('no shift: the expert is the small model, alpha is the first', 2, 79),
    {},
    {
      ...some,
      experts: [some.small, some.small, some.small],
    },
  ),
  fuseCase(
    shape('models a constant apart: it means nothing', 2, 79),
    { search: REFINED },
    {
      large: (row, id) => some.large(row, id) - 80,
      small: (row, id) => some.small(row, id) + 40,
      experts: [(row, id) => some.experts[0](row, id) - 30, some.small, some.small],
    },
  ),
  fuseCase(
    shape('what one model never says is never said', 2, 300),
    { search: REFINED, experts: 2 },
    {
      large: (row, id) => (id % 7 === 3 ? Number.NEGATIVE_INFINITY : some.large(row, id)),
      small: (row, id) => (id === 11 ? -3e30 : some.small(row, id)),
      experts: [
        some.experts[0],
        (row, id) => (id === 20 ? Number.NEGATIVE_INFINITY : some.experts[1](row, id)),
        some.small,
      ],
    },
  ),
  fuseCase(
    {
      ...shape('padded heads, every second row from the second on', 3, 101),
      stride: 128,
      rowStart: 1,
      rowStep: 2,
    },
    { search: REFINED },
  ),
  fuseCase(shape('the vocabulary of Qwen 2.5, one row', 1, 151_936), { search: REFINED }),
];

/** The vocabulary of Qwen 2.5 with the paper's grid, and what is searched between its points at half its step. */
export const fuseShapes = [1, 64].flatMap((rows) =>
  [1, 3].flatMap((experts) =>
    [GRID, REFINED].map((search) => ({
      why: `${rows} x 151,936, ${experts === 1 ? 'one expert' : 'three experts'}, ${search === GRID ? 'grid' : 'refined'}`,
      rows,
      setting: { experts, search, ...(search === REFINED && { step: 0.05, count: 41 }) },
    })),
  ),
);

export const fuseBench: readonly FuseCase[] = [
  fuseCase(shape('1 x 79, one expert, refined', 1, 79), { search: REFINED, step: 0.05, count: 41 }),
  ...fuseShapes.map(({ why, rows, setting }) => fuseCase(shape(why, rows, 151_936), setting)),
];
