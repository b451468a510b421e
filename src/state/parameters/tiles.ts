// Tiles of tensors that somebody looks at: asked for where they are seen, kept for a while, forgotten when a dial turns
// what they show.

import type { LookedAt } from '../../core/dials.ts';
import type { Bench } from './bench.ts';

/** Cells along a side; as in src/anatomy/tiles.ts. */
export const TILE = 64;
const KEPT = 400;
/** Tiles that are asked for at once. */
const AT_ONCE = 12;

export interface Tiles {
  /** The tile, if it is here; else it is asked for, and `onTile` is called when it has come. */
  tile(level: number, down: number, along: number): Float32Array | undefined;
  /** What was turned shows anew. */
  forget(): void;
  /** Nobody looks any more. */
  close(): void;
}

export function openTiles(bench: Bench, role: LookedAt, tensor: string, onTile: () => void): Tiles {
  const kept = new Map<string, Float32Array>();
  const wanted = new Map<string, readonly [level: number, down: number, along: number]>();
  let asking = false;
  let closed = false;
  let version = 0;

  async function pump(): Promise<void> {
    if (asking) return;
    asking = true;
    // What is wanted in one drawing is gathered.
    await Promise.resolve();
    while (wanted.size > 0 && !closed) {
      const [first] = wanted.values();
      const level = first![0];
      const some = [...wanted.values()].filter(([one]) => one === level).slice(0, AT_ONCE);
      const now = version;
      for (const [l, down, along] of some) wanted.delete(keyOf(l, down, along));
      try {
        const at = some.map(([, down, along]) => [down, along] as const);
        const { tiles } = await bench.ask(bench.modelOf(role), {
          what: 'tiles',
          tensor,
          level,
          at,
        });
        if (now !== version || closed) continue;
        for (const { down, along, cells } of tiles) keep(keyOf(level, down, along), cells);
        onTile();
      } catch {
        // The picture stays as it is; statistics of the same tensor say what is wrong.
      }
    }
    asking = false;
  }

  function keep(key: string, cells: Float32Array): void {
    kept.set(key, cells);
    const oldest = kept.keys().next();
    if (kept.size > KEPT && !oldest.done) kept.delete(oldest.value);
  }

  return {
    tile(level, down, along) {
      const key = keyOf(level, down, along);
      const known = kept.get(key);
      if (!known && !wanted.has(key)) {
        wanted.set(key, [level, down, along]);
        void pump();
      }
      return known;
    },
    forget() {
      version++;
      kept.clear();
      wanted.clear();
      onTile();
    },
    close() {
      closed = true;
    },
  };
}

const keyOf = (level: number, down: number, along: number) => `${level} ${down} ${along}`;
