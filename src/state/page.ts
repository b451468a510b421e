// What the page's state needs of the browser, in one place, so that tests can stand in for it.

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
  /** Uniform in [0, 1); for the dice. */
  random(): number;
  /** Version and commit of Tandem. */
  readonly build: string;
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
    random: Math.random,
    build: import.meta.env.VITE_BUILD ?? '',
  };
}
