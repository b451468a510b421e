// Dynamic logits fusion against the oracle of METHODS 7 and against what must hold (METHODS 4.5).

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import oracle from '../../test/oracles/dlf.json' with { type: 'json' };
import { uniform } from '../core/rng.ts';
import {
  distances,
  FINE,
  finePoints,
  lossOf,
  pointsOf,
  type Search,
  solveAlphas,
  type Tilted,
  tilted,
} from './fusion.ts';

const TOLERANCE = 1e-9;
const paper: Search = { kind: 'grid', low: 0, step: 0.1, count: 21 };
const floats = (values: readonly number[]) => Float64Array.from(values);
const minus = (a: readonly number[], b: readonly number[]) => floats(a.map((x, i) => x - b[i]!));
const near = (got: number, wanted: number, tolerance = TOLERANCE) =>
  expect(Math.abs(got - wanted) <= tolerance, `${got}, expected ${wanted}`).toBe(true);

interface Point {
  readonly alpha: number;
  readonly KL_fused_large: number;
  readonly KL_large_fused: number;
}
interface Single {
  readonly inputs: Readonly<Record<'large' | 'small' | 'expert', number[]>>;
  readonly expected: {
    readonly alpha: number;
    readonly loss: number;
    readonly KL_ft_small: number;
    readonly KL_small_ft: number;
    readonly curve?: readonly Point[];
    readonly 'dense_reference_step_1e-4'?: { readonly alpha: number; readonly loss: number };
  };
}
interface Cumulants {
  readonly inputs: Single['inputs'];
  readonly expected: {
    readonly E_P_D: number;
    readonly root_KL_fused_large: number;
    readonly root_KL_large_fused: number;
    readonly rows: readonly (Point & { readonly A: number; readonly A_prime: number })[];
  };
}
interface Several {
  readonly inputs: Readonly<Record<'large' | 'small', number[]>> & { readonly experts: number[][] };
  readonly expected: {
    readonly one_at_a_time: {
      readonly expert: number;
      readonly alpha: number;
      readonly loss: number;
      readonly curve?: readonly { readonly expert: number; alpha: number; loss: number }[];
    };
    readonly full_grid: { readonly alphas: readonly number[]; readonly loss: number };
  };
}
type Bigrams = Readonly<Record<string, number[]>>;
interface Sequence {
  readonly inputs: Readonly<Record<'large' | 'small' | 'expert', Bigrams>> & {
    readonly start: number;
  };
  readonly expected: {
    readonly sequence: readonly number[];
    readonly steps: readonly { readonly alpha: number; readonly loss: number }[];
  };
}

function caseOf<T>(id: string): T {
  const found: unknown = oracle.cases.find((one) => one.id === id);
  if (!found) throw new Error(`no case ${id}`);
  return found as T;
}

const single = [
  'single_generic',
  'identity_large_equals_small',
  'no_shift',
  'confident_large_needs_alpha_above_1',
];

describe('one expert', () => {
  test.each(single)('%s', (id) => {
    const { inputs, expected } = caseOf<Single>(id);
    const [large, small, shift] = [
      floats(inputs.large),
      floats(inputs.small),
      minus(inputs.expert, inputs.small),
    ];
    const found = solveAlphas(large, small, [shift], paper);
    near(found.alphas[0]!, expected.alpha);
    near(found.loss, expected.loss);
    near(found.wanted[0]!.there, expected.KL_ft_small);
    near(found.wanted[0]!.back, expected.KL_small_ft);
    for (const point of expected.curve ?? []) {
      const moved = distances(
        tilted(large, shift, 0),
        tilted(large, shift, point.alpha),
        point.alpha,
      );
      near(moved.there, point.KL_fused_large);
      near(moved.back, point.KL_large_fused);
    }
    const dense = expected['dense_reference_step_1e-4'];
    if (!dense) return;
    const exact = solveAlphas(large, small, [shift], { ...paper, kind: 'refined' });
    near(exact.alphas[0]!, dense.alpha, 1e-4);
    expect(exact.loss).toBeLessThanOrEqual(dense.loss);
  });

  test('cumulant_form: both divergences grow with alpha, and their roots enclose the minimum', () => {
    const { inputs, expected } = caseOf<Cumulants>('cumulant_form');
    const large = floats(inputs.large);
    const small = floats(inputs.small);
    const shift = minus(inputs.expert, inputs.small);
    const before = tilted(large, shift, 0);
    near(before.mean, expected.E_P_D);
    for (const row of expected.rows) {
      const after = tilted(large, shift, row.alpha);
      const moved = distances(before, after, row.alpha);
      near(after.log - before.log, row.A);
      near(after.mean, row.A_prime);
      near(moved.there, row.KL_fused_large);
      near(moved.back, row.KL_large_fused);
    }
    const exact = solveAlphas(large, small, [shift], { ...paper, kind: 'refined' }).alphas[0]!;
    expect(exact).toBeGreaterThan(expected.root_KL_fused_large);
    expect(exact).toBeLessThan(expected.root_KL_large_fused);
  });
});

describe('several experts', () => {
  test.each(['multi_two_experts', 'multi_joint_differs'])('%s', (id) => {
    const { inputs, expected } = caseOf<Several>(id);
    const shifts = inputs.experts.map((expert) => minus(expert, inputs.small));
    const [large, small] = [floats(inputs.large), floats(inputs.small)];
    const one = solveAlphas(large, small, shifts, paper);
    near(one.alphas[expected.one_at_a_time.expert]!, expected.one_at_a_time.alpha);
    expect(one.alphas.filter((alpha) => alpha !== 0).length).toBeLessThanOrEqual(1);
    near(one.loss, expected.one_at_a_time.loss);
    const joint = solveAlphas(large, small, shifts, { ...paper, kind: 'joint' });
    expected.full_grid.alphas.forEach((alpha, t) => {
      near(joint.alphas[t]!, alpha);
    });
    near(joint.loss, expected.full_grid.loss);
    expected.one_at_a_time.curve?.forEach(({ expert, alpha, loss }, point) => {
      near(pointsOf(2, paper)[point]![expert]!, alpha);
      const shift = shifts[expert]!.map((d) => alpha * d);
      const moved = distances(tilted(large, shift, 0), tilted(large, shift, 1), 1);
      near(lossOf(moved, one.wanted), loss);
    });
  });
});

test('greedy_sequence: alpha is solved anew at every step', () => {
  const { inputs, expected } = caseOf<Sequence>('greedy_sequence');
  const sequence: number[] = [inputs.start];
  for (const step of expected.steps) {
    const previous = String(sequence.at(-1));
    const [large, small] = [inputs.large[previous]!, inputs.small[previous]!];
    const shift = minus(inputs.expert[previous]!, small);
    const { alphas, loss } = solveAlphas(floats(large), floats(small), [shift], paper);
    near(alphas[0]!, step.alpha);
    near(loss, step.loss);
    const fused = large.map((x, i) => x + alphas[0]! * shift[i]!);
    sequence.push(fused.indexOf(Math.max(...fused)));
  }
  expect(sequence).toEqual(expected.sequence);
});

describe('what must hold', () => {
  const vocab = 12;
  const logits = fc.array(fc.double({ min: -6, max: 6, noNaN: true }), {
    minLength: vocab,
    maxLength: vocab,
  });

  test('between the points of the grid it is never worse than on them (1,000 instances)', () => {
    fc.assert(
      fc.property(logits, logits, logits, (large, small, expert) => {
        const models = [floats(large), floats(small), [minus(expert, small)]] as const;
        const grid = solveAlphas(...models, paper);
        const exact = solveAlphas(...models, { ...paper, kind: 'refined' });
        expect(exact.loss).toBeLessThanOrEqual(grid.loss);
        expect(exact.alphas[0]).toBeGreaterThanOrEqual(0);
        expect(exact.alphas[0]).toBeLessThanOrEqual(2 + 1e-12);
      }),
      { numRuns: 1000 },
    );
  });

  test('the minimum lies between the roots of the two divergences (METHODS 4.4)', () => {
    fc.assert(
      fc.property(logits, logits, logits, (large, small, expert) => {
        const shift = minus(expert, small);
        fc.pre(Math.max(...shift) - Math.min(...shift) > 0.1);
        const models = [floats(large), floats(small), [shift]] as const;
        const { alphas, wanted } = solveAlphas(...models, { ...paper, kind: 'refined' });
        const before = tilted(models[0], shift, 0);
        const root = (which: 'there' | 'back'): number => {
          let [low, high] = [0, 2];
          for (let i = 0; i < 60; i++) {
            const alpha = (low + high) / 2;
            const moved = distances(before, tilted(models[0], shift, alpha), alpha);
            if (moved[which] < wanted[0]![which]) low = alpha;
            else high = alpha;
          }
          return high;
        };
        const roots = [root('there'), root('back')];
        expect(alphas[0]).toBeGreaterThanOrEqual(Math.min(...roots) - 1e-5);
        expect(alphas[0]).toBeLessThanOrEqual(Math.max(...roots) + 1e-5);
      }),
    );
  });

  /** As `between` in shaders/lib/tiltSolve.wgsl: A and A' at a share s of the way between two points. */
  function between(left: Tilted & Skewed, right: Tilted & Skewed, h: number, s: number) {
    const c0 = left.mean;
    const c1 = h * left.variance;
    const c2 = 0.5 * h * h * left.skew;
    const rise = right.mean - c0 - c1 - c2;
    const slope = h * right.variance - c1 - 2 * c2;
    const bend = h * h * right.skew - 2 * c2;
    const c3 = 10 * rise - 4 * slope + 0.5 * bend;
    const c4 = -15 * rise + 7 * slope - bend;
    const c5 = 6 * rise - 3 * slope + 0.5 * bend;
    const mean = c0 + s * (c1 + s * (c2 + s * (c3 + s * (c4 + s * c5))));
    const area =
      s * (c0 + s * (c1 / 2 + s * (c2 / 3 + s * (c3 / 4 + s * (c4 / 5 + (s * c5) / 6)))));
    return { log: left.log + h * area, mean };
  }
  interface Skewed {
    readonly skew: number;
  }
  function skewed(base: Float64Array, shift: Float64Array, alpha: number): Tilted & Skewed {
    const known = tilted(base, shift, alpha);
    const skew = base.reduce(
      (sum, x, i) =>
        sum + Math.exp(x + alpha * shift[i]! - known.log) * (shift[i]! - known.mean) ** 3,
      0,
    );
    return { ...known, skew };
  }

  test.each([
    [3, 79],
    [10, 79],
    [20, 300],
    [40, 30],
  ])(
    'what the shader knows between its points finds it to 1e-5: shifts of %d nats, %d tokens',
    (reach, count) => {
      for (let run = 0; run < 60; run++) {
        const draw = (step: number) =>
          floats(Array.from({ length: count }, (_, row) => uniform({ seed: 5, run, step, row })));
        const large = draw(0).map((u) => 12 * u);
        const small = draw(1).map((u, i) => 0.6 * large[i]! + 3 * u);
        const shift = draw(2).map((u) => reach * (u - 0.5));
        const exact = solveAlphas(large, small, [shift], { ...paper, kind: 'refined' });
        const alpha = exact.alphas[0]!;
        const cell = Math.min(39, Math.floor(alpha / FINE));
        const [left, right] = [
          skewed(large, shift, cell * FINE),
          skewed(large, shift, (cell + 1) * FINE),
        ];
        const before = tilted(large, shift, 0);
        const { there, back } = exact.wanted[0]!;
        // Half the derivative of the loss, from what is known at the cell's ends.
        const slope = (a: number) => {
          const after = between(left, right, FINE, (a - cell * FINE) / FINE);
          const variance =
            (between(left, right, FINE, (a + 1e-6 - cell * FINE) / FINE).mean - after.mean) / 1e-6;
          const moved = distances(before, { ...after, variance }, a);
          return (
            (moved.there - there) * a * variance + (moved.back - back) * (after.mean - before.mean)
          );
        };
        const inside = alpha > 1e-4 && alpha < 2 - 1e-4;
        if (!inside) continue;
        expect(slope(alpha - 1e-5), `${run}`).toBeLessThanOrEqual(0);
        expect(slope(alpha + 1e-5), `${run}`).toBeGreaterThanOrEqual(0);
      }
    },
  );

  test('a finer grid holds the points of the coarse one', () => {
    const fine = finePoints({ kind: 'refined', low: 0, step: 0.5, count: 5 });
    expect(fine).toEqual({ kind: 'refined', low: 0, step: 0.03125, count: 65 });
    expect(finePoints(paper)).toBe(paper);
    expect(finePoints({ ...paper, kind: 'refined' })).toMatchObject({ step: 0.05, count: 41 });
  });

  test('where large = small the expert comes out: alpha is 1', () => {
    fc.assert(
      fc.property(logits, logits, (small, expert) => {
        const shift = minus(expert, small);
        fc.pre(Math.max(...shift) - Math.min(...shift) > 0.1);
        const models = [floats(small), floats(small), [shift]] as const;
        near(solveAlphas(...models, paper).alphas[0]!, 1);
        near(solveAlphas(...models, { ...paper, kind: 'refined' }).alphas[0]!, 1, 1e-5);
      }),
    );
  });

  test('a constant added to any model’s logits changes nothing', () => {
    const constant = fc.double({ min: -50, max: 50, noNaN: true });
    fc.assert(
      fc.property(logits, logits, logits, constant, constant, (large, small, expert, a, b) => {
        const refined = { ...paper, kind: 'refined' } as const;
        const plain = solveAlphas(floats(large), floats(small), [minus(expert, small)], refined);
        const moved = solveAlphas(
          floats(large.map((x) => x + a)),
          floats(small.map((x) => x - b)),
          [minus(expert, small).map((x) => x + b)],
          refined,
        );
        near(moved.loss, plain.loss, 1e-7);
      }),
    );
  });

  test('divergences are not negative and grow with alpha', () => {
    fc.assert(
      fc.property(logits, logits, (large, shift) => {
        const [base, d] = [floats(large), floats(shift)];
        const before = tilted(base, d, 0);
        let last = { there: 0, back: 0 };
        for (let alpha = 0; alpha <= 3; alpha += 0.25) {
          const moved = distances(before, tilted(base, d, alpha), alpha);
          expect(moved.there).toBeGreaterThanOrEqual(last.there - 1e-9);
          expect(moved.back).toBeGreaterThanOrEqual(last.back - 1e-9);
          last = moved;
        }
      }),
    );
  });
});
