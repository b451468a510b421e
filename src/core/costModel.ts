// What a run should have cost if passes were all that counts (METHODS 3.6): a forward pass takes as long
// however many positions it is fed, which holds while it is bound by reading weights.

import { type ByRole, ROLES } from './roles.ts';

export interface CostInputs {
  /** Tokens that the method produced. */
  readonly tokens: number;
  /** Forward passes, those whose token was discarded included. */
  readonly passes: ByRole<number>;
  /** Milliseconds of one cached one-token pass. */
  readonly passMs: ByRole<number>;
}

/**
 * n t_L / sum over roles of n_r t_r; undefined when there is nothing to divide by, or when a model took part
 * whose passes were not measured.
 */
export function costModelSpeedUp({ tokens, passes, passMs }: CostInputs): number | undefined {
  const cost = ROLES.reduce((sum, role) => {
    const count = passes[role] ?? 0;
    return count === 0 ? sum : sum + count * (passMs[role] ?? Number.NaN);
  }, 0);
  const speedUp = (tokens * (passMs.large ?? Number.NaN)) / cost;
  return Number.isFinite(speedUp) ? speedUp : undefined;
}
