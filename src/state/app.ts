// The page's state and everything that can be done to it, put together: a store, plain functions beside
// it, and the worker's messages wired in.

import { inspectActions } from './inspectActions.ts';
import { keepActions } from './keepActions.ts';
import { linkActions } from './linkActions.ts';
import type { Page } from './page.ts';
import { readPreferences } from './preferences.ts';
import { type Client, runActions } from './runActions.ts';
import { settingsActions } from './settingsActions.ts';
import { createState, patch, type Store } from './store.ts';

export function createApp(client: Client, page: Page) {
  const store: Store = createState(readPreferences(page.storage));
  const { hear: hearRun, ...runs } = runActions(store, client);
  const { hear: hearInspection, pointOut, follow, ...inspect } = inspectActions(store, client);
  const { hearErrand, ...keep } = keepActions(store, client, page);
  const link = linkActions(store, page);
  const settings = settingsActions(store, page);

  client.subscribe((message) => {
    switch (message.type) {
      case 'hardware':
        return patch(store, { hardware: message.hardware });
      case 'inspected':
      case 'inspectionFailed':
        return hearInspection(message);
      case 'stored':
      case 'errand':
      case 'done':
      case 'dataRead':
      case 'exported':
      case 'refused':
        return hearErrand(message);
      default:
        hearRun(message);
        if (message.type === 'ended') pointOut(message.run);
        if (message.type === 'events') follow(message.run);
    }
  });
  page.onHidden(() => client.send({ type: 'hidden' }));
  return { store, actions: { ...runs, ...inspect, ...link, ...settings, ...keep } };
}

export type App = ReturnType<typeof createApp>;
export type Actions = App['actions'];
