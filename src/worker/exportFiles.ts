// A checkpoint on its way out: every file as it is kept, byte for byte, and the model's under the name that it came with.

import type { CheckpointFolder } from '../models/folder.ts';
import { MODEL_FILE } from '../store/store.ts';
import { MODEL, readBase } from './trainRoom.ts';

export type Outgoing = ReadonlyMap<string, Blob | Uint8Array<ArrayBuffer>>;

/** One that is kept here gives its files without reading them. */
interface Kept {
  blob(path: string): Promise<Blob>;
  readonly about: { readonly original?: string };
}
const isKept = (folder: CheckpointFolder): folder is CheckpointFolder & Kept =>
  'blob' in folder && 'about' in folder;

/** @throws UserError 'checkpoint' when a file is missing */
export async function filesOf(
  folder: CheckpointFolder,
  progress: (loaded: number, total: number) => void = () => {},
): Promise<Outgoing> {
  const files = new Map<string, Blob | Uint8Array<ArrayBuffer>>();
  if (isKept(folder) && folder.files) {
    for (const path of folder.files) {
      const name = path === MODEL_FILE ? (folder.about.original ?? path) : path;
      files.set(name, await folder.blob(path));
    }
    return files;
  }
  const base = await readBase(folder.name, folder, (loaded, total = 0) => progress(loaded, total));
  for (const [path, bytes] of base.files) files.set(path, new Uint8Array(bytes));
  for (const path of folder.files ?? ['README.md']) {
    if (files.has(path) || path === MODEL) continue;
    // A built-in checkpoint without a README is whole all the same.
    const extra = await folder.read(path).catch(() => undefined);
    if (extra) files.set(path, new Uint8Array(extra));
  }
  return files;
}

/** Into a folder of the disk, one file after the other; what has such a name is replaced. */
export async function writeInto(folder: FileSystemDirectoryHandle, files: Outgoing): Promise<void> {
  for (const [path, contents] of files) {
    const parts = path.split('/');
    let at = folder;
    for (const part of parts.slice(0, -1)) at = await at.getDirectoryHandle(part, { create: true });
    const file = await at.getFileHandle(parts.at(-1) as string, { create: true });
    const stream = await file.createWritable();
    await stream.write(contents);
    await stream.close();
  }
}
