// What an event of training by reward in a run's file must look like (runSchema.ts).

import * as v from 'valibot';
import { type PolicyEvent, REWARD_PARTS, type RewardPart } from '../core/policyEvents.ts';
import { count, real, reals, type Schemas, text } from './schemaParts.ts';

const policyRole = v.picklist(['small', 'large']);
/** Something of each model that learns. */
const each = <S extends v.GenericSchema>(one: S) =>
  v.object({ small: v.exactOptional(one), large: v.exactOptional(one) });
const shownGroup = v.object({
  prompt: text,
  expected: text,
  by: policyRole,
  completions: v.array(
    v.object({
      sample: count,
      tokens: v.array(count),
      texts: v.array(text),
      hinted: count,
      truncated: v.boolean(),
      logRatios: reals,
      parts: v.object(
        Object.fromEntries(REWARD_PARTS.map((part) => [part, v.exactOptional(real)])) as Record<
          RewardPart,
          v.ExactOptionalSchema<typeof real, undefined>
        >,
      ),
      rewards: each(real),
      advantages: each(real),
      tokenAdvantages: v.exactOptional(reals),
      kept: v.boolean(),
    }),
  ),
});

/** By type. */
export const rewarding = {
  started: v.object({
    type: v.literal('started'),
    steps: count,
    done: count,
    parameters: each(count),
    prompts: count,
    samples: count,
    kept: count,
    examples: v.exactOptional(count),
    heldOut: count,
  }),
  step: v.object({
    type: v.literal('step'),
    step: count,
    phase: v.picklist(['together', 'continued']),
    metrics: each(v.record(text, real)),
    generated: each(count),
    tokens: count,
  }),
  completions: v.object({
    type: v.literal('completions'),
    step: count,
    groups: v.array(shownGroup),
  }),
  evaluated: v.object({
    type: v.literal('evaluated'),
    step: count,
    accuracy: each(v.object({ accuracy: real, problems: count, low: real, high: real })),
  }),
  adjusted: v.object({
    type: v.literal('adjusted'),
    step: count,
    role: policyRole,
    learningRate: real,
  }),
  smallerPasses: v.object({
    type: v.literal('smallerPasses'),
    step: count,
    role: policyRole,
    rows: count,
  }),
  unsaved: v.object({ type: v.literal('unsaved'), step: count, why: text }),
  savedAgain: v.object({ type: v.literal('savedAgain'), step: count }),
  diverged: v.object({
    type: v.literal('diverged'),
    step: count,
    role: policyRole,
    what: v.picklist(['loss', 'gradient', 'spike']),
    tensor: v.exactOptional(text),
    gradNorm: v.exactOptional(real),
    usual: v.exactOptional(real),
  }),
  trained: v.object({ type: v.literal('trained'), step: count }),
} as const satisfies Schemas<PolicyEvent>;
