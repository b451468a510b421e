// The parameters' own state, for React.

import { useSyncExternalStore } from 'react';
import type { LookedAt } from '../../core/dials.ts';
import { type Bench, benchOf } from '../../state/parameters/bench.ts';
import type { BenchState } from '../../state/parameters/benchState.ts';
import type { Opened } from '../../state/parameters/types.ts';
import { useApp, usePage } from '../app.ts';

export const useBench = (): Bench => benchOf(useApp());

/** `select` must give the same object for the same state. */
export function useBenchState<T>(select: (state: BenchState) => T): T {
  const { store } = useBench();
  return useSyncExternalStore(store.subscribe, () => select(store.getState()));
}

export const useDials = () => usePage((state) => state.experiment.dials);

/** The model of a role, once it is open; without one, the model that is looked at. */
export function useOpened(role?: LookedAt): Opened | undefined {
  const looked = usePage(({ experiment }) => experiment[role ?? experiment.dials.model]);
  return useBenchState((state) => state.opened[looked]);
}
