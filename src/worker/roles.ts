// Who takes part in an experiment.

import { algorithms, trainers } from '../algorithms/index.ts';
import type { AnyAlgorithm } from '../core/algorithm.ts';
import { defaultsOf } from '../core/params.ts';
import type { Role } from '../core/roles.ts';
import type { AnyTrainer } from '../core/trainer.ts';
import { methods, ownVocabularyIn, rolesIn } from '../experiment/catalogue.ts';
import type { Experiment } from '../experiment/experiment.ts';
import { plannedOf } from '../experiment/study.ts';
import type { GenerationRequest } from './generation.ts';

export type Method = Pick<GenerationRequest, 'algorithm' | 'params'>;

const decoding: Readonly<Record<string, AnyAlgorithm>> = algorithms;
const training: Readonly<Record<string, unknown>> = trainers;

/** What decodes, with all its settings. */
export function methodOf({ method, params }: Pick<Experiment, 'method' | 'params'>): Method {
  const algorithm = decoding[method];
  if (!algorithm) throw new Error(`${method} does not decode`);
  return { algorithm, params: { ...defaultsOf(algorithm.params), ...params } };
}

/** Do the method's knobs go together? Asked before anything is loaded. @throws UserError 'experiment' */
export function checkMethod(experiment: Experiment): void {
  if (experiment.mode === 'study') {
    for (const { experiment: one } of plannedOf(experiment)) checkMethod(one);
    return;
  }
  if (experiment.mode === 'train') {
    const { method, params } = complete(experiment);
    (training[method] as AnyTrainer).check?.(params);
    return;
  }
  const { algorithm, params } = methodOf(experiment);
  algorithm.check?.(params);
}

/** All knobs, those that the experiment leaves out at their default. */
const complete = (experiment: Experiment): Experiment => ({
  ...experiment,
  params: { ...defaultsOf(methods[experiment.method].params), ...experiment.params },
});

/** Roles whose models must be in the room: the method's, and in evaluate mode small and large alone. */
export const rolesNeeded = (experiment: Experiment): readonly Role[] =>
  rolesIn(complete(experiment));

/** Of these, the ones that may read with another tokenizer. */
export const rolesWithOwnVocabulary = (experiment: Experiment): readonly Role[] =>
  ownVocabularyIn(complete(experiment));
