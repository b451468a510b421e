// The small jobs beside the runs: what is kept is listed, renamed, deleted, exported, and data files are looked into.
// Each is answered once, whatever happens; what it has changed is told to the page.

import { toFailure, UserError } from '../core/errors.ts';
import { decode } from '../experiment/link.ts';
import { cleanName, fileId, parseFileId, sameContent } from '../experiment/names.ts';
import { readTexts } from '../models/checkpoint.ts';
import type { CheckpointFolder } from '../models/folder.ts';
import { sha256Of } from '../store/records.ts';
import { MODEL_FILE, type Store } from '../store/store.ts';
import { zipOf } from '../store/zip.ts';
import { cardOf } from './card.ts';
import { checkSize, isUsable, readDataFile } from './dataFile.ts';
import type { DataReport, Errand, FromWorker, Stored } from './protocol.ts';
import { coderOf, textFiles } from './trainingRoom.ts';

type Bytes = Uint8Array<ArrayBuffer>;
type Of<T extends Errand['type']> = Extract<Errand, { readonly type: T }>;

export interface ErrandSupplies {
  store(): Promise<Store>;
  /** Built in or kept. @throws UserError 'checkpoint' */
  folderOf(id: string): Promise<CheckpointFolder>;
  post(message: FromWorker): void;
  /** Lets other messages in. */
  breathe(): Promise<void>;
}

export interface Errands {
  run(errand: Errand): Promise<void>;
  /** Tells the page what is stored now. */
  tell(): Promise<void>;
}

/** Milliseconds between two messages about how far an errand is. */
const TELL_EVERY = 50;

export function createErrands({ store, folderOf, post, breathe }: ErrandSupplies): Errands {
  const tell = async () => post({ type: 'stored', stored: await storedIn(await store()) });

  /** At most one message in 50 ms, and the last one. */
  function counter(request: number): (loaded: number, total: number) => void {
    let told = Number.NEGATIVE_INFINITY;
    return (loaded, total) => {
      if (loaded < total && performance.now() - told < TELL_EVERY) return;
      told = performance.now();
      post({ type: 'errand', request, loaded, total });
    };
  }

  async function readData({ request, checkpoint, source }: Of<'readData'>): Promise<void> {
    const kept = await store();
    const coder = coderOf(await readTexts(await folderOf(checkpoint)));
    const named = 'id' in source ? parseFileId(source.id)?.name : cleanName(source.name);
    const name = named ?? 'The file';
    const bytes =
      'id' in source ? await kept.readData(source.id) : await bytesOf(name, source.file);
    const { report } = await readDataFile(name, bytes, {
      coder,
      breathe,
      progress: counter(request),
    });
    const answer = (id: string): DataReport => ({ ...report, id });
    if ('id' in source) {
      post({ type: 'dataRead', request, report: answer(source.id) });
    } else if (isUsable(report)) {
      const { value } = await kept.keepData(name, bytes);
      await tell();
      post({ type: 'dataRead', request, report: answer(value.id) });
    } else {
      const id = fileId({ sha256: await sha256Of(bytes), name });
      post({ type: 'dataRead', request, report: answer(id) });
    }
  }

  async function exported({ request, id }: Of<'export'>): Promise<void> {
    const folder = await folderOf(id);
    const kept = (await (await store()).checkpoints()).find((one) => sameContent(one.id, id));
    const progress = counter(request);
    const model = await folder.read(MODEL_FILE, (loaded, total = 0) =>
      progress(Math.min(loaded, total - 1), total),
    );
    const files = new Map<string, Bytes>(await textFiles(folder));
    files.set(MODEL_FILE, new Uint8Array(model));
    const card = kept
      ? new TextEncoder().encode(cardOf(kept))
      : await folder.read('README.md').catch(() => undefined);
    if (card) files.set('README.md', new Uint8Array(card));
    const name = cleanName(folder.name);
    const zip = await zipOf(name, files, new Date(kept?.saved ?? Date.now()));
    post({ type: 'exported', request, name: `${name}.zip`, zip });
  }

  async function discard(kept: Store, id: string): Promise<void> {
    const release = await kept.trainings.claim(id);
    try {
      await kept.trainings.discard(id);
    } finally {
      await release();
    }
  }

  async function change(errand: Exclude<Errand, Of<'readData' | 'export'>>): Promise<void> {
    const kept = await store();
    if (errand.type === 'rename') await kept.rename(errand.id, errand.name);
    else if (errand.type === 'delete') await kept.delete(errand.id);
    else if (errand.type === 'restore') await kept.restore(errand.id);
    else if (errand.type === 'emptyTrash') await kept.emptyTrash();
    else if (errand.type === 'discard') await discard(kept, errand.id);
    await tell();
    post({ type: 'done', request: errand.request });
  }

  return {
    tell,
    async run(errand) {
      try {
        if (errand.type === 'readData') await readData(errand);
        else if (errand.type === 'export') await exported(errand);
        else await change(errand);
      } catch (error) {
        post({ type: 'refused', request: errand.request, failure: toFailure(error) });
      }
    },
  };
}

/** All that is kept, as the page lists it. */
async function storedIn(store: Store): Promise<Stored> {
  const [checkpoints, data, trainings, size] = await Promise.all([
    store.checkpoints(),
    store.data(),
    store.trainings.all(),
    store.size(),
  ]);
  return {
    checkpoints,
    data,
    resumable: trainings.map(({ recipe, ...one }) => ({
      ...one,
      experiment: decode(recipe).experiment,
    })),
    ...size,
    where: store.where,
    ...(store.why !== undefined && { why: store.why }),
  };
}

/** @throws UserError 'data' */
async function bytesOf(name: string, file: Blob): Promise<Bytes> {
  checkSize(name, file.size);
  try {
    return new Uint8Array(await file.arrayBuffer());
  } catch (cause) {
    throw new UserError(
      'data',
      `${name} could not be read.`,
      'It may have been moved or changed since it was dropped: drop it again.',
      { cause },
    );
  }
}
