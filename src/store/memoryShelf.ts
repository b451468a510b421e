// A shelf of variables: for Node, for tests, for browsers without a file system, and for what did not fit.

import { chunksOf, type Shelf } from './shelf.ts';

/** @param files what is on it already; another tab is another shelf of the same files */
export function createMemoryShelf(files = new Map<string, Blob>()): Shelf {
  const queues = new Map<string, Promise<unknown>>();
  const claims = new Set<string>();
  const inside = (folder: string) => [...files].filter(([path]) => path.startsWith(`${folder}/`));
  return {
    where: 'memory',
    list: async (folder) =>
      new Map(inside(folder).map(([path, { size }]) => [path.slice(folder.length + 1), size])),
    read: async (path) => files.get(path),
    async write(path, contents) {
      files.set(path, new Blob([contents]));
    },
    async pour(path, source, each) {
      const parts: Uint8Array<ArrayBuffer>[] = [];
      for await (const chunk of chunksOf(source)) {
        each?.(chunk);
        parts.push(chunk.slice());
      }
      files.set(path, new Blob(parts));
    },
    async move(from, to) {
      const file = files.get(from);
      if (!file || from === to) return;
      files.set(to, file);
      files.delete(from);
    },
    async remove(path) {
      files.delete(path);
      for (const [inner] of inside(path)) files.delete(inner);
    },
    free: async () => undefined,
    lasting: async () => false,
    alone(name, work) {
      const turn = (queues.get(name) ?? Promise.resolve()).then(work, work);
      queues.set(name, turn);
      return turn;
    },
    async claim(name) {
      if (claims.has(name)) return undefined;
      claims.add(name);
      return async () => void claims.delete(name);
    },
    claims: async () => new Set(claims),
  };
}
