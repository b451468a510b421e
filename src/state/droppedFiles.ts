// From what a browser hands over in a drop, a paste or a file picker to files with paths. Folders are walked with the
// interface that every browser has (File and Directory Entries API); a folder gives its entries in lots of a hundred.

import type { DroppedFile } from '../core/dropped.ts';

/** As much of FileSystemEntry as is needed. */
export interface Entry {
  readonly isFile: boolean;
  readonly isDirectory: boolean;
  readonly name: string;
  /** Of files. */
  file?(found: (file: File) => void, failed: (error: unknown) => void): void;
  /** Of folders. */
  createReader?(): {
    readEntries(found: (entries: Entry[]) => void, failed: (error: unknown) => void): void;
  };
}

/** Nobody's checkpoint has more; a home folder that was dropped by mistake does. */
const MOST = 10_000;
const DEEPEST = 12;
/** Left by systems and tools; whole folders of them are not walked. */
const LITTER =
  /^(\.DS_Store|Thumbs\.db|desktop\.ini|\._.*|__MACOSX|\.git|\.cache|\.locks|node_modules)$/i;

/** To be called while the event is handled: afterwards it is empty. */
export function entriesOf(data: DataTransfer): readonly (Entry | File)[] {
  return [...data.items]
    .filter(({ kind }) => kind === 'file')
    .flatMap((item) => {
      const entry = item.webkitGetAsEntry?.() as Entry | null | undefined;
      return entry ?? item.getAsFile() ?? [];
    });
}

/** Files of all folders in them; what cannot be read is left out and counted. */
export async function walk(
  entries: readonly (Entry | File)[],
): Promise<{ readonly files: readonly DroppedFile[]; readonly unread: number }> {
  const files: DroppedFile[] = [];
  let unread = 0;

  async function visit(entry: Entry | File, prefix: string, depth: number): Promise<void> {
    if (LITTER.test(entry.name) || files.length >= MOST) return;
    const path = `${prefix}${entry.name}`;
    if (entry instanceof Blob) return void files.push({ path, file: entry });
    try {
      if (entry.isFile) files.push({ path, file: await fileOf(entry) });
      else if (depth < DEEPEST) {
        for (const inner of await entriesIn(entry)) await visit(inner, `${path}/`, depth + 1);
      }
    } catch {
      unread++;
    }
  }

  for (const entry of entries) await visit(entry, '', 0);
  return { files, unread };
}

/** From a file picker, a folder's among them. */
export const filesOf = (list: Iterable<File>): readonly DroppedFile[] =>
  [...list]
    .map((file) => ({ path: file.webkitRelativePath || file.name, file }))
    .filter(({ path }) => !path.split('/').some((part) => LITTER.test(part)));

const fileOf = (entry: Entry): Promise<File> =>
  new Promise((found, failed) => {
    entry.file?.(found, failed);
  });

async function entriesIn(entry: Entry): Promise<readonly Entry[]> {
  const reader = entry.createReader?.();
  const all: Entry[] = [];
  while (reader && all.length < MOST) {
    const some = await new Promise<Entry[]>((found, failed) => reader.readEntries(found, failed));
    if (some.length === 0) break;
    all.push(...some);
  }
  return all;
}
