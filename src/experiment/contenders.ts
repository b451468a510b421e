// Who answers the problems of an evaluation or a sweep, in the order in which its events number them.

import { defaultsOf, type ParamValue } from '../core/params.ts';
import { methods } from './catalogue.ts';
import {
  type Contender,
  type Experiment,
  type MethodId,
  type Sweep,
  usualSweep,
} from './experiment.ts';

/** One model with its most probable tokens: what every method is measured against. */
export const alone = (model: 'small' | 'large'): Contender => ({
  label: `${model} alone`,
  method: 'greedy',
  params: { ...defaultsOf(methods.greedy.params), model },
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
export function pointsOf({ params, sweep: { x, y } }: Experiment): readonly Point[] {
  const rows = y ? y.values : [undefined];
  return rows
    .flatMap((row) =>
      x.values.map((column) => ({
        x: column,
        ...(y && row !== undefined && { y: row }),
        params: {
          ...params,
          ...(y && row !== undefined && { [y.key]: row }),
          [x.key]: column,
        },
      })),
    )
    .map((point, i) => ({ ...point, contender: i + 1 }));
}

/** Of a sweep: large alone, and every point. Of an evaluation: small alone, large alone, and the others. */
export function contendersOf(experiment: Experiment): readonly Contender[] {
  if (experiment.mode === 'sweep') {
    const { method } = experiment;
    const points = pointsOf(experiment).map(({ params }) => ({
      label: '',
      method: method as Contender['method'],
      params,
    }));
    return [alone('large'), ...points];
  }
  return [alone('small'), alone('large'), ...experiment.contenders];
}

/** The one that all speed-ups are against. */
export const yardstickOf = ({ mode }: Experiment): number => (mode === 'sweep' ? 0 : 1);

/** The seeds whose problems are answered. */
export const seedsOf = ({ mode, seed, sweep }: Experiment): readonly number[] =>
  Array.from({ length: mode === 'sweep' ? sweep.seeds : 1 }, (_, i) => (seed + i) >>> 0);

/** The sweep itself if it is one of this method's, else the usual one. */
export function sweepFor(method: MethodId, sweep: Sweep): Sweep {
  const table = methods[method].params;
  const fits = [sweep.x, sweep.y].every(
    (axis) => axis === undefined || Object.hasOwn(table, axis.key),
  );
  return fits ? sweep : { ...usualSweep(method as Contender['method']), seeds: sweep.seeds };
}
