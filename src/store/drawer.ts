// Records of one kind, on the shelf or, when it has no room for one, in memory: what all kinds that a person sees have
// in common, a name, a time and a trash.

import { UserError } from '../core/errors.ts';
import { type RecordFiles, type Records, recordsOn } from './records.ts';
import type { Shelf } from './shelf.ts';

export interface CommonMeta {
  readonly name: string;
  readonly saved: number;
  readonly deleted?: number;
}

/** What is kept came to be in memory only: `unsaved` says why. */
export interface Saved<T> {
  readonly value: T;
  readonly unsaved?: UserError;
}

export interface Found<M> {
  readonly key: string;
  readonly meta: M;
  /** In memory only, gone with the tab. */
  readonly temporary: boolean;
  file(path: string): Promise<Blob | undefined>;
  files(): Promise<ReadonlyMap<string, number>>;
}

export interface Drawer<M extends CommonMeta> {
  /** Newest first. */
  all(): Promise<readonly Found<M>[]>;
  find(key: string | undefined): Promise<Found<M> | undefined>;
  /** On the shelf, or in memory when it has no room: then the reason is returned. */
  publish(key: string, contents: RecordFiles, meta: M): Promise<UserError | undefined>;
  /** Files that lie on the shelf already are moved, by path of the record. */
  adopt(key: string, files: ReadonlyMap<string, string>, meta: M): Promise<void>;
  /** In memory only. */
  hold(key: string, contents: RecordFiles, meta: M): Promise<void>;
  /** Returns false when there is none. */
  amend(key: string | undefined, change: (meta: M) => M): Promise<boolean>;
  /** @param still decided while nobody else changes it; nothing happens when it says no */
  remove(key: string, still?: (meta: M) => boolean): Promise<void>;
  /** Empties the trash of what was put there until then. Milliseconds since 1970. */
  empty(until: number): Promise<void>;
  sweep(): Promise<void>;
}

/** @param spare the shelf for what finds no room on `shelf` */
export function drawerOn<M extends CommonMeta>(
  shelf: Shelf,
  spare: Shelf,
  kind: string,
  check: (value: unknown) => M | undefined,
): Drawer<M> {
  const kept = recordsOn(shelf, kind, check);
  const loose = recordsOn(spare, kind, check);
  const places: readonly { readonly records: Records<M>; readonly temporary: boolean }[] = [
    { records: kept, temporary: shelf.where === 'memory' },
    { records: loose, temporary: true },
  ];
  const found = (
    { records, temporary }: (typeof places)[number],
    key: string,
    meta: M,
  ): Found<M> => ({
    key,
    meta,
    temporary,
    file: (path) => records.file(key, path),
    files: () => records.files(key),
  });

  async function all() {
    const lists = await Promise.all(
      places.map(async (place) =>
        [...(await place.records.all())].map(([key, meta]) => found(place, key, meta)),
      ),
    );
    return lists.flat().sort((a, b) => b.meta.saved - a.meta.saved);
  }

  async function place(key: string | undefined) {
    if (key === undefined) return undefined;
    for (const one of places) {
      const meta = await one.records.get(key);
      if (meta !== undefined) return { one, meta };
    }
    return undefined;
  }

  return {
    all,
    async find(key) {
      const at = await place(key);
      return at && found(at.one, key as string, at.meta);
    },
    async publish(key, contents, meta) {
      try {
        await kept.publish(key, contents, meta);
        await loose.remove(key);
        return undefined;
      } catch (cause) {
        await loose.publish(key, contents, meta);
        return cause instanceof UserError ? cause : refused(cause);
      }
    },
    async adopt(key, contents, meta) {
      await kept.adopt(key, contents, meta);
      await loose.remove(key);
    },
    hold: (key, contents, meta) => loose.publish(key, contents, meta),
    async amend(key, change) {
      const at = await place(key);
      return at ? at.one.records.amend(key as string, change) : false;
    },
    async remove(key, still) {
      for (const { records } of places) await records.remove(key, still);
    },
    async empty(until) {
      for (const { records } of places) {
        for (const [key, { deleted }] of await records.all()) {
          const gone = (meta: M) => meta.deleted !== undefined && meta.deleted <= until;
          if (deleted !== undefined && deleted <= until) await records.remove(key, gone);
        }
      }
    },
    sweep: () => kept.sweep(),
  };
}

const refused = (cause: unknown) =>
  new UserError(
    'storage',
    'The browser could not write to its own file system.',
    'Export what you want to keep before you close the tab.',
    { cause },
  );
