// A training by reward of hundreds of steps writes more text than a page should hold, so of older steps' completions
// every second one is forgotten, again and again: what stays is dense at the end and thin at the beginning.

import type { RunEvent } from '../core/events.ts';
import type { PolicyEvent } from '../core/policyEvents.ts';

/** Steps whose completions stay. */
export const SHOWN_STEPS = 64;

/** Is it an event of training by reward of this kind? */
export const isPolicyEvent = <T extends PolicyEvent['type']>(
  event: RunEvent,
  type: T,
): event is Extract<RunEvent, { readonly type: 'policy' }> & {
  readonly event: Extract<PolicyEvent, { readonly type: T }>;
} => event.type === 'policy' && event.event.type === type;

/** The events without some of the older completions, if there are too many; else the same array. */
export function forgetful(events: readonly RunEvent[], most = SHOWN_STEPS): readonly RunEvent[] {
  const places = events.flatMap((one, at) => (isPolicyEvent(one, 'completions') ? [at] : []));
  if (places.length <= most) return events;
  // The first step stays, where the loss is 0 and all ratios are 1; of the older half, every second one goes.
  const gone = new Set(places.slice(1, most / 2).filter((_, i) => i % 2 === 0));
  return events.filter((_, at) => !gone.has(at));
}
