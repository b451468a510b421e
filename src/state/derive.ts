// What is derived from a run's events is computed once per batch of events, however many parts of the page
// ask. A run's event array is replaced when it grows and never changed, so its identity is the key; old
// results go when their array does.

import type { Run } from './run.ts';

export function derived<T>(compute: (run: Run) => T): (run: Run) => T {
  const known = new WeakMap<object, T>();
  return (run) => {
    const before = known.get(run.events);
    if (before !== undefined || known.has(run.events)) return before as T;
    const value = compute(run);
    known.set(run.events, value);
    return value;
  };
}
