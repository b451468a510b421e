// What is asked about a model, given where the dials are; and what an answer depends on.

import { bitsOf, type LookedAt, type Pin } from '../../core/dials.ts';
import type { Experiment } from '../../experiment/experiment.ts';
import type { AskedModel, Plan } from '../../worker/protocol.ts';

export const samePin = (a: Pin, b: Pin): boolean =>
  a.role === b.role && a.tensor === b.tensor && a.index === b.index;

/** The plan of one model: its rounding, and those of the edits that are its own. */
export function planOf({ dials, seed }: Experiment, role: LookedAt): Plan {
  const edits = dials.edits.filter((edit) => edit.role === role);
  return { bits: bitsOf(dials, role), edits, seed };
}

export const modelOf = (experiment: Experiment, role: LookedAt): AskedModel => ({
  checkpoint: experiment[role],
  provider: experiment.provider,
  kernels: experiment.kernels,
  plan: planOf(experiment, role),
});

/** All that the distribution, the text and the accuracy depend on. */
export function liveKey(experiment: Experiment): string {
  const { dials, prompt, task, difficulty, problems, maxTokens } = experiment;
  const { model, temperature, topP } = dials;
  const asked = modelOf(experiment, model);
  return JSON.stringify([asked, prompt, temperature, topP, task, difficulty, problems, maxTokens]);
}

/** What an attribution depends on. */
export const findKey = (experiment: Experiment): string =>
  JSON.stringify([modelOf(experiment, experiment.dials.model), experiment.prompt]);
