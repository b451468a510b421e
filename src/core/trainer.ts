// What the page needs to know of a training method before it runs: its knobs, whom it trains and what it learns
// from. The training itself is the method's own generator (sft.ts); their contexts differ, so it is not here.

import type { ParamsOf, ParamsTable, ParamValue } from './params.ts';
import type { ByRole, Role } from './roles.ts';
import type { Source } from './source.ts';

export interface Trainer<T extends ParamsTable = ParamsTable> {
  readonly title: string;
  /** One sentence for someone who has never heard of it. */
  readonly summary: string;
  /** Where it comes from; absent for what everybody knows. */
  readonly source?: Source;
  readonly params: T;
  /** Models that take part, given the knobs. */
  roles(params: ParamsOf<T>): readonly Role[];
  /** What each model that may take part does, one line. */
  readonly parts: ByRole<string>;
  /** What it learns from: completions that are given, or the reward of its own (a task, or questions with answers). */
  readonly needs: 'examples' | 'rewards';
  /** Do the knobs go together? Asked before anything is loaded. @throws UserError 'experiment' */
  check?(params: ParamsOf<T>): void;
}

/** A trainer whose knobs are not known to the compiler, as it comes out of the list. */
export interface AnyTrainer extends Omit<Trainer, 'roles' | 'check'> {
  roles(params: Readonly<Record<string, ParamValue>>): readonly Role[];
  check?(params: Readonly<Record<string, ParamValue>>): void;
}

/** Keeps the literal types of the params table. */
export function defineTrainer<const T extends ParamsTable>(trainer: Trainer<T>): Trainer<T> {
  return trainer;
}
