// How an objective and what belongs to a token are laid out for grpoLoss.

import type { PolicyObjective } from '../core/policyLoss.ts';
import { rowFields } from './rows.ts';

/** Numbers of each token that are given: scale, advantage, old, reference, teacher. */
export const GIVEN = { scale: 0, advantage: 1, old: 2, reference: 3, teacher: 4, size: 5 } as const;
/** And those that are found. */
export const TERM = {
  logProb: 0,
  entropy: 1,
  loss: 2,
  ratio: 3,
  kl: 4,
  weight: 5,
  size: 6,
} as const;
/** Bits of `flags`. */
export const FLAG = { old: 1, sequence: 2, unbiased: 4, k3: 8 } as const;
const SURROGATES = ['clipped', 'capped', 'gated'] as const;
/** What is as good as no bound. */
const UNBOUNDED = 3e38;

export const grpoFields = {
  ...rowFields,
  /** Rows of a sequence. */
  columns: 'u32',
  surrogate: 'u32',
  flags: 'u32',
  low: 'f32',
  high: 'f32',
  delta: 'f32',
  beta: 'f32',
  distil: 'f32',
  inverseTemperature: 'f32',
} as const;
/** What an objective is in words. */
export type PolicyParams = Omit<GrpoParams, keyof typeof rowFields | 'columns'>;
type GrpoParams = { readonly [K in keyof typeof grpoFields]: number };

/** @param old whether tokens bring a log-prob that the ratio divides by */
export function grpoParams(objective: PolicyObjective, old: boolean): PolicyParams {
  const { surrogate, level, low, high, delta, beta, unbiased, distil, estimator } = objective;
  return {
    surrogate: SURROGATES.indexOf(surrogate),
    flags:
      (old ? FLAG.old : 0) +
      (level === 'sequence' ? FLAG.sequence : 0) +
      (unbiased ? FLAG.unbiased : 0) +
      (estimator === 'k3' ? FLAG.k3 : 0),
    low,
    high: Math.min(high, UNBOUNDED),
    delta: Math.min(delta, UNBOUNDED),
    beta,
    distil,
    inverseTemperature: 1 / objective.temperature,
  };
}

/** The objective that params say. */
export function objectiveFrom(p: GrpoParams): PolicyObjective {
  return {
    surrogate: SURROGATES[p.surrogate] ?? 'clipped',
    level: p.flags & FLAG.sequence ? 'sequence' : 'token',
    low: p.low,
    high: p.high,
    delta: p.delta,
    beta: p.beta,
    unbiased: (p.flags & FLAG.unbiased) !== 0,
    distil: p.distil,
    estimator: p.flags & FLAG.k3 ? 'k3' : 'k2',
    temperature: 1 / p.inverseTemperature,
  };
}
