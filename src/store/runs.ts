// Runs that stay: a file of JSON Lines each, known by its content, so that one that is imported twice is one. They are
// many and small, so there is a bound: the oldest that nobody has pinned give way.

import { UserError } from '../core/errors.ts';
import { type KeptRun, RUNS_KEPT } from '../core/runRecord.ts';
import { cleanName, parseRunId, runId } from '../experiment/names.ts';
import type { Drawer, Found, Saved } from './drawer.ts';
import type { RunMeta } from './meta.ts';
import { sha256Of } from './records.ts';
import { bytesOf } from './shelf.ts';

const RUN_FILE = 'run.jsonl';

export type NewRun = Omit<RunMeta, 'bytes' | 'saved' | 'pinned' | 'deleted'>;

export interface Runs {
  /** Newest first, what is in the trash included. */
  all(): Promise<readonly KeptRun[]>;
  /** One that is here already stays as it is, and comes out of the trash. */
  keep(file: Uint8Array<ArrayBuffer>, about: NewRun): Promise<Saved<KeptRun>>;
  /** Its file. @throws UserError 'run' when it is not here, or damaged */
  read(id: string): Promise<Uint8Array<ArrayBuffer>>;
  /** @throws UserError 'storage' when there is no such run */
  pin(id: string, pinned: boolean): Promise<void>;
}

export function runsIn(
  drawer: Drawer<RunMeta>,
  now: () => number,
  { count, bytes }: { readonly count: number; readonly bytes: number } = RUNS_KEPT,
): Runs {
  /** @param newest stays in any case */
  async function makeRoom(newest: string): Promise<void> {
    let runs = 0;
    let size = 0;
    for (const { key, meta } of await drawer.all()) {
      if (meta.pinned || meta.deleted !== undefined) continue;
      runs++;
      size += meta.bytes;
      const over = runs > count || size > bytes;
      if (over && key !== newest) await drawer.remove(key, ({ pinned }) => !pinned);
    }
  }

  return {
    all: async () => (await drawer.all()).map(keptRun),

    async keep(file, { name, ...about }) {
      const key = await sha256Of(file);
      const known = await drawer.find(key);
      if (known) {
        await drawer.amend(key, ({ deleted: _, ...meta }) => meta);
        const { deleted: _, ...meta } = known.meta;
        return { value: keptRun({ ...known, meta }) };
      }
      const meta: RunMeta = {
        ...about,
        name: cleanName(name),
        bytes: file.byteLength,
        saved: now(),
        pinned: false,
      };
      const unsaved = await drawer.publish(key, new Map([[RUN_FILE, file]]), meta);
      await makeRoom(key);
      const found = await drawer.find(key);
      if (!found) throw new Error('a run that was kept is gone');
      return { value: keptRun(found), ...(unsaved && { unsaved }) };
    },

    async read(id) {
      const named = parseRunId(id);
      const found = await drawer.find(named?.sha256);
      const file = await found?.file(RUN_FILE);
      if (!found || !file) throw noRun(id);
      const contents = await bytesOf(file);
      if ((await sha256Of(contents)) === named?.sha256) return contents;
      throw new UserError(
        'run',
        `The kept run ${found.meta.name} has other bytes than were written.`,
        'It was damaged: delete it, and run its settings again.',
      );
    },

    async pin(id, pinned) {
      const done = await drawer.amend(parseRunId(id)?.sha256, (meta) => ({ ...meta, pinned }));
      if (!done) throw noRun(id, 'storage');
    },
  };
}

function keptRun({ key, meta, temporary }: Found<RunMeta>): KeptRun {
  const id = runId({ sha256: key, name: meta.name });
  return { id, ...meta, ...(temporary && { temporary }) };
}

const noRun = (id: string, code: 'run' | 'storage' = 'run') =>
  new UserError(
    code,
    `The run ${parseRunId(id)?.name ?? id} is not among those that are kept here.`,
    'It may have been deleted in another tab, or have given way to newer ones.',
  );
