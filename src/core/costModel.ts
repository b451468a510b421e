// What a run should have cost if passes were all that counts (METHODS 3.6): a forward pass takes as long
// however many positions it is fed, which holds while it is bound by reading weights.

export interface CostInputs {
  /** Tokens that the method produced. */
  readonly tokens: number;
  /** Forward passes, those whose token was discarded included. */
  readonly passes: { readonly small: number; readonly large: number };
  /** Milliseconds of one cached one-token pass. */
  readonly passMs: { readonly small: number; readonly large: number };
}

/** n·t_L / (n_S·t_S + n_L·t_L); undefined when there is nothing to divide by. */
export function costModelSpeedUp({ tokens, passes, passMs }: CostInputs): number | undefined {
  const cost = passes.small * passMs.small + passes.large * passMs.large;
  const speedUp = (tokens * passMs.large) / cost;
  return Number.isFinite(speedUp) ? speedUp : undefined;
}
