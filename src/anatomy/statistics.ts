// What can be said of a tensor in a few numbers, and its histogram. Two passes over the values, in float64.

export interface Statistics {
  readonly count: number;
  readonly mean: number;
  /** Of the population. */
  readonly deviation: number;
  /** Euclidean, of all values as one vector (Frobenius, of a matrix). */
  readonly norm: number;
  readonly min: number;
  readonly max: number;
  /** Share that is exactly 0, and share below a hundredth of the largest magnitude. */
  readonly zeros: number;
  readonly tiny: number;
  /** How many values lie in each of equally wide bins from `min` to `max`. */
  readonly histogram: readonly number[];
}

export const BINS = 48;
/** Below this share of the largest magnitude a value counts as tiny. */
const TINY = 0.01;

export function statisticsOf(values: Float32Array): Statistics {
  const count = values.length;
  let [sum, squares] = [0, 0];
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  let zeros = 0;
  for (let i = 0; i < count; i++) {
    const x = values[i]!;
    sum += x;
    squares += x * x;
    if (x < min) min = x;
    if (x > max) max = x;
    if (x === 0) zeros++;
  }
  const mean = sum / count;
  const histogram = new Array<number>(BINS).fill(0);
  const scale = max > min ? BINS / (max - min) : 0;
  const small = TINY * Math.max(Math.abs(min), Math.abs(max));
  let [spread, tiny] = [0, 0];
  for (let i = 0; i < count; i++) {
    const x = values[i]!;
    spread += (x - mean) ** 2;
    if (Math.abs(x) < small) tiny++;
    histogram[Math.min(BINS - 1, Math.floor((x - min) * scale))]!++;
  }
  return {
    count,
    mean,
    deviation: Math.sqrt(spread / count),
    norm: Math.sqrt(squares),
    min,
    max,
    zeros: zeros / count,
    tiny: tiny / count,
    histogram,
  };
}
