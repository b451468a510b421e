// The store of a page: on the browser's own file system where there is one, else in memory, and it says why.

import { createMemoryShelf } from './memoryShelf.ts';
import { openOpfsShelf } from './opfsShelf.ts';
import { openStore, type Store } from './store.ts';

export async function openBrowserStore(): Promise<Store> {
  const shelf = await openOpfsShelf();
  if ('why' in shelf) return openStore(createMemoryShelf(), { why: shelf.why });
  try {
    return await openStore(shelf);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const why = `What is stored in this browser cannot be read (${reason}).`;
    return openStore(createMemoryShelf(), { why });
  }
}
