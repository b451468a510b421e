// Who answers the problems of an evaluation or a sweep, in the order in which its events number them.

import { algorithms } from '../algorithms/index.ts';
import type { AnyAlgorithm } from '../core/algorithm.ts';
import type { ParamValue } from '../core/params.ts';
import type { Role } from '../core/roles.ts';
import {
  type Contender,
  type DecodingId,
  type Experiment,
  type Sweep,
  usualSweep,
} from './experiment.ts';

const known: Readonly<Record<DecodingId, unknown>> = algorithms;
export const algorithmOf = ({ method }: Pick<Contender, 'method'>) => known[method] as AnyAlgorithm;

/** The models that a contender needs. */
export const rolesOf = (one: Contender): readonly Role[] => algorithmOf(one).roles(one.params);

/** One model with its most probable tokens: what every method is measured against. */
export const alone = (model: 'small' | 'large'): Contender => ({
  label: `${model} alone`,
  method: 'greedy',
  params: { model },
});

/** A place in a sweep. */
export interface Point {
  readonly x: ParamValue;
  readonly y?: ParamValue;
  /** All knobs of the method there. */
  readonly params: Contender['params'];
  /** Its number among the contenders. */
  readonly contender: number;
}

/** Row by row, in the order of the axes' values. */
export function pointsOf({
  params,
  sweep: { x, y },
}: Pick<Experiment, 'params' | 'sweep'>): readonly Point[] {
  const rows = y?.values ?? [undefined];
  const places = rows.flatMap((row) =>
    x.values.map((column) => ({
      x: column,
      ...(row !== undefined && { y: row }),
      params: { ...params, [x.key]: column, ...(y && row !== undefined && { [y.key]: row }) },
    })),
  );
  return places.map((place, i) => ({ ...place, contender: i + 1 }));
}

/** Of a sweep: large alone, and every point. Of an evaluation: small alone, large alone, and the others. */
export function contendersOf(experiment: Experiment): readonly Contender[] {
  if (experiment.mode !== 'sweep')
    return [alone('small'), alone('large'), ...experiment.contenders];
  const method = experiment.method as DecodingId;
  return [
    alone('large'),
    ...pointsOf(experiment).map(({ params }) => ({ label: '', method, params })),
  ];
}

/** Number of the one that all speed-ups are against: large alone. */
export const yardstickOf = ({ mode }: Pick<Experiment, 'mode'>): number =>
  mode === 'sweep' ? 0 : 1;

/** The seeds whose problems are answered. */
export const seedsOf = ({ mode, seed, sweep }: Experiment): readonly number[] =>
  Array.from({ length: mode === 'sweep' ? sweep.seeds : 1 }, (_, i) => (seed + i) >>> 0);

/** The sweep itself if it is one of this method's, else the usual one. */
export function sweepFor(method: DecodingId, sweep: Sweep): Sweep {
  const table = algorithmOf({ method }).params;
  const fits = [sweep.x, sweep.y].every((axis) => !axis || Object.hasOwn(table, axis.key));
  return fits ? sweep : { ...usualSweep(method), seeds: sweep.seeds };
}
