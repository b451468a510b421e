// GRPO and its variants by name, as TRL has them (METHODS 5.6): which surrogate, and what each token counts. In one
// process a step's micro-batches are one batch, so bnpo's mean over the local batch and dapo's over the global one
// are the same; dapo is usually run with a higher upper bound.

import type { PolicyObjective } from './policyLoss.ts';

export const LOSS_TYPES = ['grpo', 'bnpo', 'dr_grpo', 'dapo', 'cispo', 'sapo', 'gspo'] as const;
export type LossType = (typeof LOSS_TYPES)[number];

export interface Clipping {
  readonly epsilon: number;
  /** 0: the same as epsilon. For cispo the cap of rho itself. */
  readonly epsilonHigh: number;
  /** 0: none. */
  readonly delta: number;
}

/** Without KL or teacher. */
export function objectiveOf(type: LossType, clipping: Clipping, temperature = 1): PolicyObjective {
  const { epsilon, epsilonHigh, delta } = clipping;
  const above = epsilonHigh > 0 ? epsilonHigh : epsilon;
  return {
    surrogate: type === 'cispo' ? 'capped' : type === 'sapo' ? 'gated' : 'clipped',
    level: type === 'gspo' ? 'sequence' : 'token',
    low: 1 - epsilon,
    high: type === 'cispo' ? above : 1 + above,
    delta: delta > 0 ? delta : Number.POSITIVE_INFINITY,
    beta: 0,
    unbiased: false,
    distil: 0,
    estimator: 'k2',
    temperature,
  };
}

/**
 * What each token counts.
 * @param masks 1 where the policy chose and what it chose counts, else 0; one list per sequence
 * @param longest most tokens of a completion: the constant that dr_grpo divides by
 */
export function scalesOf(
  type: LossType,
  masks: readonly (readonly number[])[],
  longest: number,
): readonly (readonly number[])[] {
  const lengths = masks.map((mask) => mask.reduce((sum, one) => sum + one, 0));
  const all = lengths.reduce((sum, length) => sum + length, 0);
  const share = (row: number): number => {
    switch (type) {
      case 'grpo':
      case 'sapo':
      case 'gspo':
        return 1 / (masks.length * Math.max(1, lengths[row]!));
      case 'dr_grpo':
        return 1 / (masks.length * longest);
      case 'bnpo':
      case 'dapo':
      case 'cispo':
        return 1 / Math.max(1, all);
      default:
        return type satisfies never;
    }
  };
  return masks.map((mask, row) => mask.map((one) => one * share(row)));
}
