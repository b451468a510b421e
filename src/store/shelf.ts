// The little that is asked of a place where files stay: a browser's own file system, or memory where there is
// none. Files are written whole or not at all; what belongs together is made of them in records.ts.

export interface Shelf {
  /** browser: stays. memory: until the tab or the process ends. */
  readonly where: 'browser' | 'memory';
  /** Paths of all files below `folder`, relative to it, with their bytes. A folder that is not there is empty. */
  list(folder: string): Promise<ReadonlyMap<string, number>>;
  /** Undefined when there is none. Its bytes are read when they are asked for. */
  read(path: string): Promise<Blob | undefined>;
  /** Replaces the file only when all of `contents` is on the shelf. @throws UserError 'storage' when there is no room */
  write(path: string, contents: Blob | Uint8Array<ArrayBuffer>): Promise<void>;
  /**
   * Replaces the file by a stream, never all of it in memory; a chunk is good until the next is asked for. @param each sees every chunk, and may end it all by
   * throwing; then the file stays as it was
   */
  pour(
    path: string,
    source: ReadableStream<Uint8Array<ArrayBuffer>>,
    each?: (chunk: Uint8Array<ArrayBuffer>) => void,
  ): Promise<void>;
  /** Gives a file another path, replacing what is there. */
  move(from: string, to: string): Promise<void>;
  /** A file, or a folder with all that is in it; nothing when there is none. */
  remove(path: string): Promise<void>;
  /** Bytes that may still be written, where that is known. */
  free(): Promise<number | undefined>;
  /** Does it stay when the browser runs short of space? */
  lasting(): Promise<boolean>;
  /** Runs `work` while nobody else, in no other tab either, runs work under this name. */
  alone<T>(name: string, work: () => Promise<T>): Promise<T>;
  /** Takes hold of a name until it is released or the tab is gone; undefined when somebody has it. */
  claim(name: string): Promise<(() => Promise<void>) | undefined>;
  /** Names that somebody has, in this tab or another. */
  claims(): Promise<ReadonlySet<string>>;
}

export const bytesOf = async (blob: Blob): Promise<Uint8Array<ArrayBuffer>> =>
  new Uint8Array(await blob.arrayBuffer());

/** A stream's chunks; leaving the loop early ends the stream. */
export async function* chunksOf<T>(source: ReadableStream<T>): AsyncGenerator<T, void, void> {
  const reader = source.getReader();
  let over = false;
  try {
    while (true) {
      const { done, value } = await reader.read();
      if (done) {
        over = true;
        return;
      }
      yield value;
    }
  } finally {
    if (!over) await reader.cancel().catch(() => {});
    reader.releaseLock();
  }
}
