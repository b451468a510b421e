// A model from a server whose address somebody has typed. The way there (page.openDoor) is open only while something is
// asked for or fetched, and nothing is asked for before an address was typed and sent.

import type { DroppedFile } from '../core/dropped.ts';
import {
  DEFAULT_HUB,
  type HubAddress,
  parseHubAddress,
  parseHubBase,
  showHubAddress,
} from '../core/hubAddress.ts';
import type { HubFile, StoredDownload } from '../worker/protocol.ts';
import type { App } from './app.ts';
import type { ModelsState, Tray } from './modelsState.ts';
import type { Door } from './page.ts';
import { patch, told } from './store.ts';

interface Around extends Pick<App, 'store' | 'desk' | 'page' | 'actions'> {
  now(): ModelsState;
  change(news: { readonly [K in keyof ModelsState]?: ModelsState[K] | undefined }): void;
  take(files: readonly DroppedFile[], from: Pick<Tray, 'source' | 'download'>): void;
  fail(error: unknown): void;
}

export function hubActions({ store, desk, page, actions, now, change, take, fail }: Around) {
  let door: Door | undefined;
  async function open(base: string): Promise<void> {
    shut();
    const mine = page.openDoor(base);
    door = mine;
    desk.door(await mine.port);
  }
  function shut(): void {
    door?.close();
    door = undefined;
  }

  /** What there is at an address. */
  async function list(typed: string): Promise<void> {
    change({ hub: undefined, hubFailure: undefined });
    let address: HubAddress;
    try {
      address = parseHubAddress(typed, store.getState().preferences.hub);
      await open(address.base);
    } catch (error) {
      return fail(error);
    }
    const request = desk.send({ type: 'listHub', address }, showHubAddress(address), {
      answered(answer) {
        shut();
        if (answer.type === 'hubListed' && now().hub?.request === request) {
          change({ hub: { state: 'listed', address, request, files: answer.files } });
        }
      },
      refused(failure) {
        shut();
        if (now().hub?.request === request) change({ hub: undefined, hubFailure: failure });
      },
      cancelled: shut,
    });
    change({ hub: { state: 'listing', address, request } });
  }

  /** These files, or what is missing of them. */
  async function fetchFiles(address: HubAddress, files: readonly HubFile[]): Promise<void> {
    change({ hubFailure: undefined });
    try {
      await open(address.base);
    } catch (error) {
      return fail(error);
    }
    const source = showHubAddress(address);
    const mine = () => now().hub?.request === request;
    const request = desk.send({ type: 'fetchHub', address, files }, source, {
      fetching(fetched) {
        if (mine()) change({ hub: { state: 'fetching', address, request, fetched } });
      },
      answered(answer) {
        shut();
        if (answer.type !== 'fetched') return;
        if (mine()) change({ hub: undefined });
        take(answer.files, { source, download: answer.download });
      },
      refused(failure) {
        shut();
        if (mine()) change({ hub: undefined, hubFailure: failure });
      },
      cancelled() {
        shut();
        if (mine()) change({ hub: undefined });
        patch(store, {
          notice: told(
            `The download of ${source} was cancelled. What has come stays: it can go on later.`,
          ),
        });
      },
    });
    const waiting = files.map(({ path, bytes }) => ({
      path,
      loaded: 0,
      ...(bytes !== undefined && { total: bytes }),
      state: 'waiting' as const,
    }));
    change({ hub: { state: 'fetching', address, request, fetched: waiting } });
  }

  /** Goes on with a download. What the server says about its files was kept with it. */
  const goOn = ({ address, files }: StoredDownload): Promise<void> => {
    try {
      return fetchFiles(parseHubAddress(address), files);
    } catch (error) {
      return Promise.resolve(fail(error));
    }
  };

  /** The server that names without one are looked for at. Says whether it can be one. */
  function setHub(typed: string): boolean {
    try {
      actions.setPreference('hub', typed.trim() === '' ? DEFAULT_HUB : parseHubBase(typed));
      change({ hubFailure: undefined });
      return true;
    } catch (error) {
      fail(error);
      return false;
    }
  }

  const closeHub = (): void => {
    const { hub } = now();
    if (hub && hub.state !== 'listed') desk.cancel(hub.request);
    if (hub?.state !== 'fetching') change({ hub: undefined, hubFailure: undefined });
  };

  return { list, fetchFiles, goOn, setHub, closeHub };
}
