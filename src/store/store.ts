// What stays in the browser: checkpoints that were trained here, data files, and trainings that were interrupted.
// What the browser has no room for is kept in memory, so that nothing is lost while the tab is open.

import { UserError } from '../core/errors.ts';
import type { KeptCheckpoint } from '../core/kept.ts';
import { cleanName, fileId, localId, parseFileId, parseLocalId } from '../experiment/names.ts';
import { createMemoryShelf } from './memoryShelf.ts';
import { type CheckpointMeta, checkpointMeta, type DataMeta, dataMeta } from './meta.ts';
import { type RecordFiles, type Records, recordsOn, sha256Of } from './records.ts';
import { bytesOf, type Shelf } from './shelf.ts';
import { type Trainings, trainingsOn } from './trainings.ts';

export const MODEL_FILE = 'onnx/model.onnx';
const DATA_FILE = 'data.jsonl';
/** Another tab may have put something there a moment ago and want it back. Milliseconds. */
const TRASH_STAYS_MS = 10 * 60_000;

/** A checkpoint folder's files, wherever they are; the same shape as models/folder.ts has. */
export interface KeptFolder {
  readonly name: string;
  readonly files: ReadonlySet<string>;
  read(
    path: string,
    progress?: (loaded: number, total?: number) => void,
  ): Promise<Uint8Array<ArrayBuffer>>;
}

export interface KeptData {
  readonly id: string;
  readonly name: string;
  readonly bytes: number;
  readonly saved: number;
  readonly deleted?: number;
}

/** What is kept came to be in memory only: `unsaved` says why. */
export interface Saved<T> {
  readonly value: T;
  readonly unsaved?: UserError;
}

export type NewCheckpoint = Omit<
  KeptCheckpoint,
  'id' | 'bytes' | 'saved' | 'deleted' | 'temporary'
> & {
  /** Paths as in Hugging Face's layout, `onnx/model.onnx` among them. */
  readonly files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
};

export interface Store {
  readonly where: Shelf['where'];
  /** Why it is in memory only. */
  readonly why?: string;
  checkpoints(): Promise<readonly KeptCheckpoint[]>;
  /** Two checkpoints with the same weights are one, under the newer name. */
  keep(one: NewCheckpoint): Promise<Saved<KeptCheckpoint>>;
  /** Found by content, whatever name `id` has. @throws UserError 'checkpoint' when it is not here */
  folder(id: string): Promise<KeptFolder>;
  data(): Promise<readonly KeptData[]>;
  keepData(name: string, bytes: Uint8Array<ArrayBuffer>): Promise<Saved<KeptData>>;
  /** @throws UserError 'data' when it is not here: which file to drop */
  readData(id: string): Promise<Uint8Array<ArrayBuffer>>;
  /** @throws UserError 'storage' when there is no such thing, as the next three */
  rename(id: string, name: string): Promise<void>;
  delete(id: string): Promise<void>;
  restore(id: string): Promise<void>;
  emptyTrash(): Promise<void>;
  readonly trainings: Trainings;
  /** Bytes of everything that is kept, and those that are free where that is known. */
  size(): Promise<{ readonly bytes: number; readonly free?: number }>;
}

/** @param why why it is in memory only, if it is */
export async function openStore(
  shelf: Shelf,
  { why, now = () => Date.now() }: { readonly why?: string; readonly now?: () => number } = {},
): Promise<Store> {
  const spare = createMemoryShelf();
  const shelves = [shelf, spare];
  const checkpoints = shelves.map((one) => recordsOn(one, 'checkpoints', checkpointMeta));
  const files = shelves.map((one) => recordsOn(one, 'data', dataMeta));
  const trainings = trainingsOn(shelf, now);

  /** The shelf's records that have it, and what they say about it. */
  async function find<M>(all: readonly Records<M>[], key: string | undefined) {
    for (const records of all) {
      const meta = key === undefined ? undefined : (await records.all()).get(key);
      if (meta !== undefined) return { records, meta, key: key as string };
    }
    return undefined;
  }

  /** On the shelf, or in memory when it has no room. */
  async function publish<M>(
    all: readonly Records<M>[],
    key: string,
    contents: RecordFiles,
    meta: M,
  ): Promise<UserError | undefined> {
    try {
      await all[0]?.publish(key, contents, meta);
      await all[1]?.remove(key);
      return undefined;
    } catch (cause) {
      await all[1]?.publish(key, contents, meta);
      return cause instanceof UserError ? cause : refused(cause);
    }
  }

  async function amend(
    id: string,
    change: <M extends { name: string; deleted?: number }>(meta: M) => M,
  ) {
    const key = (parseLocalId(id) ?? parseFileId(id))?.sha256;
    const found = parseLocalId(id) ? await find(checkpoints, key) : undefined;
    const file = parseFileId(id) ? await find(files, key) : undefined;
    const done = found
      ? await found.records.amend(found.key, change)
      : file && (await file.records.amend(file.key, change));
    if (!done) throw notHere(id);
  }

  async function empty(before: number): Promise<void> {
    for (const records of [...checkpoints, ...files]) {
      for (const [key, { deleted }] of await records.all()) {
        if (deleted !== undefined && deleted <= before) await records.remove(key);
      }
    }
  }

  async function list<M extends { saved: number }, T>(
    all: readonly Records<M>[],
    make: (key: string, meta: M, temporary: boolean) => T,
  ): Promise<T[]> {
    const found: [number, T][] = [];
    for (const [number, records] of all.entries()) {
      for (const [key, meta] of await records.all()) {
        found.push([meta.saved, make(key, meta, number > 0 || shelf.where === 'memory')]);
      }
    }
    return found.sort(([a], [b]) => b - a).map(([, one]) => one);
  }

  for (const records of [checkpoints[0], files[0]]) await records?.sweep();
  await trainings.sweep();
  await empty(now() - TRASH_STAYS_MS);

  const keptCheckpoints = () => list(checkpoints, keptCheckpoint);
  const keptFiles = () => list(files, keptData);

  return {
    where: shelf.where,
    ...(why !== undefined && { why }),
    trainings,
    checkpoints: keptCheckpoints,
    data: keptFiles,

    async keep({ files: contents, ...about }) {
      const model = contents.get(MODEL_FILE);
      if (!model) throw new Error(`a checkpoint without ${MODEL_FILE}`);
      const key = await sha256Of(model);
      const bytes = [...contents.values()].reduce((sum, file) => sum + file.byteLength, 0);
      const meta: CheckpointMeta = { ...about, name: cleanName(about.name), bytes, saved: now() };
      const unsaved = await publish(checkpoints, key, contents, meta);
      const value = keptCheckpoint(key, meta, Boolean(unsaved) || shelf.where === 'memory');
      return { value, ...(unsaved && { unsaved }) };
    },

    async folder(id) {
      const found = await find(checkpoints, parseLocalId(id)?.sha256);
      if (!found || found.meta.deleted !== undefined) throw noCheckpoint(id, found?.meta.name);
      return folderOf(found.records, found.key, found.meta.name);
    },

    async keepData(name, bytes) {
      const key = await sha256Of(bytes);
      const meta: DataMeta = { name: cleanName(name), bytes: bytes.byteLength, saved: now() };
      const unsaved = await publish(files, key, new Map([[DATA_FILE, bytes]]), meta);
      return { value: keptData(key, meta), ...(unsaved && { unsaved }) };
    },

    async readData(id) {
      const named = parseFileId(id);
      const found = await find(files, named?.sha256);
      const file = found && (await found.records.file(found.key, DATA_FILE));
      const bytes = file && (await bytesOf(file));
      if (bytes && (await sha256Of(bytes)) === named?.sha256) return bytes;
      throw noData(id, Boolean(bytes));
    },

    rename: (id, name) => amend(id, (meta) => ({ ...meta, name: cleanName(name) })),
    delete: (id) => amend(id, (meta) => ({ ...meta, deleted: now() })),
    restore: (id) => amend(id, ({ deleted: _, ...meta }) => meta as never),
    emptyTrash: () => empty(Number.POSITIVE_INFINITY),

    async size() {
      const all = [
        ...(await keptCheckpoints()),
        ...(await keptFiles()),
        ...(await trainings.all()),
      ];
      const free = await shelf.free();
      const bytes = all.reduce((sum, one) => sum + one.bytes, 0);
      return { bytes, ...(free !== undefined && { free }) };
    },
  };
}

function keptCheckpoint(sha256: string, meta: CheckpointMeta, temporary: boolean): KeptCheckpoint {
  const id = localId({ sha256, name: meta.name });
  return { id, ...meta, ...(temporary && { temporary }) };
}

const keptData = (sha256: string, meta: DataMeta): KeptData => ({
  id: fileId({ sha256, name: meta.name }),
  ...meta,
});

async function folderOf<M>(records: Records<M>, key: string, name: string): Promise<KeptFolder> {
  const files = new Set((await records.files(key)).keys());
  return {
    name,
    files,
    async read(path, progress) {
      const file = files.has(path) ? await records.file(key, path) : undefined;
      if (!file) throw damaged(name, `has no file ${path}`);
      progress?.(0, file.size);
      const bytes = await bytesOf(file);
      progress?.(bytes.length, bytes.length);
      if (path === MODEL_FILE && (await sha256Of(bytes)) !== key) {
        throw damaged(name, 'has other bytes than were written');
      }
      return bytes;
    },
  };
}

const damaged = (name: string, what: string) =>
  new UserError(
    'checkpoint',
    `The kept checkpoint ${name} ${what}.`,
    'It was damaged after it was written: delete it, and train it again with its recipe.',
  );

const noCheckpoint = (id: string, inTrash: string | undefined) =>
  new UserError(
    'checkpoint',
    `The checkpoint ${inTrash ?? parseLocalId(id)?.name ?? id} is ${inTrash === undefined ? 'not in this browser' : 'in the trash'}.`,
    inTrash !== undefined
      ? 'Restore it, or choose another one.'
      : 'It was trained elsewhere: choose another one, or open the link of the training that made it.',
  );

function noData(id: string, damagedOne: boolean): UserError {
  const { name, sha256 } = parseFileId(id) ?? { name: id, sha256: '' };
  return new UserError(
    'data',
    `The examples are in the file ${name}, which ${damagedOne ? 'was damaged' : 'is not in this browser'}.`,
    `Drop ${name} onto the page (the file whose SHA-256 begins with ${sha256.slice(0, 12)}), or choose other data.`,
  );
}

const notHere = (id: string) =>
  new UserError(
    'storage',
    `${(parseLocalId(id) ?? parseFileId(id))?.name ?? id} is not among what is kept here.`,
    'It may have been deleted in another tab.',
  );

const refused = (cause: unknown) =>
  new UserError(
    'storage',
    'The browser could not write to its own file system.',
    'Export what you want to keep before you close the tab.',
    { cause },
  );
