// A model's files from a server, in parts that stay: what is here already is not fetched again, a broken connection is
// tried again, and a file is only taken for whole when its size and, where the server gives one, its checksum agree.

import { UserError } from '../core/errors.ts';
import { type HubAddress, showHubAddress } from '../core/hubAddress.ts';
import { type Carrier, openHubFile } from '../models/hub.ts';
import { digestOf } from '../store/digest.ts';
import type { HeldDownload } from '../store/downloads.ts';
import { chunksOf } from '../store/shelf.ts';
import type { FetchedFile } from './protocol.ts';

/** So much is lost when a tab is closed. Bytes. */
const PART = 8 * 2 ** 20;
/** Waits before another try, in milliseconds; so many tries. */
const PATIENCE = [300, 1500, 4000] as const;

interface Fetching {
  readonly address: HubAddress;
  readonly held: HeldDownload;
  readonly carry: Carrier;
  readonly signal: AbortSignal;
  readonly progress: (files: readonly FetchedFile[]) => void;
  readonly patience?: readonly number[];
}

/** @throws UserError 'checkpoint', 'storage'; DOMException AbortError. What has come stays. */
export async function fetchModel(fetching: Fetching): Promise<ReadonlyMap<string, Blob>> {
  const { held, progress } = fetching;
  const state: FetchedFile[] = held.files.map(({ path, bytes }) => ({
    path,
    loaded: 0,
    ...(bytes !== undefined && { total: bytes }),
    state: 'waiting',
  }));
  const tell = (at: number, news: Partial<FetchedFile>) => {
    state[at] = { ...(state[at] as FetchedFile), ...news };
    progress([...state]);
  };
  for (const at of state.keys()) tell(at, { loaded: (await held.here(at)).size });
  const files = new Map<string, Blob>();
  // Small files first: what is wrong with a model is seen before its weights have come.
  const order = [...held.files.keys()].sort((a, b) => sizeOf(held, a) - sizeOf(held, b));
  for (const at of order) {
    const file = await whole(fetching, at, (news) => tell(at, news));
    files.set(held.files[at]?.path as string, file);
  }
  return files;
}

const sizeOf = ({ files }: HeldDownload, at: number) => files[at]?.bytes ?? 0;

async function whole(
  fetching: Fetching,
  at: number,
  tell: (news: Partial<FetchedFile>) => void,
): Promise<Blob> {
  const { held, patience = PATIENCE, signal } = fetching;
  for (let tries = 0; ; ) {
    const before = (await held.here(at)).size;
    try {
      await remainder(fetching, at, tell);
      break;
    } catch (error) {
      const broken = error instanceof Interrupted;
      const wait = patience[tries];
      // Whoever gets on is not given up.
      if ((await held.here(at)).size > before) tries = 0;
      else tries++;
      if (!broken) throw error;
      if (wait === undefined)
        throw interrupted(fetching.address, held.files[at]?.path, error.cause);
      await pause(wait, signal);
    }
  }
  const file = await held.here(at);
  const { path = '', sha256 } = held.files[at] ?? {};
  if (sha256 !== undefined) {
    tell({ state: 'checking' });
    if ((await digestOf(file, () => signal.throwIfAborted())) !== sha256) {
      await held.restart(at, {});
      throw new UserError(
        'checkpoint',
        `${path} of ${showHubAddress(fetching.address)} has not the checksum that the server gives for it.`,
        'It was damaged on the way: fetch it again.',
      );
    }
  }
  tell({
    state: 'done',
    loaded: file.size,
    total: file.size,
    ...(sha256 !== undefined && { checked: true }),
  });
  return file;
}

/** The connection broke; what has come is here. */
class Interrupted extends Error {}

/** What is not here yet of a file. */
async function remainder(
  { address, held, carry, signal }: Fetching,
  at: number,
  tell: (news: Partial<FetchedFile>) => void,
): Promise<void> {
  const { path, bytes, etag } = held.files[at] as HeldDownload['files'][number];
  let loaded = (await held.here(at)).size;
  if (bytes !== undefined && loaded === bytes) return;
  signal.throwIfAborted();
  tell({ state: 'loading', loaded });
  const file = await openHubFile(address, path, carry, { from: loaded, etag, signal });
  const { etag: now, bytes: size, sha256 } = file;
  const news = {
    ...(now !== undefined && { etag: now }),
    ...(size !== undefined && { bytes: size }),
    ...(sha256 !== undefined && held.files[at]?.sha256 === undefined && { sha256 }),
  };
  if (file.from < loaded) {
    loaded = 0;
    await held.restart(at, news);
  } else await held.note(at, news);
  if (size !== undefined) tell({ total: size });

  const gathered: Uint8Array<ArrayBuffer>[] = [];
  let waiting = 0;
  const put = async () => {
    if (waiting === 0) return;
    const part = new Uint8Array(waiting);
    let end = 0;
    for (const chunk of gathered.splice(0)) {
      part.set(chunk, end);
      end += chunk.length;
    }
    waiting = 0;
    await held.append(at, part);
  };
  try {
    for await (const chunk of chunksOf(file.body)) {
      gathered.push(chunk);
      waiting += chunk.length;
      loaded += chunk.length;
      tell({ loaded });
      if (waiting >= PART) await put();
    }
  } catch (cause) {
    await put();
    if (signal.aborted) throw signal.reason;
    if (cause instanceof UserError) throw cause;
    throw new Interrupted('the connection broke', { cause });
  }
  await put();
  const expected = held.files[at]?.bytes;
  if (expected !== undefined && loaded < expected)
    throw new Interrupted('the connection ended early');
  if (expected !== undefined && loaded > expected) {
    await held.restart(at, {});
    throw new UserError(
      'checkpoint',
      `${path} of ${showHubAddress(address)} is longer than the server says.`,
      'Fetch it again; if it stays so, download it by other means and drop it here.',
    );
  }
}

const interrupted = (address: HubAddress, path: string | undefined, cause: unknown) =>
  new UserError(
    'checkpoint',
    `The download of ${path ?? 'a file'} of ${showHubAddress(address)} was interrupted.`,
    'What has come is kept: go on when the network is back.',
    { cause },
  );

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}
