// Where the checkpoints of a training go, and when its saved state is needed no more.

import type { Store } from '../store/store.ts';
import type { Keep } from './keepTrained.ts';
import type { SavedTrainings } from './saves.ts';

/**
 * Puts a checkpoint into the store before it is said to be there; the saved state is needed no more once all are.
 * @param all whoever is to be kept
 */
export function keeping(
  store: Store,
  saves: SavedTrainings,
  all: readonly { readonly learns: boolean }[] = [{ learns: true }],
): Keep {
  let left = all.filter(({ learns }) => learns).length;
  let temporary = false;
  return async (files, about) => {
    const plain = new Map([...files].map(([path, bytes]) => [path, new Uint8Array(bytes)]));
    const { value, unsaved } = await store.keep({ ...about, files: plain });
    // Kept in memory only, because the browser has no room: when there is some, the saved state makes it again.
    temporary ||= unsaved !== undefined && store.where !== 'memory';
    if (--left === 0 && !temporary) await saves.finish();
    return unsaved ? { ...value, temporary: true } : value;
  };
}
