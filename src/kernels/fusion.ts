// How far the large model's logits are moved along what the experts have learned: dynamic logits fusion in
// float64 (Fan et al., "On Giant's Shoulders: Effortless Weak to Strong by Dynamic Logits Fusion", NeurIPS 2024,
// arXiv 2406.15480; METHODS 4). Twin of shaders/fuseLogits.wgsl, and the definition it is judged by.
//
// Everything is said by cumulants. With D = expert - small and A(a) = log E_P[exp(a D)], the large model P tilted
// by a D, called P_a, lies at KL(P_a || P) = a A'(a) - A(a) and KL(P || P_a) = A(a) - a E_P[D] from where it was.

type Floats = Float32Array | Float64Array;

/** Of a distribution tilted by a D: log of the sum of exponentials, mean and variance of D. Nats. */
export interface Tilted {
  readonly log: number;
  readonly mean: number;
  readonly variance: number;
}

/** A pair of divergences: of the moved distribution from the original, and the other way round. Nats. */
export interface Distances {
  readonly there: number;
  readonly back: number;
}

export interface Solution {
  /** One per expert. */
  readonly alphas: readonly number[];
  /** Sum over experts of the squared differences between `moved` and `wanted`. */
  readonly loss: number;
  /** How far the large model was moved. */
  readonly moved: Distances;
  /** How far each expert is from the small model. */
  readonly wanted: readonly Distances[];
}

export interface Search {
  /** grid: one expert at a time (METHODS 4.3). refined: the minimum beside each one's. joint: all combinations. */
  readonly kind: 'grid' | 'refined' | 'joint';
  readonly low: number;
  readonly step: number;
  readonly count: number;
}

/**
 * Points of the grid that the shader refines lie at most this far apart. It knows A and its derivatives at the
 * points only; so close, what it knows of A' between them moves alpha by less than 1e-5 while the shifts of tokens
 * that matter stay within some 40 nats (fusion.test.ts).
 */
export const FINE = 0.05;

/** Points a search tries in the shader: those of its grid, and for `refined` as many between them as it takes. */
export function finePoints(search: Search): Search {
  if (search.kind !== 'refined') return search;
  let { step, count } = search;
  // Halves of a float are exact, so that the grid's own points stay among them.
  for (; step > FINE && count > 1; step /= 2) count = 2 * count - 1;
  return { ...search, step, count };
}

/** Experts that differ from the small model by less than this, in nats, move nothing (METHODS 4.4). */
export const NO_SHIFT = 1e-7;
const HALVINGS = 60;

export function tilted(base: Floats, shift: Floats, alpha: number): Tilted {
  let high = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < base.length; i++) high = Math.max(high, base[i]! + alpha * shift[i]!);
  let sum = 0;
  let first = 0;
  for (let i = 0; i < base.length; i++) {
    const e = Math.exp(base[i]! + alpha * shift[i]! - high);
    sum += e;
    first += e * shift[i]!;
  }
  const mean = first / sum;
  let second = 0;
  for (let i = 0; i < base.length; i++) {
    second += Math.exp(base[i]! + alpha * shift[i]! - high) * (shift[i]! - mean) ** 2;
  }
  return { log: high + Math.log(sum), mean, variance: second / sum };
}

/** From `before`, the same without a tilt, to the distribution tilted by `alpha`. */
export const distances = (before: Tilted, after: Tilted, alpha: number): Distances => ({
  there: alpha * after.mean - (after.log - before.log),
  back: after.log - before.log - alpha * before.mean,
});

/** What is minimised (METHODS, D1 and D2). */
export const lossOf = (moved: Distances, wanted: readonly Distances[]): number =>
  wanted.reduce(
    (sum, { there, back }) => sum + (moved.there - there) ** 2 + (moved.back - back) ** 2,
    0,
  );

/** What every search does at one point: the tilt of the large model by sum_t a_t D_t. */
function at(large: Floats, shifts: readonly Floats[], alphas: readonly number[]) {
  const shift = new Float64Array(large.length);
  shifts.forEach((d, t) => {
    for (let i = 0; i < shift.length; i++) shift[i]! += alphas[t]! * d[i]!;
  });
  return distances(tilted(large, shift, 0), tilted(large, shift, 1), 1);
}

/** The points of a search, in the order in which the first strict minimum wins. */
export function pointsOf(experts: number, { kind, low, step, count }: Search): number[][] {
  const steps = Array.from({ length: count }, (_, k) => low + k * step);
  if (kind !== 'joint') {
    return Array.from({ length: experts }, (_, t) =>
      steps.map((alpha) =>
        Array.from({ length: experts }, (_, other) => (other === t ? alpha : 0)),
      ),
    ).flat();
  }
  let points: number[][] = [[]];
  for (let t = 0; t < experts; t++) points = points.flatMap((p) => steps.map((a) => [...p, a]));
  return points;
}

/**
 * @param large logits of the large model, V of them; anything below any model's reach taken out before
 * @param small logits of the small model
 * @param shifts expert - small, one array per expert
 */
export function solveAlphas(
  large: Floats,
  small: Floats,
  shifts: readonly Floats[],
  search: Search,
): Solution {
  const wanted = shifts.map((shift) =>
    distances(tilted(small, shift, 0), tilted(small, shift, 1), 1),
  );
  const points = pointsOf(shifts.length, search);
  const first = solved(points[0]!);
  if (wanted.every(({ there, back }) => Math.max(there, back) < NO_SHIFT)) return first;
  if (search.kind !== 'refined') return bestOf(0, points.length).solution;
  // Beside the best point of each expert, since what lies between points may turn their order.
  return shifts
    .map((_, expert) => refined(expert))
    .reduce((best, other) => (other.loss < best.loss ? other : best));

  function bestOf(begin: number, end: number): { point: number; solution: Solution } {
    let best = { point: begin, solution: solved(points[begin]!) };
    for (let point = begin + 1; point < end; point++) {
      const solution = solved(points[point]!);
      if (solution.loss < best.solution.loss) best = { point, solution };
    }
    return best;
  }

  function solved(alphas: readonly number[]): Solution {
    const moved = at(large, shifts, alphas);
    return { alphas, loss: lossOf(moved, wanted), moved, wanted };
  }

  /** Halves the cell beside the best point of an expert in which the loss falls until its slope vanishes. */
  function refined(expert: number): Solution {
    const { low, step, count } = search;
    const { point, solution } = bestOf(expert * count, (expert + 1) * count);
    const shift = shifts[expert]!;
    const before = tilted(large, shift, 0);
    const middle = low + (point % count) * step;
    const slope = (alpha: number): number => {
      const after = tilted(large, shift, alpha);
      const { there, back } = distances(before, after, alpha);
      const thereSlope = alpha * after.variance;
      const backSlope = after.mean - before.mean;
      return wanted.reduce(
        (sum, w) => sum + (there - w.there) * thereSlope + (back - w.back) * backSlope,
        0,
      );
    };
    const rising = slope(middle) > 0;
    let left = rising ? Math.max(low, middle - step) : middle;
    let right = rising ? middle : Math.min(low + (count - 1) * step, middle + step);
    for (let i = 0; i < HALVINGS && left < right; i++) {
      const centre = (left + right) / 2;
      if (slope(centre) > 0) right = centre;
      else left = centre;
    }
    const alpha = (left + right) / 2;
    const found = solved(shifts.map((_, t) => (t === expert ? alpha : 0)));
    return found.loss < solution.loss ? found : solution;
  }
}
