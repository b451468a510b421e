// The page's three places. A training's methods are not those that decode, so changing the place may change the
// method; each method finds its knobs as they were last set.

import { defaultsOf, type ParamValue } from '../core/params.ts';
import { recast } from '../experiment/recast.ts';
import { defaultMethodOf, methods, methodsOf } from '../experiment/catalogue.ts';
import { defaultExperiment, type Experiment, type Mode } from '../experiment/experiment.ts';

/** Held-out problems of each evaluation within a training: it should not take longer than the training. */
const TRAIN_PROBLEMS = 20;

type Knobs = Readonly<Record<string, Readonly<Record<string, ParamValue>>>>;

const usualProblems = (mode: Mode): number =>
  mode === 'train' ? TRAIN_PROBLEMS : defaultExperiment.problems;

export function inMode(experiment: Experiment, mode: Mode, knobs: Knobs): Experiment {
  if (experiment.mode === mode) return experiment;
  // A number of problems that nobody has set is the mode's own.
  const untouched = experiment.problems === usualProblems(experiment.mode);
  const problems = untouched ? usualProblems(mode) : experiment.problems;
  if (methodsOf(mode).includes(experiment.method)) return { ...experiment, mode, problems };
  const method = defaultMethodOf(mode);
  const params = knobs[method] ?? defaultsOf(methods[method].params);
  return recast(experiment, { ...experiment, mode, problems, method, params });
}
