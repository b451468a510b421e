// Files on their way in. They are written where nobody looks, hashed as they pass, and become a checkpoint at once
// when all of them are there; what a closed tab left is swept away by the next one. Nothing is ever whole in memory.

import { UserError } from '../core/errors.ts';
import { contentAddress, createDigest, digestOf } from './digest.ts';
import type { Drawer } from './drawer.ts';
import type { CheckpointMeta } from './meta.ts';
import type { Shelf } from './shelf.ts';

const FOLDER = 'incoming';
/** Bytes that are in memory at once: one piece is hashed while it is written. */
const PIECE = 4 * 2 ** 20;
const lockOf = (id: string) => `${FOLDER} ${id}`;

export interface Incoming {
  /** By path of the record. */
  readonly files: ReadonlyMap<string, Blob>;
  /** Paths of the files that hold weights. What the checkpoint is known by. */
  readonly weights: readonly string[];
  /** Bytes written so far. */
  readonly progress?: (loaded: number, total: number) => void;
  readonly signal?: AbortSignal;
}

export interface Arrived {
  readonly key: string;
  readonly meta: CheckpointMeta;
  /** It is in memory only. */
  readonly unsaved?: UserError;
}

/**
 * @param describe what is said about the record
 * @throws UserError 'checkpoint' when a file cannot be read; DOMException AbortError
 */
export async function receive(
  shelf: Shelf,
  drawer: Drawer<CheckpointMeta>,
  incoming: Incoming,
  describe: (sha256: Readonly<Record<string, string>>, bytes: number) => CheckpointMeta,
): Promise<Arrived> {
  const { files, weights, progress, signal } = incoming;
  const total = [...files.values()].reduce((sum, { size }) => sum + size, 0);
  // Memory takes files as they lie, without a copy.
  if (shelf.where === 'memory') return hold(drawer, incoming, describe, total);
  const id = crypto.randomUUID();
  const release = await shelf.claim(lockOf(id));
  try {
    const hashes: Record<string, string> = {};
    const places = new Map<string, string>();
    let loaded = 0;
    for (const [path, file] of files) {
      const place = `${FOLDER}/${id}/${path}`;
      const digest = weights.includes(path) ? createDigest() : undefined;
      await shelf.pour(place, streamOf(file, path), (chunk) => {
        signal?.throwIfAborted();
        digest?.update(chunk);
        loaded += chunk.length;
        progress?.(loaded, total);
      });
      if (digest) hashes[path] = digest.hex();
      places.set(path, place);
    }
    signal?.throwIfAborted();
    const key = contentAddress(hashes);
    const meta = describe(hashes, total);
    await drawer.adopt(key, places, meta);
    return { key, meta };
  } catch (cause) {
    if (!(cause instanceof UserError && cause.code === 'storage')) throw cause;
    return { ...(await hold(drawer, incoming, describe, total)), unsaved: cause };
  } finally {
    await shelf.remove(`${FOLDER}/${id}`).catch(() => {});
    await release?.();
  }
}

/** No room: the files stay where they are, and are read from there while the tab is open. */
async function hold(
  drawer: Drawer<CheckpointMeta>,
  { files, weights, progress, signal }: Incoming,
  describe: (sha256: Readonly<Record<string, string>>, bytes: number) => CheckpointMeta,
  total: number,
): Promise<Pick<Arrived, 'key' | 'meta'>> {
  const hashes: Record<string, string> = {};
  let loaded = 0;
  for (const path of weights) {
    hashes[path] = await digestOf(files.get(path) as Blob, (bytes) => {
      signal?.throwIfAborted();
      loaded += bytes;
      progress?.(loaded, total);
    });
  }
  const key = contentAddress(hashes);
  const meta = describe(hashes, total);
  await drawer.hold(key, files, meta);
  return { key, meta };
}

/** What a tab that is gone has left. */
export async function sweepIncoming(shelf: Shelf): Promise<void> {
  const claimed = await shelf.claims();
  const ids = new Set([...(await shelf.list(FOLDER)).keys()].map((path) => path.split('/')[0]));
  for (const id of ids) {
    if (id && !claimed.has(lockOf(id))) await shelf.remove(`${FOLDER}/${id}`);
  }
}

/**
 * Larger pieces than a file's own stream has: each is a message to the process that writes. All of them are in the same
 * memory, so that nothing piles up until garbage is collected: a piece is good until the next one is asked for.
 */
function streamOf(file: Blob, path: string): ReadableStream<Uint8Array<ArrayBuffer>> {
  let reader: ReadableStreamBYOBReader | undefined;
  let at = 0;
  let buffer = new ArrayBuffer(Math.min(PIECE, Math.max(1, file.size)));
  return new ReadableStream(
    {
      async pull(controller) {
        try {
          if (at === 0) reader = readerInto(file);
          let filled = 0;
          if (!reader) {
            buffer = await file.slice(at, at + PIECE).arrayBuffer();
            filled = buffer.byteLength;
          }
          while (reader && filled < buffer.byteLength) {
            const { done, value } = await reader.read(new Uint8Array(buffer, filled));
            if (value) buffer = value.buffer;
            if (done || !value) break;
            filled += value.length;
          }
          at += filled;
          if (filled > 0) controller.enqueue(new Uint8Array(buffer, 0, filled));
          else controller.close();
        } catch (cause) {
          controller.error(changed(path, cause));
        }
      },
      cancel: (reason) => reader?.cancel(reason),
    },
    // The next piece is read when it is asked for.
    { highWaterMark: 0 },
  );
}

/** Undefined where files cannot be read into memory that is there (Safari); then every piece has its own. */
function readerInto(file: Blob): ReadableStreamBYOBReader | undefined {
  try {
    return file.stream().getReader({ mode: 'byob' });
  } catch {
    return undefined;
  }
}

const changed = (path: string, cause: unknown) =>
  new UserError(
    'checkpoint',
    `${path} could not be read: it was changed, moved or closed to the browser after it was dropped.`,
    'Drop it again.',
    { cause },
  );
