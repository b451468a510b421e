// Downloads that go on, and those that were interrupted. A file arrives in parts, each written whole; what is there is
// read as one file without being copied, and a download goes on where its last part ends, after a reload too.

import { UserError } from '../core/errors.ts';
import { type DownloadMeta, downloadMeta, type WantedFile } from './meta.ts';
import { recordsOn } from './records.ts';
import type { Shelf } from './shelf.ts';

export interface SavedDownload {
  readonly id: string;
  /** `org/name@revision` with the server before it. */
  readonly address: string;
  readonly files: readonly WantedFile[];
  /** Here already, and in all where the server said so. */
  readonly bytes: number;
  readonly total?: number;
  readonly saved: number;
}

/** A download that this tab holds. */
export interface HeldDownload {
  readonly files: readonly WantedFile[];
  /** Everything of a file that is here. */
  here(file: number): Promise<Blob>;
  /** Goes behind what is here. */
  append(file: number, part: Uint8Array<ArrayBuffer>): Promise<void>;
  /** Forgets what is here of a file: the server has another version now. */
  restart(file: number, about: Partial<WantedFile>): Promise<void>;
  /** What the server says about a file. */
  note(file: number, about: Partial<WantedFile>): Promise<void>;
  /** All of it is somewhere else now. */
  finish(): Promise<void>;
  release(): Promise<void>;
}

export interface Downloads {
  /** Newest first, without those that go on in this tab or another. */
  all(): Promise<readonly SavedDownload[]>;
  /**
   * Begins a download, or takes up what is here of it.
   * @throws UserError 'storage' when another tab has it
   */
  hold(id: string, address: string, files: readonly WantedFile[]): Promise<HeldDownload>;
  discard(id: string): Promise<void>;
  sweep(): Promise<void>;
}

const lock = (id: string) => `download ${id}`;
/** Parts in order of their names. */
const partName = (file: number, part: number) => `${file}/${String(part).padStart(6, '0')}`;

export function downloadsOn(shelf: Shelf, now = () => Date.now()): Downloads {
  const records = recordsOn(shelf, 'downloads', downloadMeta);

  const parts = async (id: string, file: number) =>
    [...(await records.files(id))].filter(([path]) => path.startsWith(`${file}/`)).sort();

  return {
    async all() {
      const taken = await shelf.claims();
      const found: SavedDownload[] = [];
      for (const [id, { address, files, saved }] of await records.all()) {
        if (taken.has(lock(id))) continue;
        const here = [...(await records.files(id)).values()];
        const sizes = files.map(({ bytes }) => bytes);
        const total = sizes.every((size) => size !== undefined)
          ? sizes.reduce((sum, size) => sum + size, 0)
          : undefined;
        found.push({
          id,
          address,
          files,
          saved,
          bytes: here.reduce((sum, size) => sum + size, 0),
          ...(total !== undefined && { total }),
        });
      }
      return found.sort((a, b) => b.saved - a.saved);
    },

    async hold(id, address, wanted) {
      const release = await shelf.claim(lock(id));
      if (!release) {
        throw new UserError(
          'storage',
          `${address} is being downloaded in another tab.`,
          'Wait for it, or cancel it there.',
        );
      }
      try {
        const before = await records.get(id);
        let meta: DownloadMeta = { address, files: [...wanted], saved: now() };
        if (before && sameFiles(before.files, wanted)) meta = { ...before, saved: now() };
        else await records.remove(id);
        await records.publish(id, new Map(), meta);
        const counts: number[] = [];
        for (const file of meta.files.keys()) counts.push((await parts(id, file)).length);
        const amend = async (file: number, about: Partial<WantedFile>) => {
          const files = meta.files.map((one, at) => (at === file ? { ...one, ...about } : one));
          meta = { ...meta, files };
          await records.amend(id, () => meta);
        };
        return {
          get files() {
            return meta.files;
          },
          async here(file) {
            const blobs: Blob[] = [];
            for (const [path] of await parts(id, file)) {
              const blob = await records.file(id, path);
              if (blob) blobs.push(blob);
            }
            return new Blob(blobs);
          },
          async append(file, part) {
            await records.add(id, partName(file, counts[file] ?? 0), part);
            counts[file] = (counts[file] ?? 0) + 1;
          },
          async restart(file, about) {
            await shelf.remove(`downloads/${id}/${file}`);
            counts[file] = 0;
            await amend(file, about);
          },
          note: amend,
          finish: () => records.remove(id),
          release,
        };
      } catch (error) {
        await release();
        throw error;
      }
    },

    async discard(id) {
      const release = await shelf.claim(lock(id));
      if (!release) return;
      await records.remove(id);
      await release();
    },
    sweep: () => records.sweep(),
  };
}

/** Does what was begun want the same bytes? */
function sameFiles(before: readonly WantedFile[], wanted: readonly WantedFile[]): boolean {
  const known = new Map(before.map((file) => [file.path, file]));
  return (
    before.length === wanted.length &&
    wanted.every(({ path, bytes, sha256 }) => {
      const one = known.get(path);
      if (!one) return false;
      const sameSize = bytes === undefined || one.bytes === undefined || bytes === one.bytes;
      return sameSize && (sha256 === undefined || sha256 === one.sha256);
    })
  );
}
