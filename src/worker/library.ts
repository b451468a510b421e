// Checkpoints stay loaded from run to run, because loading is what takes long. The least recently used ones
// give way when there are too many, and all of a GPU's go when the GPU does.

import type { Checkpoint } from '../models/checkpoint.ts';

export interface Library {
  /** The checkpoint, loaded by `load` unless it is here already; now the most recently used. */
  take(key: string, load: () => Promise<Checkpoint>): Promise<Checkpoint>;
  /** The checkpoint if it is here. */
  find(key: string): Checkpoint | undefined;
  /** Releases the least recently used beyond the capacity, those in `inUse` excepted. */
  trim(inUse: readonly Checkpoint[]): Promise<void>;
  /** Releases all whose key `matches`; failures do not matter, their device may be gone. */
  drop(matches: (key: string) => boolean): Promise<void>;
}

/** The most that one method needs, a large model with a small one and three experts, and what one compares it with. */
const CAPACITY = 8;

export function createLibrary(capacity = CAPACITY): Library {
  /** Least recently used first. */
  const shelf = new Map<string, Checkpoint>();
  const release = async (key: string, checkpoint: Checkpoint) => {
    shelf.delete(key);
    await checkpoint.release().catch(() => {});
  };
  return {
    async take(key, load) {
      const checkpoint = shelf.get(key) ?? (await load());
      shelf.delete(key);
      shelf.set(key, checkpoint);
      return checkpoint;
    },
    find: (key) => shelf.get(key),
    async trim(inUse) {
      for (const [key, checkpoint] of [...shelf]) {
        if (shelf.size <= capacity) return;
        if (!inUse.includes(checkpoint)) await release(key, checkpoint);
      }
    },
    async drop(matches) {
      for (const [key, checkpoint] of [...shelf]) {
        if (matches(key)) await release(key, checkpoint);
      }
    },
  };
}
