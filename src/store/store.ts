// What stays in the browser: checkpoints that were trained here or brought along, data files, runs, and trainings and
// downloads that were interrupted.
// What the browser has no room for is kept in memory, so that nothing is lost while the tab is open.

import { UserError } from '../core/errors.ts';
import type { KeptCheckpoint } from '../core/kept.ts';
import type { PortRoles } from '../core/modelCard.ts';
import {
  cleanName,
  fileId,
  localId,
  parseFileId,
  parseLocalId,
  parseRunId,
} from '../experiment/names.ts';
import { type Downloads, downloadsOn } from './downloads.ts';
import { type CommonMeta, drawerOn, type Found, type Saved } from './drawer.ts';
import { type Incoming, receive, sweepIncoming } from './incoming.ts';
import { createMemoryShelf } from './memoryShelf.ts';
import { type CheckpointMeta, checkpointMeta, type DataMeta, dataMeta, runMeta } from './meta.ts';
import { sha256Of } from './records.ts';
import { type Runs, runsIn } from './runs.ts';
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
  /** Its bytes are read when they are asked for. @throws UserError 'checkpoint' when there is none */
  blob(path: string): Promise<Blob>;
  /** What is said about it where it is kept. */
  readonly about: CheckpointMeta;
  readonly ports?: PortRoles;
}

/** A checkpoint that is brought along. */
export interface Brought extends Incoming {
  readonly about: Pick<KeptCheckpoint, 'name' | 'parameters' | 'origin' | 'source' | 'original'>;
}

export interface KeptData {
  readonly id: string;
  readonly name: string;
  readonly bytes: number;
  readonly saved: number;
  readonly deleted?: number;
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
  /**
   * Streams files in; nothing is left of them if that fails.
   * @throws UserError 'checkpoint' when one cannot be read; DOMException AbortError
   */
  bring(one: Brought): Promise<Saved<KeptCheckpoint>>;
  /** Found by content, whatever name `id` has. @throws UserError 'checkpoint' when it is not here */
  folder(id: string): Promise<KeptFolder>;
  data(): Promise<readonly KeptData[]>;
  keepData(name: string, bytes: Uint8Array<ArrayBuffer>): Promise<Saved<KeptData>>;
  /** @throws UserError 'data' when it is not here: which file to drop */
  readData(id: string): Promise<Uint8Array<ArrayBuffer>>;
  /** @throws UserError 'storage' when there is no such thing, as the next three */
  rename(id: string, name: string): Promise<void>;
  /** How many numbers it has in weights, found when its files were read. Returns whether that is news. */
  count(id: string, parameters: number): Promise<boolean>;
  /** Which input and output of a checkpoint is which; undefined: as it is found by itself. */
  setPorts(id: string, ports: PortRoles | undefined): Promise<void>;
  delete(id: string): Promise<void>;
  restore(id: string): Promise<void>;
  emptyTrash(of: 'files' | 'runs'): Promise<void>;
  readonly trainings: Trainings;
  readonly downloads: Downloads;
  readonly runs: Runs;
  /** The browser has promised not to clear it when it runs short of space. */
  lasting(): Promise<boolean>;
  /** Bytes of everything that is kept, and those that are free where that is known. */
  size(): Promise<{ readonly bytes: number; readonly free?: number }>;
}

/** @param why why it is in memory only, if it is */
export async function openStore(
  shelf: Shelf,
  { why, now = () => Date.now() }: { readonly why?: string; readonly now?: () => number } = {},
): Promise<Store> {
  const spare = createMemoryShelf();
  const checkpoints = drawerOn(shelf, spare, 'checkpoints', checkpointMeta);
  const files = drawerOn(shelf, spare, 'data', dataMeta);
  const finished = drawerOn(shelf, spare, 'runs', runMeta);
  const trainings = trainingsOn(shelf, now);
  const downloads = downloadsOn(shelf, now);
  const runs = runsIn(finished, now);

  async function amend(id: string, change: <M extends CommonMeta>(meta: M) => M) {
    const done =
      (await checkpoints.amend(parseLocalId(id)?.sha256, change)) ||
      (await files.amend(parseFileId(id)?.sha256, change)) ||
      (await finished.amend(parseRunId(id)?.sha256, change));
    if (!done) throw notHere(id);
  }

  async function empty(until: number): Promise<void> {
    await checkpoints.empty(until);
    await files.empty(until);
    await finished.empty(until);
  }

  for (const drawer of [checkpoints, files, finished]) await drawer.sweep();
  await trainings.sweep();
  await downloads.sweep();
  await sweepIncoming(shelf);
  await empty(now() - TRASH_STAYS_MS);

  const keptCheckpoints = async () => (await checkpoints.all()).map(keptCheckpoint);
  const keptFiles = async () => (await files.all()).map(keptData);

  return {
    where: shelf.where,
    ...(why !== undefined && { why }),
    trainings,
    downloads,
    runs,
    checkpoints: keptCheckpoints,
    data: keptFiles,

    async keep({ files: contents, ...about }) {
      const model = contents.get(MODEL_FILE);
      if (!model) throw new Error(`a checkpoint without ${MODEL_FILE}`);
      const key = await sha256Of(model);
      const bytes = [...contents.values()].reduce((sum, file) => sum + file.byteLength, 0);
      const meta: CheckpointMeta = { ...about, name: cleanName(about.name), bytes, saved: now() };
      const unsaved = await checkpoints.publish(key, contents, meta);
      const temporary = unsaved !== undefined || shelf.where === 'memory';
      return { value: keptCheckpoint({ key, meta, temporary }), ...(unsaved && { unsaved }) };
    },

    async bring({ about, ...incoming }) {
      const describe = (sha256: Readonly<Record<string, string>>, bytes: number) => ({
        ...about,
        name: cleanName(about.name),
        bytes,
        step: 0,
        scores: {},
        measuredAt: 0,
        base: '',
        recipe: '',
        saved: now(),
        sha256,
      });
      const { key, meta, unsaved } = await receive(shelf, checkpoints, incoming, describe);
      const temporary = unsaved !== undefined || shelf.where === 'memory';
      return { value: keptCheckpoint({ key, meta, temporary }), ...(unsaved && { unsaved }) };
    },

    async folder(id) {
      const found = await checkpoints.find(parseLocalId(id)?.sha256);
      if (!found || found.meta.deleted !== undefined) throw noCheckpoint(id, found?.meta.name);
      return folderOf(found);
    },

    async keepData(name, bytes) {
      const key = await sha256Of(bytes);
      const meta: DataMeta = { name: cleanName(name), bytes: bytes.byteLength, saved: now() };
      const unsaved = await files.publish(key, new Map([[DATA_FILE, bytes]]), meta);
      return { value: keptData({ key, meta }), ...(unsaved && { unsaved }) };
    },

    async readData(id) {
      const named = parseFileId(id);
      const file = await (await files.find(named?.sha256))?.file(DATA_FILE);
      const bytes = file && (await bytesOf(file));
      if (bytes && (await sha256Of(bytes)) === named?.sha256) return bytes;
      throw noData(id, Boolean(bytes));
    },

    rename: (id, name) => amend(id, (meta) => ({ ...meta, name: cleanName(name) })),
    async count(id, parameters) {
      const key = parseLocalId(id)?.sha256;
      const found = await checkpoints.find(key);
      if (!found || found.meta.parameters === parameters) return false;
      return checkpoints.amend(key, (meta) => ({ ...meta, parameters }));
    },
    async setPorts(id, ports) {
      const done = await checkpoints.amend(parseLocalId(id)?.sha256, ({ ports: _, ...meta }) => ({
        ...meta,
        ...(ports && { ports }),
      }));
      if (!done) throw notHere(id);
    },
    delete: (id) => amend(id, (meta) => ({ ...meta, deleted: now() })),
    restore: (id) => amend(id, ({ deleted: _, ...meta }) => meta as never),
    async emptyTrash(of) {
      const drawers = of === 'runs' ? [finished] : [checkpoints, files];
      for (const drawer of drawers) await drawer.empty(Number.POSITIVE_INFINITY);
    },

    lasting: () => shelf.lasting(),

    async size() {
      const all = [
        ...(await keptCheckpoints()),
        ...(await keptFiles()),
        ...(await runs.all()),
        ...(await trainings.all()),
        ...(await trainings.ongoing()),
        ...(await downloads.all()),
      ];
      const free = await shelf.free();
      const bytes = all.reduce((sum, one) => sum + one.bytes, 0);
      return { bytes, ...(free !== undefined && { free }) };
    },
  };
}

type Kept<M> = Pick<Found<M>, 'key' | 'meta'>;

function keptCheckpoint({
  key: sha256,
  meta,
  temporary,
}: Kept<CheckpointMeta> & { readonly temporary: boolean }): KeptCheckpoint {
  const id = localId({ sha256, name: meta.name });
  return { id, ...meta, ...(temporary && { temporary }) };
}

const keptData = ({ key: sha256, meta }: Kept<DataMeta>): KeptData => ({
  id: fileId({ sha256, name: meta.name }),
  ...meta,
});

async function folderOf({ key, meta, ...found }: Found<CheckpointMeta>): Promise<KeptFolder> {
  const { name } = meta;
  const files = new Set((await found.files()).keys());
  const hashes: Readonly<Record<string, string>> = meta.sha256 ?? { [MODEL_FILE]: key };
  const blob = async (path: string) => {
    const file = files.has(path) ? await found.file(path) : undefined;
    if (file) return file;
    throw damaged(name, `has no file ${path}`);
  };
  return {
    name,
    files,
    about: meta,
    ...(meta.ports && { ports: meta.ports }),
    blob,
    async read(path, progress) {
      const file = await blob(path);
      progress?.(0, file.size);
      const bytes = await bytesOf(file);
      progress?.(bytes.length, bytes.length);
      const expected = Object.hasOwn(hashes, path) ? hashes[path] : undefined;
      if (expected !== undefined && (await sha256Of(bytes)) !== expected) {
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
    'It was damaged after it was written: delete it, and train it again with its recipe, or bring it again.',
  );

function noCheckpoint(id: string, inTrash: string | undefined): UserError {
  const { name, sha256 } = parseLocalId(id) ?? { name: id, sha256: '' };
  return new UserError(
    'checkpoint',
    `The checkpoint ${inTrash ?? name} is ${inTrash === undefined ? 'not in this browser' : 'in the trash'}.`,
    inTrash !== undefined
      ? 'Restore it, or choose another one.'
      : `Drop it onto the page (the checkpoint whose SHA-256 begins with ${sha256.slice(0, 12)}), choose another one, or open the link of the training that made it.`,
  );
}

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
    `${(parseLocalId(id) ?? parseFileId(id) ?? parseRunId(id))?.name ?? id} is not among what is kept here.`,
    'It may have been deleted in another tab.',
  );
