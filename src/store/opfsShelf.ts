// The browser's own file system for this page (the Origin Private File System), with Web Locks between tabs.
// createWritable writes beside the file and puts it in place on close, so a crash leaves the old one.

import { UserError } from '../core/errors.ts';
import { chunksOf, type Shelf } from './shelf.ts';

const ROOT = 'tandem';
/** Before every lock's name: other pages of this origin may have locks of their own. */
const LOCK = 'tandem ';

/** Undefined with a reason when this browser has no such file system. */
export async function openOpfsShelf(): Promise<Shelf | { readonly why: string }> {
  if (!globalThis.isSecureContext) {
    return { why: 'The page was opened without https, so the browser keeps nothing for it.' };
  }
  if (
    !('FileSystemFileHandle' in globalThis) ||
    !('createWritable' in FileSystemFileHandle.prototype)
  ) {
    return { why: 'This browser has no file system for pages (createWritable); a newer one has.' };
  }
  try {
    const top = await navigator.storage.getDirectory();
    return opfsShelf(await top.getDirectoryHandle(ROOT, { create: true }));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    return { why: `The browser refused its file system (${reason}); private windows often do.` };
  }
}

function opfsShelf(root: FileSystemDirectoryHandle): Shelf {
  const free = async () => {
    // Some private windows refuse to say.
    const { quota, usage = 0 } = await navigator.storage.estimate().catch(() => ({}) as never);
    return quota === undefined ? undefined : Math.max(0, quota - usage);
  };
  return {
    where: 'browser',
    free,
    lasting: () => navigator.storage.persisted().catch(() => false),
    async list(folder) {
      const found = new Map<string, number>();
      const top = await ifThere(folderAt(root, folder.split('/'), false));
      if (top) await walk(top, '', found);
      return found;
    },
    async read(path) {
      const handle = await ifThere(fileAt(root, path, false));
      return handle && ifThere(handle.getFile());
    },
    async write(path, contents) {
      const needed = contents instanceof Blob ? contents.size : contents.byteLength;
      let stream: FileSystemWritableFileStream | undefined;
      try {
        stream = await (await fileAt(root, path, true)).createWritable();
        await stream.write(contents);
        await stream.close();
      } catch (cause) {
        await stream?.abort().catch(() => {});
        throw isFull(cause) ? noRoom(needed, await free(), cause) : cause;
      }
    },
    async pour(path, source, each) {
      let written = 0;
      let stream: FileSystemWritableFileStream | undefined;
      try {
        stream = await (await fileAt(root, path, true)).createWritable();
        for await (const chunk of chunksOf(source)) {
          // Another process writes it meanwhile.
          const writing = stream.write(chunk);
          writing.catch(() => {});
          each?.(chunk);
          await writing;
          written += chunk.length;
        }
        await stream.close();
      } catch (cause) {
        await stream?.abort().catch(() => {});
        throw isFull(cause) ? noRoom(written, await free(), cause) : cause;
      }
    },
    async move(from, to) {
      if (from === to) return;
      const file = await fileAt(root, from, false);
      const [parents, name] = split(to);
      const folder = await folderAt(root, parents, true);
      if (canMove(file)) return file.move(folder, name);
      const contents = await file.getFile();
      await contents.stream().pipeTo(await (await fileAt(root, to, true)).createWritable());
      await this.remove(from);
    },
    async remove(path) {
      const [parents, name] = split(path);
      const parent = await ifThere(folderAt(root, parents, false));
      await ifThere(parent?.removeEntry(name, { recursive: true }));
    },
    alone: (name, work) => navigator.locks.request(LOCK + name, work) as never,
    claim: (name) =>
      new Promise((resolve, reject) => {
        const held = (lock: Lock | null) => {
          if (!lock) return resolve(undefined);
          return new Promise<void>((letGo) => {
            resolve(async () => {
              letGo();
              await over;
            });
          });
        };
        // Settles when the lock is free again.
        const over = navigator.locks.request(LOCK + name, { ifAvailable: true }, held);
        over.catch(reject);
      }),
    async claims() {
      const { held = [] } = await navigator.locks.query();
      const names = held.flatMap(({ name }) => (name?.startsWith(LOCK) ? [name] : []));
      return new Set(names.map((name) => name.slice(LOCK.length)));
    },
  };
}

/** All browsers can, but no standard says so yet. */
const canMove = (
  file: FileSystemFileHandle,
): file is FileSystemFileHandle & {
  move(folder: FileSystemDirectoryHandle, name: string): Promise<void>;
} => 'move' in file;

const split = (path: string): [string[], string] => {
  const parts = path.split('/');
  return [parts.slice(0, -1), parts.at(-1) as string];
};

async function folderAt(
  root: FileSystemDirectoryHandle,
  parts: readonly string[],
  create: boolean,
) {
  let at = root;
  for (const part of parts) at = await at.getDirectoryHandle(part, { create });
  return at;
}

async function fileAt(root: FileSystemDirectoryHandle, path: string, create: boolean) {
  const [parents, name] = split(path);
  return (await folderAt(root, parents, create)).getFileHandle(name, { create });
}

async function walk(
  folder: FileSystemDirectoryHandle,
  prefix: string,
  found: Map<string, number>,
): Promise<void> {
  for await (const [name, handle] of folder.entries()) {
    if (handle.kind === 'directory') {
      await walk(handle as FileSystemDirectoryHandle, `${prefix}${name}/`, found);
    } else {
      const file = await ifThere((handle as FileSystemFileHandle).getFile());
      if (file) found.set(prefix + name, file.size);
    }
  }
}

/** Undefined for what is not there, or is gone meanwhile. */
async function ifThere<T>(wanted: Promise<T> | undefined): Promise<T | undefined> {
  try {
    return await wanted;
  } catch (error) {
    if (error instanceof DOMException && error.name === 'NotFoundError') return undefined;
    throw error;
  }
}

const isFull = (error: unknown): boolean =>
  error instanceof DOMException && error.name === 'QuotaExceededError';

/** Browsers count in whole bytes; people do not. */
const size = (bytes: number) => `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;

const noRoom = (needed: number, free: number | undefined, cause: unknown) =>
  new UserError(
    'storage',
    `The browser has no room for ${size(needed)} more${free === undefined ? '' : `; by its own account ${size(free)} are free`}.`,
    'Export and delete checkpoints that you do not need here, or free space on the disk.',
    { cause },
  );
