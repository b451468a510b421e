// The pairs of a link that compare trainings.
//   plans=2&p1.method=grpo&p1.steps=100&...&p2.method=codistillGrpo&p2.label=mine&...&seeds=3

import { methods, methodsOf } from './catalogue.ts';
import { LIMITS, type TrainerMethodId } from './experiment.ts';
import { oneOf, type Pairs } from './pairs.ts';
import { MOST_PLANS, type Plan, type Study, usualStudy } from './study.ts';

export function writeStudy({ plans, seeds }: Study, pairs: URLSearchParams): void {
  pairs.set('plans', String(plans.length));
  plans.forEach(({ label, method, params }, i) => {
    const prefix = `p${i + 1}.`;
    pairs.set(`${prefix}method`, method);
    if (label !== '') pairs.set(`${prefix}label`, label);
    for (const [key, value] of Object.entries(params)) pairs.set(prefix + key, String(value));
  });
  pairs.set('seeds', String(seeds));
}

/** A link that names no plans means the usual ones. */
export function readStudy(pairs: Pairs): Study {
  const known = methodsOf('study') as readonly TrainerMethodId[];
  const seeds = pairs.integer('seeds', LIMITS.seeds, usualStudy.seeds);
  let named = 0;
  while (named < MOST_PLANS && pairs.has(`p${named + 1}.method`)) named++;
  if (!pairs.has('plans') && named === 0) return { ...usualStudy, seeds };
  const plans = Array.from(
    { length: pairs.integer('plans', { min: 0, max: MOST_PLANS }, named) },
    (_, i): Plan => {
      const prefix = `p${i + 1}.`;
      const method = pairs.pick(`${prefix}method`, oneOf(known), known, known[0]!);
      return {
        method,
        label: pairs.text(`${prefix}label`, LIMITS.label.max, ''),
        params: pairs.knobs(methods[method].params, prefix),
      };
    },
  );
  return { plans, seeds };
}
