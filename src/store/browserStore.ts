// The store of a page: on the browser's own file system where there is one, else in memory, and it says why.

import { createMemoryShelf } from './memoryShelf.ts';
import { openOpfsShelf } from './opfsShelf.ts';
import { openStore, type Store } from './store.ts';

export async function openBrowserStore(): Promise<Store> {
  const shelf = await openOpfsShelf();
  if ('why' in shelf) return openStore(createMemoryShelf(), { why: shelf.why });
  const store = await openStore(shelf);
  return {
    ...store,
    keep: (one) => {
      askToStay();
      return store.keep(one);
    },
  };
}

/**
 * What is kept is somebody's work now: the browser is asked not to clear it when disks run full. It decides by
 * itself, and whoever is refused still has the files until then.
 */
function askToStay(): void {
  void navigator.storage.persist?.().catch(() => false);
}
