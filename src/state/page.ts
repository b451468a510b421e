// What the page's state needs of the browser, in one place, so that tests can stand in for it.

import { askToStay } from '../store/persist.ts';
import type { Storage } from './preferences.ts';

export interface Page {
  /** The fragment of the address, with its `#`, or empty. */
  hash(): string;
  /** Everything of the address before the fragment. */
  address(): string;
  /** Rewrites the fragment without a new entry in the history. May throw where browsers limit the rate. */
  replaceHash(hash: string): void;
  onHashChange(listener: () => void): void;
  /** Rejects when the clipboard is closed to the page. */
  copy(text: string): Promise<void>;
  /** May throw. */
  storage(): Storage;
  /** Offers a file for download. */
  save(name: string, file: Blob): void;
  /** The page goes out of sight, perhaps for good. */
  onHidden(listener: () => void): void;
  /** Opens the way to a server that somebody typed the address of. */
  openDoor(base: string): Door;
  /** A folder on the disk that may be written into; undefined where browsers have no such thing. */
  chooseFolder(): Promise<FileSystemDirectoryHandle | 'cancelled' | undefined>;
  /** Asks the browser not to clear what is stored when it runs short of space. */
  stay(): Promise<boolean>;
  /** Uniform in [0, 1); for the dice. */
  random(): number;
  /** Version and commit of Tandem. */
  readonly build: string;
}

/** Of some browsers, not yet of TypeScript. */
type FolderPicker = (options: { mode: 'readwrite' }) => Promise<FileSystemDirectoryHandle>;

export interface Door {
  /** Rejects when the door does not open. */
  readonly port: Promise<MessagePort>;
  close(): void;
}

/** Door.html must have answered by then. Milliseconds. */
const DOOR_MS = 10_000;

/** A document of its own, with a policy of its own, which carries requests to servers below `base` (core/door.ts). */
function doorTo(base: string): Door {
  const frame = document.createElement('iframe');
  frame.hidden = true;
  frame.title = 'Download';
  frame.src = new URL('door.html', document.baseURI).href;
  let listen: (event: MessageEvent) => void = () => {};
  const close = () => {
    removeEventListener('message', listen);
    frame.remove();
  };
  const port = new Promise<MessagePort>((resolve, reject) => {
    listen = ({ source, origin, data }) => {
      if (source !== frame.contentWindow || origin !== location.origin || data !== 'door') return;
      const { port1, port2 } = new MessageChannel();
      frame.contentWindow?.postMessage({ base }, location.origin, [port1]);
      resolve(port2);
    };
    addEventListener('message', listen);
    setTimeout(() => reject(new Error('door.html does not answer')), DOOR_MS);
  });
  document.body.append(frame);
  return { port, close };
}

export function browserPage(): Page {
  return {
    hash: () => location.hash,
    address: () => location.href.replace(/#.*$/s, ''),
    replaceHash: (hash) => history.replaceState(history.state, '', hash),
    onHashChange: (listener) => addEventListener('hashchange', listener),
    copy: (text) => navigator.clipboard.writeText(text),
    storage: () => localStorage,
    save(name, file) {
      const link = document.createElement('a');
      link.href = URL.createObjectURL(file);
      link.download = name;
      link.click();
      // The download has begun when the click has been handled; a while is long enough for every browser.
      setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    },
    onHidden: (listener) =>
      document.addEventListener('visibilitychange', () => {
        if (document.visibilityState === 'hidden') listener();
      }),
    openDoor: doorTo,
    async chooseFolder() {
      const { showDirectoryPicker: pick } = globalThis as { showDirectoryPicker?: FolderPicker };
      // Without a folder nothing is written: whatever was wrong, it is as if nobody had asked.
      return pick?.({ mode: 'readwrite' }).catch(() => 'cancelled' as const);
    },
    stay: askToStay,
    random: Math.random,
    build: import.meta.env.VITE_BUILD ?? '',
  };
}
