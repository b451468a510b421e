// The completions that a training by reward has shown, step by step, and how their tokens are tinted.

import type { PolicyRole, ShownCompletion, ShownGroup } from '../core/policyEvents.ts';
import { derived } from './derive.ts';
import { isPolicyEvent } from './forget.ts';

export interface ShownStep {
  readonly step: number;
  readonly groups: readonly ShownGroup[];
}

/** Oldest first. */
export const shownSteps = derived((run): readonly ShownStep[] =>
  run.events.flatMap((one) =>
    isPolicyEvent(one, 'completions') ? [{ step: one.event.step, groups: one.event.groups }] : [],
  ),
);

export type Tint = 'logRatio' | 'advantage';

/** Of each token; undefined where there is nothing to show. */
export function tokenValues(
  one: ShownCompletion,
  tint: Tint,
  role: PolicyRole,
): readonly (number | undefined)[] {
  if (tint === 'logRatio') return one.tokens.map((_, at) => one.logRatios[at]);
  const whole = one.advantages[role];
  return one.tokens.map((_, at) => one.tokenAdvantages?.[at] ?? whole);
}

/** The value at which a colour is full: the largest shown, and never less than `least`, so that noise stays pale. */
export function fullAt(groups: readonly ShownGroup[], tint: Tint, role: PolicyRole): number {
  const least = tint === 'logRatio' ? 1 : 0.5;
  let most = least;
  for (const { completions } of groups) {
    for (const one of completions) {
      for (const value of tokenValues(one, tint, role)) {
        if (value !== undefined) most = Math.max(most, Math.abs(value));
      }
    }
  }
  return Math.min(most, 8 * least);
}

/** In [-1, 1]; square roots let small differences be seen. */
export const tintOf = (value: number, full: number): number =>
  Math.sign(value) * Math.sqrt(Math.min(1, Math.abs(value) / full));
