// The page's places and what is done in them. A training's methods are not those that decode, so going elsewhere may
// change the method; each method finds its knobs as they were last set.

import { defaultsOf, type ParamValue } from '../core/params.ts';
import { defaultMethodOf, methods, methodsOf } from '../experiment/catalogue.ts';
import { sweepFor } from '../experiment/contenders.ts';
import {
  type Contender,
  type DecodingId,
  defaultExperiment,
  type Experiment,
  type Mode,
} from '../experiment/experiment.ts';
import { recast } from '../experiment/recast.ts';
import { suited } from './suited.ts';

/** Places that are about no experiment: the checkpoints that there are. */
export type Elsewhere = 'models';
/** Where on the page a mode is at home. */
type Home = 'decode' | 'train' | 'compare' | 'parameters';
export type Place = Home | Elsewhere;
export const placeOf: Readonly<Record<Mode, Home>> = {
  generate: 'decode',
  evaluate: 'compare',
  sweep: 'compare',
  train: 'train',
  study: 'compare',
  parameters: 'parameters',
};

/** Where one is. */
export const placeIn = ({ elsewhere, experiment }: WhereOne): Place =>
  elsewhere ?? placeOf[experiment.mode];
interface WhereOne {
  readonly elsewhere?: Elsewhere;
  readonly experiment: Pick<Experiment, 'mode'>;
}

/**
 * Held-out problems of each evaluation within a training, which should not take longer than the training; and of each
 * point of a sweep, and each turn of a dial, so that there is something to see within seconds.
 */
const FEW_PROBLEMS = 20;

type Knobs = Readonly<Record<string, Readonly<Record<string, ParamValue>>>>;

const usualProblems = (mode: Mode): number =>
  mode === 'train' || mode === 'study' || mode === 'sweep' || mode === 'parameters'
    ? FEW_PROBLEMS
    : defaultExperiment.problems;

export function inMode(experiment: Experiment, mode: Mode, knobs: Knobs): Experiment {
  if (experiment.mode === mode) return experiment;
  // A number of problems that nobody has set is the mode's own.
  const untouched = experiment.problems === usualProblems(experiment.mode);
  const problems = untouched ? usualProblems(mode) : experiment.problems;
  // What is compared has methods of its own; this one only says which checkpoints are usual.
  const stays = mode !== 'study' && methodsOf(mode).includes(experiment.method);
  const method = stays ? experiment.method : defaultMethodOf(mode);
  const params = stays ? experiment.params : (knobs[method] ?? defaultsOf(methods[method].params));
  const moved = { ...experiment, mode, problems, method, params };
  return suited(experiment, recast(experiment, prepared(moved)));
}

/** What the mode needs beside its method: contenders, or axes that are knobs of it. */
function prepared(experiment: Experiment): Experiment {
  const { mode, method, params, contenders, sweep } = experiment;
  if (mode === 'sweep') return { ...experiment, sweep: sweepFor(method as DecodingId, sweep) };
  if (mode !== 'evaluate' || method === 'greedy' || !isTheOne(contenders)) return experiment;
  return { ...experiment, contenders: [{ label: '', method: method as DecodingId, params }] };
}

/** While an evaluation has one contender without a name, it is the method of the other places. */
export const isTheOne = (contenders: readonly Contender[]): boolean =>
  contenders.length === 1 && contenders[0]?.label === '';

/** Is there something to run? Parameters are turned and checkpoints looked at, without a run. */
export const canRun = (place: Place): boolean => place !== 'parameters' && place !== 'models';
