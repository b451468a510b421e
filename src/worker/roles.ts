// Who takes part in an experiment.

import { algorithms, trainers } from '../algorithms/index.ts';
import type { AnyAlgorithm } from '../core/algorithm.ts';
import type { Role } from '../core/events.ts';
import { defaultsOf } from '../core/params.ts';
import type { AnyTrainer } from '../core/trainer.ts';
import type { Experiment } from '../experiment/experiment.ts';
import type { GenerationRequest } from './generation.ts';

export type Method = Pick<GenerationRequest, 'algorithm' | 'params'>;

const decoding: Readonly<Record<string, AnyAlgorithm>> = algorithms;
const training: Readonly<Record<string, AnyTrainer>> = trainers;

/** What decodes, with all its settings. */
export function methodOf({ method, params }: Experiment): Method {
  const algorithm = decoding[method];
  if (!algorithm) throw new Error(`${method} does not decode`);
  return { algorithm, params: { ...defaultsOf(algorithm.params), ...params } };
}
/** Roles whose models must be in the room: the method's, the yardstick's, and in evaluate mode both. */
export function rolesNeeded(experiment: Experiment): readonly Role[] {
  if (experiment.mode === 'evaluate') return ['small', 'large'];
  const trainer = training[experiment.method];
  if (trainer) return trainer.roles({ ...defaultsOf(trainer.params), ...experiment.params });
  const { algorithm, params } = methodOf(experiment);
  return algorithm.roles(params);
}
