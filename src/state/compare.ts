// What can be done in Compare, put together when somebody goes there.

import type { App } from './app.ts';
import { compareActions } from './compareActions.ts';
import { keptRunActions } from './keptRuns.ts';

export const openCompare = ({ store, desk, page, actions }: App) => ({
  ...compareActions(store),
  ...keptRunActions(store, desk, page, actions),
});

export type CompareActions = ReturnType<typeof openCompare>;
