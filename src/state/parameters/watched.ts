// Pinned parameters against the steps of a training: series of a run's events.

import { isLookedAt, type LookedAt, type Pin } from '../../core/dials.ts';
import { derived } from '../derive.ts';
import type { Run } from '../run.ts';

export interface WatchedPoint {
  readonly step: number;
  /** One per pin of the role. */
  readonly values: readonly number[];
  readonly gradients: readonly number[];
  readonly moved?: number;
}

export interface WatchedSeries {
  readonly role: LookedAt;
  readonly pins: readonly Pin[];
  readonly points: readonly WatchedPoint[];
}

/** Of every model that was followed. */
export const watched = derived((run: Run): readonly WatchedSeries[] => {
  const byRole = new Map<LookedAt, WatchedPoint[]>();
  for (const event of run.events) {
    if (event.type !== 'watched' || !isLookedAt(event.role)) continue;
    const points = byRole.get(event.role) ?? [];
    byRole.set(event.role, points);
    points.push(event);
  }
  return [...byRole].map(([role, points]) => ({
    role,
    pins: run.experiment.dials.pins.filter((pin) => pin.role === role),
    points,
  }));
});

/** The latest run in which a model was followed. */
export function latestOf(
  runs: readonly Run[],
  role: LookedAt,
): { readonly run: Run; readonly series: WatchedSeries } | undefined {
  for (const run of runs.toReversed()) {
    const series = watched(run).find((one) => one.role === role);
    if (series) return { run, series };
  }
  return undefined;
}
