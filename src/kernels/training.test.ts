// The references of the training kernels against calculus, textbook formulas and hand-worked numbers. They are
// plain loops, so given float64 arrays they compute in float64, and tolerances can be those of float64.

import { describe, expect, test } from 'vitest';
import { type AdamwOptions, adamw, adamwParams, segmentTable, type TensorSpan } from './adamw.ts';
import { BAD, BAD_NORM, CLIP, gradNorm } from './gradNorm.ts';
import { likely, noise } from './hardRows.ts';
import { NEVER, NONE } from './rows.ts';
import { BAD_ENTROPY } from './tokenLogProbs.ts';
import { IGNORED, tokenLoss } from './tokenLoss.ts';

/** A float64 array where a kernel's type says float32. */
const f64 = (numbers: Iterable<number> | number): Float32Array =>
  (typeof numbers === 'number'
    ? new Float64Array(numbers)
    : Float64Array.from(numbers)) as unknown as Float32Array;
/** Largest magnitude; NaN if there is one. */
const largest = (differences: readonly number[]): number =>
  differences.reduce((most, difference) => Math.max(most, Math.abs(difference)), 0);
const signed = (row: number, i: number): number => 2 * noise(row, i) - 1;

describe('tokenLoss', () => {
  const loss = (rows: number[][], targets: number[], weights: number[]) => {
    const vocab = rows[0]?.length ?? 0;
    const logits = f64(rows.flat());
    const count = rows.length;
    const outputs = { logits, logProbs: f64(count), losses: f64(count), entropies: f64(count) };
    const inputs = { targets: Uint32Array.from(targets), weights: f64(weights), logits };
    const window = { rows: count, vocab, base: 0, pitch: vocab };
    tokenLoss.reference(inputs, window, outputs);
    const gradients = rows.map((_, r) => [...logits.subarray(r * vocab, (r + 1) * vocab)]);
    return { ...outputs, gradients };
  };
  const sum = (numbers: Iterable<number>) => [...numbers].reduce((a, b) => a + b, 0);
  const some = [0, 1, 2].map((row) => Array.from({ length: 41 }, (_, id) => likely(row, id)));
  const targets = [5, 40, 0];
  const weights = [-0.7, 1.9, -0.01];

  test('the gradient is that of the summed losses (finite differences, float64)', () => {
    const { gradients } = loss(some, targets, weights);
    const h = 1e-5;
    const differences = some.flatMap((row, r) =>
      row.map((x, id) => {
        const at = (value: number) => {
          const rows = some.with(r, row.with(id, value));
          return sum(loss(rows, targets, weights).losses);
        };
        return (at(x + h) - at(x - h)) / (2 * h) - (gradients[r]?.[id] ?? Number.NaN);
      }),
    );
    expect(differences).toHaveLength(123);
    expect(largest(differences)).toBeLessThan(1e-9);
  });

  test('the gradient of every row sums to 0, whatever its weight', () => {
    const { gradients } = loss(some, targets, weights);
    expect(largest(gradients.map(sum))).toBeLessThan(1e-15);
  });

  test('a shift of all logits changes nothing', () => {
    const shifted = some.map((row) => row.map((x) => x + 128));
    const before = loss(some, targets, weights).gradients.flat();
    const after = loss(shifted, targets, weights).gradients.flat();
    expect(largest(before.map((x, i) => x - (after[i] as number)))).toBeLessThan(1e-13);
  });

  test('uniform logits: loss and entropy are ln V, and p is 1 / V', () => {
    for (const vocab of [1, 2, 79, 50_257]) {
      const row = new Array<number>(vocab).fill(-3.5);
      const { losses, logProbs, entropies, gradients } = loss([row], [vocab - 1], [-1]);
      const numbers = [losses[0], -(logProbs[0] as number), entropies[0]];
      expect(largest(numbers.map((x) => (x as number) - Math.log(vocab)))).toBeLessThan(1e-12);
      const [gradient = []] = gradients;
      const wanted = row.map((_, id) => 1 / vocab - (id === vocab - 1 ? 1 : 0));
      expect(largest(gradient.map((x, id) => x - (wanted[id] ?? 0)))).toBeLessThan(1e-15);
    }
  });

  test('two tokens by hand', () => {
    const { losses, logProbs, gradients } = loss([[Math.log(3), 0]], [1], [-2]);
    expect(logProbs[0]).toBeCloseTo(Math.log(1 / 4), 14);
    expect(losses[0]).toBeCloseTo(2 * Math.log(4), 14);
    // g (onehot - p) = -2 ([0, 1] - [3/4, 1/4])
    expect(largest([1.5, -1.5].map((x, i) => x - (gradients[0]?.[i] ?? 0)))).toBeLessThan(1e-15);
  });

  test('ignored rows and rows of weight 0 have gradients that are exactly 0', () => {
    const rows = [...some, some[0] ?? [], some[1] ?? []];
    const given = loss(rows, [5, IGNORED, 7, 41, 3], [1, 1, 0, 1, 1]);
    for (const r of [1, 2, 3]) expect(given.gradients[r]?.every((x) => x === 0)).toBe(true);
    expect([given.logProbs[1], given.losses[1], given.entropies[1]]).toEqual([0, 0, 0]);
    expect([given.logProbs[3], given.losses[3], given.entropies[3]]).toEqual([0, 0, 0]);
    const counted = loss([rows[2] ?? []], [7], [1]);
    expect(given.logProbs[2]).toBe(counted.logProbs[0]);
    expect(given.entropies[2]).toBe(counted.entropies[0]);
    expect(IGNORED).toBe(new Uint32Array(Int32Array.of(-1).buffer)[0]);
  });

  test('a bad row is told by its entropy, a target that is never by its loss; all stays finite', () => {
    const inf = Number.POSITIVE_INFINITY;
    const given = loss(
      [
        [0, Number.NaN, 1],
        [0, inf, 1],
        [0, -inf, 0],
      ],
      [0, 0, 1],
      [-1, -1, -1],
    );
    expect([...given.entropies.subarray(0, 2)]).toEqual([BAD_ENTROPY, BAD_ENTROPY]);
    expect([...given.losses.subarray(0, 2)]).toEqual([0, 0]);
    expect(given.gradients.slice(0, 2).flat()).toEqual([0, 0, 0, 0, 0, 0]);
    expect(given.losses[2]).toBe(-NEVER);
    expect(given.gradients[2]).toEqual([0.5, -1, 0.5]);
  });

  test('descent along minus the gradient lowers the loss', () => {
    let rows = some;
    const uniform = [-1 / 3, -1 / 3, -1 / 3];
    let before = Number.POSITIVE_INFINITY;
    for (let step = 0; step < 20; step++) {
      const { losses, gradients } = loss(rows, targets, uniform);
      expect(sum(losses)).toBeLessThan(before);
      before = sum(losses);
      rows = rows.map((row, r) => row.map((x, id) => x - (gradients[r]?.[id] ?? 0)));
    }
  });
});

interface State {
  readonly parameters: Float32Array;
  readonly means: Float32Array;
  readonly squares: Float32Array;
}

describe('adamw', () => {
  const options: AdamwOptions = {
    step: 1,
    learningRate: 0.1,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
    weightDecay: 0.01,
  };
  const whole = (length: number): TensorSpan[] => [{ first: 0, length, decay: true }];
  const update = (
    state: State,
    gradients: Float32Array,
    change: Partial<AdamwOptions> = {},
    tensors = whole(gradients.length),
    factor = 1,
  ) => {
    const segments = segmentTable(tensors);
    const params = adamwParams(segments, gradients.length, { ...options, ...change });
    adamw.reference({ ...state, gradients, segments, clip: f64([1, factor]) }, params, state);
  };
  const start = (parameters: Float32Array): State => ({
    parameters,
    means: f64(parameters.length),
    squares: f64(parameters.length),
  });

  test('two steps by hand', () => {
    // p = 1, lr 0.1, betas 1/2, epsilon 0 but for its least value, decay 1/10; gradients 2, then -4.
    const change = { beta1: 0.5, beta2: 0.5, weightDecay: 0.1, epsilon: 1e-30 };
    const state = start(f64([1]));
    // m = 1, v = 2; corrected 2 and 4; p = 1 - 0.1 (0.1 + 2/2)
    update(state, f64([2]), { ...change, step: 1 });
    expect([state.means[0], state.squares[0]]).toEqual([1, 2]);
    expect(state.parameters[0]).toBeCloseTo(0.89, 15);
    // m = 1/2 - 2, v = 1 + 8; corrected -1.5/0.75 = -2 and 9/0.75 = 12; p = 0.89 - 0.1 (0.089 - 2/sqrt 12)
    update(state, f64([-4]), { ...change, step: 2 });
    expect([state.means[0], state.squares[0]]).toEqual([-1.5, 9]);
    expect(state.parameters[0]).toBeCloseTo(0.8811 + 0.2 / Math.sqrt(12), 15);
  });

  test('the textbook formula, 25 steps in float64', () => {
    const count = 17;
    const state = start(f64(Array.from({ length: count }, (_, i) => signed(1, i))));
    const [p, m, v] = [[...state.parameters], new Float64Array(count), new Float64Array(count)];
    const { learningRate, beta1, beta2, epsilon, weightDecay } = options;
    for (let step = 1; step <= 25; step++) {
      const gradient = Array.from({ length: count }, (_, i) => signed(step + 1, i));
      update(state, f64(gradient), { step });
      gradient.forEach((g, i) => {
        m[i] = beta1 * (m[i] as number) + (1 - beta1) * g;
        v[i] = beta2 * (v[i] as number) + (1 - beta2) * g ** 2;
        const mean = (m[i] as number) / (1 - beta1 ** step);
        const square = (v[i] as number) / (1 - beta2 ** step);
        const decayed = (p[i] as number) * (1 - learningRate * weightDecay);
        p[i] = decayed - (learningRate * mean) / (Math.sqrt(square) + epsilon);
      });
    }
    expect(largest(p.map((x, i) => x - (state.parameters[i] as number)))).toBeLessThan(1e-13);
  });

  test('the first step is the learning rate, against the sign of the gradient', () => {
    const state = start(f64([5, 5, 5, 5]));
    update(state, f64([1e-3, -20, 1e4, 0]), { weightDecay: 0 });
    const moved = [...state.parameters].map((x) => 5 - x);
    expect(largest(moved.map((x, i) => x - ([0.1, -0.1, 0.1, 0][i] as number)))).toBeLessThan(1e-5);
  });

  test('learning rate 0, and factor 0, keep every bit', () => {
    const odd = [-0, 1e-41, -1e-41, 1, -3.4e38, 0.1];
    const gradients = Float32Array.of(1, -1, 2, 0, 1e30, -7);
    const bits = (floats: Float32Array) => new Uint32Array(floats.slice().buffer);
    const fresh = () => ({
      parameters: Float32Array.from(odd),
      means: new Float32Array(6),
      squares: new Float32Array(6),
    });
    const idle = fresh();
    update(idle, gradients, { learningRate: 0 });
    expect(bits(idle.parameters)).toEqual(bits(Float32Array.from(odd)));
    expect(idle.means.some((x) => x !== 0)).toBe(true);
    const stopped = fresh();
    update(stopped, gradients.fill(Number.NaN), {}, whole(6), 0);
    expect(stopped).toEqual(fresh());
  });

  test('decay is decoupled: it shrinks the parameters and leaves the moments alone', () => {
    const state = start(f64([2, 2]));
    const tensors = [
      { first: 0, length: 1, decay: true },
      { first: 1, length: 1, decay: false },
    ];
    update(state, f64([0, 0]), { weightDecay: 0.5 }, tensors);
    expect([...state.parameters]).toEqual([2 - 0.1 * 0.5 * 2, 2]);
    expect([...state.means, ...state.squares]).toEqual([0, 0, 0, 0]);
  });

  test('the factor scales the gradients', () => {
    const gradients = Array.from({ length: 9 }, (_, i) => signed(4, i));
    const [scaled, factored] = [start(f64(9)), start(f64(9))];
    update(scaled, f64(gradients.map((g) => g / 8)));
    update(factored, f64(gradients), {}, whole(9), 1 / 8);
    expect(factored).toEqual(scaled);
  });

  test('how parameters are cut into tensors, and their order, changes nothing', () => {
    const words = 9000;
    const gradients = f64(Array.from({ length: words }, (_, i) => signed(4, i)));
    const parameters = Array.from({ length: words }, (_, i) => signed(5, i));
    const [once, cut] = [start(f64(parameters)), start(f64(parameters))];
    update(once, gradients);
    const tensors = [8999, 5000, 1, 0].map((first, i, all) => {
      const length = (i === 0 ? words : (all[i - 1] as number)) - first;
      return { first, length, decay: true };
    });
    update(cut, gradients, {}, tensors);
    expect(cut).toEqual(once);
  });

  test('a table covers its tensors, once, in pieces of limited size', () => {
    const table = segmentTable([
      { first: 10, length: 4096, decay: true },
      { first: 5000, length: 4097, decay: false },
    ]);
    expect([...table]).toEqual([10, 4096, 1, 5000, 4096, 0, 9096, 1, 0]);
  });

  test('options out of range are named', () => {
    const table = segmentTable(whole(1));
    const wrong = (change: Partial<AdamwOptions>) => () =>
      adamwParams(table, 1, { ...options, ...change });
    expect(wrong({ step: 0 })).toThrow('step = 0: expected an integer from 1');
    expect(wrong({ beta2: 1 })).toThrow('beta2 = 1');
    expect(wrong({ epsilon: 0 })).toThrow('epsilon = 0');
    expect(wrong({ learningRate: Number.NaN })).toThrow('learningRate = NaN');
  });
});

describe('gradNorm', () => {
  const norm = (gradients: Float32Array, maxNorm = 1) => {
    const outputs = { clip: f64(2), bad: new Uint32Array(2) };
    gradNorm.reference({ gradients }, { words: gradients.length, maxNorm }, outputs);
    return {
      norm: outputs.clip[CLIP.norm] as number,
      factor: outputs.clip[CLIP.factor] as number,
      bad: outputs.bad[BAD.flag],
      first: outputs.bad[BAD.first],
    };
  };
  const some = Array.from({ length: 1000 }, (_, i) => signed(6, i));

  test('3, 4, 12 is 13; the factor brings it to the maximum', () => {
    const given = norm(f64([3, 4, 12]), 2);
    expect(given).toMatchObject({ norm: 13, bad: 0, first: NONE });
    expect(given.factor).toBeCloseTo(2 / 13.000001, 15);
    expect(norm(f64([3, 4, 12]), 14).factor).toBe(1);
    expect(norm(f64([0, 0]), 2)).toMatchObject({ norm: 0, factor: 1 });
  });

  test('it is the root of the sum of squares, and of the squared norms of any pieces', () => {
    const whole = norm(f64(some)).norm;
    const squares = some.reduce((sum, x) => sum + x * x, 0);
    expect(Math.abs(whole - Math.sqrt(squares))).toBeLessThan(1e-12);
    for (const cuts of [[500], [1, 2, 3], [7, 77, 777, 999]]) {
      const pieces = [0, ...cuts].map((from, i) => norm(f64(some.slice(from, cuts[i] ?? 1000))));
      const combined = Math.hypot(...pieces.map((piece) => piece.norm));
      expect(Math.abs(whole - combined)).toBeLessThan(1e-12);
    }
  });

  test('zeros between tensors change no bit', () => {
    const apart = [...some.slice(0, 300), 0, 0, 0, ...some.slice(300), 0];
    expect(norm(f64(apart))).toEqual(norm(f64(some)));
  });

  test('what is clipped has the maximum as its norm', () => {
    const { factor } = norm(f64(some), 0.5);
    expect(norm(f64(some.map((x) => x * factor))).norm).toBeCloseTo(0.5, 6);
  });

  test('NaN and infinities are found, the first is named, and nothing may be scaled by them', () => {
    for (const wrong of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      const given = norm(f64(some.with(900, wrong).with(321, wrong)));
      expect(given).toEqual({ norm: BAD_NORM, factor: 0, bad: 1, first: 321 });
    }
    expect(norm(f64([3e38, 3e38]))).toEqual({ norm: BAD_NORM, factor: 0, bad: 1, first: NONE });
  });
});
