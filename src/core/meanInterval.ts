// How sure a mean is: Student's t interval, for rewards that are graded and for means over seeds. (A share of right
// answers has the Wilson interval, which needs no spread to be seen.)

import type { Interval } from './wilson.ts';

export interface Mean extends Interval {
  readonly n: number;
  readonly mean: number;
  /** Sample standard deviation; 0 for fewer than two values. */
  readonly deviation: number;
}

/** 0.975 quantiles for 1 to 12 degrees of freedom; beyond, the expansion below is closer than 1e-6. */
const QUANTILES = [
  12.706205, 4.302653, 3.182446, 2.776445, 2.570582, 2.446912, 2.364624, 2.306004, 2.262157,
  2.228139, 2.200985, 2.178813,
] as const;
const Z = 1.959963984540054;

/** 0.975 quantile of Student's t (Abramowitz and Stegun 26.7.5 where it is not tabulated). */
export function studentQuantile(freedom: number): number {
  const known = QUANTILES[freedom - 1];
  if (known !== undefined) return known;
  const z2 = Z * Z;
  const terms = [
    (z2 + 1) / 4,
    ((5 * z2 + 16) * z2 + 3) / 96,
    (((3 * z2 + 19) * z2 + 17) * z2 - 15) / 384,
    ((((79 * z2 + 776) * z2 + 1482) * z2 - 1920) * z2 - 945) / 92160,
  ];
  return Z * terms.reduce((sum, term, i) => sum + term / freedom ** (i + 1), 1);
}

/** Mean of `values` and its two-sided 95 % interval; unbounded when fewer than two values say nothing of a spread. */
export function meanInterval(values: readonly number[]): Mean {
  const n = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  return around(
    n,
    mean,
    values.reduce((sum, value) => sum + (value - mean) ** 2, 0),
  );
}

/** The same from the number of values, their sum and the sum of their squares; for values of the size of 1. */
export function meanOfSums(n: number, sum: number, squares: number): Mean {
  return around(n, sum / n, Math.max(0, squares - (sum * sum) / n));
}

/** @param spread sum of the squared distances from the mean */
function around(n: number, mean: number, spread: number): Mean {
  if (n < 2) {
    return { n, mean, deviation: 0, low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };
  }
  const deviation = Math.sqrt(spread / (n - 1));
  const half = studentQuantile(n - 1) * (deviation / Math.sqrt(n));
  return { n, mean, deviation, low: mean - half, high: mean + half };
}
