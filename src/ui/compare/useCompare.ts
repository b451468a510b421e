// What can be done in Compare, for its parts; always the same object.

import type { App } from '../../state/app.ts';
import { type CompareActions, openCompare } from '../../state/compare.ts';
import { useApp } from '../app.ts';

const opened = new WeakMap<App, CompareActions>();

export function useCompare(): CompareActions {
  const app = useApp();
  const known = opened.get(app) ?? openCompare(app);
  opened.set(app, known);
  return known;
}
