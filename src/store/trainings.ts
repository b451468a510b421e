// Trainings that were interrupted, or may be: the state of the last save and of the one before, so that one of
// them is whole whatever happens while the other is written. A training that goes on somewhere is claimed.

import { UserError } from '../core/errors.ts';
import { type StateMeta, type TrainingMeta, trainingMeta } from './meta.ts';
import { recordsOn, sha256Of } from './records.ts';
import { bytesOf, type Shelf } from './shelf.ts';

export interface SavedRun {
  readonly id: string;
  /** The experiment, as a link's fragment. */
  readonly recipe: string;
  readonly step: number;
  readonly steps: number;
  readonly saved: number;
  readonly bytes: number;
}

export interface Trainings {
  /** Newest first; without those that go on in this tab or another. */
  all(): Promise<readonly SavedRun[]>;
  /** Those, as far as they are saved. */
  ongoing(): Promise<readonly SavedRun[]>;
  /** Takes hold of a training until `release`. @throws UserError 'storage' when another tab has it */
  claim(id: string): Promise<() => Promise<void>>;
  /** @throws UserError 'storage' when there is no room; the save before stays then */
  save(
    id: string,
    what: Pick<SavedRun, 'recipe' | 'step' | 'steps'>,
    state: Uint8Array<ArrayBuffer>,
  ): Promise<void>;
  /** The newest state that is whole. @throws UserError 'storage' when there is none */
  read(id: string): Promise<{ readonly recipe: string; readonly state: Uint8Array<ArrayBuffer> }>;
  /** The newest state as it lies there, unread and not claimed; it may be replaced while it is read. */
  peek(id: string): Promise<Blob | undefined>;
  discard(id: string): Promise<void>;
  sweep(): Promise<void>;
}

export function trainingsOn(shelf: Shelf, now = () => Date.now()): Trainings {
  const records = recordsOn(shelf, 'trainings', trainingMeta);
  const lock = (id: string) => `training ${id}`;

  async function listed(claimed: boolean): Promise<readonly SavedRun[]> {
    const taken = await shelf.claims();
    const found: SavedRun[] = [];
    for (const [id, { recipe, steps, now: last, before }] of await records.all()) {
      if (taken.has(lock(id)) !== claimed) continue;
      const bytes = last.bytes + (before?.bytes ?? 0);
      found.push({ id, recipe, steps, step: last.step, saved: last.saved, bytes });
    }
    return found.sort((a, b) => b.saved - a.saved);
  }

  return {
    all: () => listed(false),
    ongoing: () => listed(true),

    async claim(id) {
      const release = await shelf.claim(lock(id));
      if (release) return release;
      throw new UserError(
        'storage',
        'This training goes on in another tab.',
        'Go to that tab, or close it first.',
      );
    },

    async save(id, { recipe, step, steps }, state) {
      const before = (await records.get(id))?.now;
      const slot = before?.slot === 'a' ? 'b' : 'a';
      const mine: StateMeta = {
        slot,
        step,
        sha256: await sha256Of(state),
        bytes: state.byteLength,
        saved: now(),
      };
      const meta: TrainingMeta = { recipe, steps, now: mine, ...(before && { before }) };
      await records.publish(id, new Map([[slot, state]]), meta);
    },

    async read(id) {
      const meta = await records.get(id);
      for (const state of meta ? [meta.now, meta.before] : []) {
        const file = state && (await records.file(id, state.slot));
        const bytes = file && (await bytesOf(file));
        if (meta && bytes && (await sha256Of(bytes)) === state?.sha256) {
          return { recipe: meta.recipe, state: bytes };
        }
      }
      throw new UserError(
        'storage',
        meta
          ? 'What was saved of this training is damaged.'
          : 'There is no saved training of this kind any more.',
        'Run it again from its first step.',
      );
    },

    async peek(id) {
      const meta = await records.get(id);
      return meta && records.file(id, meta.now.slot);
    },

    discard: (id) => records.remove(id),
    sweep: () => records.sweep(),
  };
}
