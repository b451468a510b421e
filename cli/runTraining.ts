// A training of the page, without the page: the same events, and what was learned goes to a folder.

import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Backend } from '../src/backend/backend.ts';
import { UserError } from '../src/core/errors.ts';
import type { RunEvent } from '../src/core/events.ts';
import type { KeptCheckpoint } from '../src/core/kept.ts';
import type { Experiment } from '../src/experiment/experiment.ts';
import type { CheckpointFolder } from '../src/models/folder.ts';
import type { OrtRuntime } from '../src/models/runtime.ts';
import { createMemoryShelf } from '../src/store/memoryShelf.ts';
import { openStore, type Store } from '../src/store/store.ts';
import { prepareTraining } from '../src/worker/trainJob.ts';
import { writeFolder } from './checkpointFiles.ts';

export interface TrainingOptions {
  readonly experiment: Experiment;
  readonly runtime: OrtRuntime;
  readonly backend: Backend;
  readonly folderOf: (id: string) => CheckpointFolder;
  /** The data file, where the experiment names one. */
  readonly data?: string;
  /** Where the trained checkpoint's folder goes. */
  readonly out?: string;
  readonly say: (line: string) => void;
}

/** @throws UserError as prepareTraining does, and 'data' when the file cannot be read */
export async function* runTraining(options: TrainingOptions): AsyncGenerator<RunEvent, void, void> {
  const { experiment, runtime, backend, folderOf, data, out, say } = options;
  const store = await openStore(createMemoryShelf());
  if (data !== undefined) await store.keepData(basename(data), bytesOf(data));
  const job = await prepareTraining({
    experiment,
    runtime,
    ops: backend.ops,
    folderOf,
    store,
    progress: () => {},
    breathe: () => {},
  });
  try {
    for await (const event of job.events(() => false)) {
      yield event;
      if (event.type !== 'kept') continue;
      if (out === undefined) say('Nothing was written: --out DIR says where a checkpoint goes.');
      else say(`Written to ${await write(store, event.checkpoint, out)}.`);
    }
  } finally {
    await job.release();
  }
}

function bytesOf(path: string): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(readFileSync(path));
  } catch (cause) {
    throw new UserError(
      'data',
      `The data file ${path} cannot be read.`,
      'Give the path of the file that the experiment was made with.',
      { cause },
    );
  }
}

async function write(store: Store, { id, name }: KeptCheckpoint, out: string): Promise<string> {
  const folder = await store.folder(id);
  const files = new Map<string, Uint8Array>();
  for (const path of folder.files) files.set(path, await folder.read(path));
  const target = join(out, name);
  writeFolder(target, files);
  return target;
}
