// A record is a folder of files that appears at once: its `meta.json` is written last, and without one the folder
// is not there. What a crash left half is swept away at the next start.

import { UserError } from '../core/errors.ts';
import type { Shelf } from './shelf.ts';

export const META = 'meta.json';
/** Everything that changes records is done under this name, one tab at a time. */
const LOCK = 'records';

export type RecordFiles = ReadonlyMap<string, Blob | Uint8Array<ArrayBuffer>>;

export interface Records<M> {
  /** By key; what cannot be read is left out. */
  all(): Promise<ReadonlyMap<string, M>>;
  /** Undefined when there is none, or what is said about it cannot be read. */
  get(key: string): Promise<M | undefined>;
  /** Writes or replaces a record: files first, then what makes them one. */
  publish(key: string, files: RecordFiles, meta: M): Promise<void>;
  /** Changes what is said about a record. Returns false when there is none. */
  amend(key: string, change: (meta: M) => M): Promise<boolean>;
  /** Makes a record of files that lie elsewhere on the shelf, by path of the record; they are moved. */
  adopt(key: string, files: ReadonlyMap<string, string>, meta: M): Promise<void>;
  /** One more file of a record that is there. */
  add(key: string, path: string, contents: Blob | Uint8Array<ArrayBuffer>): Promise<void>;
  file(key: string, path: string): Promise<Blob | undefined>;
  /** Paths and bytes, without what is said about them. */
  files(key: string): Promise<ReadonlyMap<string, number>>;
  /** @param still decided while nobody else changes it; nothing happens when it says no */
  remove(key: string, still?: (meta: M) => boolean): Promise<void>;
  /** Removes folders that were never finished. */
  sweep(): Promise<void>;
}

/**
 * @param kind the folder that holds them
 * @param check the meta data of a record, undefined when it is none
 */
export function recordsOn<M>(
  shelf: Shelf,
  kind: string,
  check: (value: unknown) => M | undefined,
): Records<M> {
  const at = (key: string, path: string) => `${kind}/${key}/${path}`;
  const say = (key: string, meta: M) =>
    shelf.write(at(key, META), new TextEncoder().encode(JSON.stringify(meta)));

  async function metaOf(key: string): Promise<M | undefined> {
    const file = await shelf.read(at(key, META));
    if (!file) return undefined;
    try {
      return check(JSON.parse(await file.text()));
    } catch {
      return undefined;
    }
  }

  async function keys(): Promise<{ finished: string[]; begun: string[] }> {
    const paths = [...(await shelf.list(kind)).keys()];
    const begun = [...new Set(paths.map((path) => path.split('/')[0] as string))];
    return { begun, finished: begun.filter((key) => paths.includes(`${key}/${META}`)) };
  }

  return {
    async all() {
      const { finished } = await keys();
      const metas = await Promise.all(finished.map(metaOf));
      const found = new Map<string, M>();
      metas.forEach((meta, i) => {
        if (meta !== undefined) found.set(finished[i]!, meta);
      });
      return found;
    },

    get: metaOf,

    publish: (key, files, meta) =>
      shelf.alone(LOCK, async () => {
        const known = await shelf.read(at(key, META));
        try {
          for (const [path, contents] of files) await shelf.write(at(key, path), contents);
          await say(key, meta);
        } catch (error) {
          if (!known) await shelf.remove(`${kind}/${key}`).catch(() => {});
          throw error;
        }
      }),

    amend: (key, change) =>
      shelf.alone(LOCK, async () => {
        const meta = await metaOf(key);
        if (meta !== undefined) await say(key, change(meta));
        return meta !== undefined;
      }),

    adopt: (key, files, meta) =>
      shelf.alone(LOCK, async () => {
        for (const [path, from] of files) await shelf.move(from, at(key, path));
        await say(key, meta);
      }),

    add: (key, path, contents) => shelf.write(at(key, path), contents),
    file: (key, path) => shelf.read(at(key, path)),

    async files(key) {
      const files = new Map(await shelf.list(`${kind}/${key}`));
      files.delete(META);
      return files;
    },

    remove: (key, still) =>
      shelf.alone(LOCK, async () => {
        const meta = still && (await metaOf(key));
        if (meta !== undefined && !still?.(meta)) return;
        // In this order, so that what is interrupted here is no record any more.
        await shelf.remove(at(key, META));
        await shelf.remove(`${kind}/${key}`);
      }),

    sweep: () =>
      shelf.alone(LOCK, async () => {
        const { begun, finished } = await keys();
        for (const key of begun) {
          if (!finished.includes(key)) await shelf.remove(`${kind}/${key}`);
        }
      }),
  };
}

/** 64 hexadecimal digits. @throws UserError 'storage' where the browser does not compute hashes */
export async function sha256Of(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  if (!globalThis.crypto?.subtle) {
    throw new UserError(
      'storage',
      'Files are known by their SHA-256 here, which this browser computes only for pages opened with https.',
      'Open the page with https, or on this machine itself (localhost).',
    );
  }
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
