// The page's state without a browser: an address, a clipboard and a storage made of variables, and a worker
// that says what the test tells it to say.
import type { RunEvent } from '../../src/core/events.ts';
import { createApp } from '../../src/state/app.ts';
import type { Page } from '../../src/state/page.ts';
import type { shownRun } from '../../src/state/store.ts';
import type { ForPage, ToWorker } from '../../src/worker/protocol.ts';

export function setUp(hash = '', changes: Partial<Page> = {}) {
  const sent: ToWorker[] = [];
  const stopped: number[] = [];
  const saved: string[] = [];
  const kept = new Map<string, string>();
  let say: (message: ForPage) => void = () => {};
  let hashChanged = () => {};
  const address = { hash, copied: '' };
  const page: Page = {
    hash: () => address.hash,
    address: () => 'https://example.org/tandem/',
    replaceHash: (next) => {
      address.hash = next;
    },
    onHashChange: (listener) => {
      hashChanged = listener;
    },
    copy: async (text) => {
      address.copied = text;
    },
    storage: () => ({
      getItem: (key) => kept.get(key) ?? null,
      setItem: (key, value) => void kept.set(key, value),
    }),
    save: (name) => void saved.push(name),
    onHidden: () => {},
    openDoor: () => ({ port: Promise.resolve(new MessageChannel().port2), close: () => {} }),
    chooseFolder: async () => undefined,
    stay: async () => true,
    random: () => 0.25,
    build: '0.1.0 test',
    ...changes,
  };
  const client = {
    send: (message: ToWorker) => void sent.push(message),
    subscribe: (listener: (message: ForPage) => void) => {
      say = listener;
    },
    stop: (run: number) => void stopped.push(run),
  };
  const app = createApp(client, page);
  app.actions.follow();
  const state = () => app.store.getState();
  const last = () => state().runs.at(-1) as NonNullable<ReturnType<typeof shownRun>>;
  /** The worker's part of a whole run. */
  const finish = (run: number, events: readonly RunEvent[]) => {
    say({ type: 'running', run, provider: 'wasm', kernels: 'cpu' });
    say({ type: 'events', run, events });
    say({ type: 'ended', run });
  };
  const open = (next: string) => {
    address.hash = next;
    hashChanged();
  };
  return {
    ...app,
    state,
    last,
    sent,
    stopped,
    address,
    finish,
    open,
    say: (m: ForPage) => say(m),
  };
}
