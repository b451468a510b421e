// The page's state and everything that can be done to it, put together: a store, plain functions beside
// it, and the worker's messages wired in.

import { alignActions } from './alignActions.ts';
import { openDesk } from './desk.ts';
import { inspectActions } from './inspectActions.ts';
import { keepActions } from './keepActions.ts';
import { linkActions } from './linkActions.ts';
import { pace } from './pace.ts';
import type { Page } from './page.ts';
import { readPreferences } from './preferences.ts';
import type { RunMessage } from './run.ts';
import { type Client, runActions } from './runActions.ts';
import { settingsActions } from './settingsActions.ts';
import { stayNotice } from './stayNotice.ts';
import { createState, patch, type Store } from './store.ts';
import { watchVocabularies } from './vocabularies.ts';
import { watchActions } from './watchActions.ts';

export function createApp(client: Client, page: Page) {
  const store: Store = createState(readPreferences(page.storage));
  const { hear: hearRun, ...runs } = runActions(store, client);
  const { hear: hearInspection, pointOut, follow, ...inspect } = inspectActions(store, client);
  const desk = openDesk(store, client);
  const keep = keepActions(store, desk, page);
  const link = linkActions(store, page);
  const settings = settingsActions(store, page);

  const events = pace<Extract<RunMessage, { type: 'events' }>>((messages) => {
    const of = new Map(messages.map((message) => [message.run, message]));
    for (const message of of.values()) {
      const said = messages.filter(({ run }) => run === message.run);
      tell({ ...message, events: said.flatMap(({ events }) => events) });
    }
  });
  function tell(message: RunMessage): void {
    hearRun(message);
    if (message.type === 'ended') {
      pointOut(message.run);
      void over(message.run);
    }
    if (message.type === 'events') follow(message.run);
  }

  /** What came of a run is told and kept; the code for that comes with the first run that ends. */
  async function over(id: number): Promise<void> {
    const { afterRun } = await import('./afterRun.ts');
    afterRun(store, desk, page, id);
  }

  client.subscribe((message) => {
    switch (message.type) {
      case 'hardware':
        return patch(store, { hardware: message.hardware });
      case 'inspected':
      case 'inspectionFailed':
        return hearInspection(message);
      case 'stored':
        return desk.hear(message);
      case 'stay':
        return patch(store, { notice: stayNotice(message.stays, store.getState().notice) });
      case 'events':
        return events.push(message);
      default:
        if ('request' in message) return desk.hear(message);
        // What a run says last is heard before its end.
        events.flush();
        tell(message);
    }
  });
  // A training that goes on follows.
  store.subscribe(({ preferences: { saveEvery: seconds } }, before) => {
    if (seconds !== before.preferences.saveEvery) client.send({ type: 'saveEvery', seconds });
  });
  page.onHidden(() => client.send({ type: 'hidden' }));
  watchVocabularies(store, desk);
  const align = alignActions(store, desk, client, {
    use: settings.use,
    learnFrom: keep.chooseData,
  });
  const watch = watchActions(store, desk, runs);
  const actions = { ...runs, ...inspect, ...link, ...settings, ...keep, ...align, ...watch };
  return { store, desk, page, actions };
}

export type App = ReturnType<typeof createApp>;
export type Actions = App['actions'];
