// Errands about checkpoints that are brought along: what dropped files are, which stay, what is in them, and the files
// of a model on a server.

import type { Candidate } from '../core/dropped.ts';
import { UserError } from '../core/errors.ts';
import { showHubAddress } from '../core/hubAddress.ts';
import type { Vocabulary } from '../core/vocabulary.ts';
import { candidatesIn } from '../models/candidates.ts';
import type { CheckpointFolder } from '../models/folder.ts';
import { type Carrier, listHub } from '../models/hub.ts';
import { stow } from '../models/stow.ts';
import type { Tokenizer } from '../models/tokenizer.ts';
import { digestOf } from '../store/digest.ts';
import type { Store } from '../store/store.ts';
import { fetchModel } from './fetchModel.ts';
import type { Errand, FetchedFile, FromWorker } from './protocol.ts';
import { readTexts } from './trainRoom.ts';

type Of<T extends Errand['type']> = Extract<Errand, { readonly type: T }>;
type Answer<T extends FromWorker['type']> = Extract<FromWorker, { readonly type: T }>;

/** Between two words of progress. Milliseconds. */
const EVERY_MS = 100;

export async function look(
  { request, files }: Of<'look'>,
  breathe: () => Promise<void> | void,
): Promise<Answer<'looked'>> {
  return { type: 'looked', request, candidates: await candidatesIn(files, breathe) };
}

export interface Circumstances {
  readonly store: Store;
  readonly signal: AbortSignal;
  readonly breathe: () => Promise<void> | void;
  post(message: FromWorker): void;
  /** How requests leave, where somebody has typed an address. */
  readonly carry: Carrier | undefined;
}

/** Stores the files of one candidate. */
export async function keepFiles(
  { request, files, folder, choice, download }: Of<'keepFiles'>,
  { store, signal, breathe, post }: Circumstances,
) {
  const candidates = await candidatesIn(files, breathe);
  const candidate = candidates.find((one) => one.folder === folder);
  if (!candidate) throw gone(candidates);
  const stowed = stow(candidate, choice, files);
  const progress = seldom(([loaded, total]: readonly [number, number]) =>
    post({ type: 'errand', request, loaded, total }),
  );
  const bringing = store.bring({
    files: stowed.files,
    weights: stowed.weights,
    about: {
      name: choice.name,
      parameters: 0,
      origin: choice.source === undefined ? 'dropped' : 'hub',
      ...(choice.source !== undefined && { source: choice.source }),
      original: stowed.original,
    },
    progress: (loaded, total) => progress.say([loaded, total]),
    signal,
  });
  const kept = await bringing.finally(progress.end);
  if (download !== undefined && !kept.unsaved) await store.downloads.discard(download);
  return kept;
}

export async function tokenize(
  { request, checkpoint, text, system }: Of<'tokenize'>,
  folder: CheckpointFolder,
): Promise<Answer<'tokenized'>> {
  const { tokenizer, chat } = await readTexts(checkpoint, folder);
  const rendered =
    system === undefined
      ? undefined
      : await chat?.([
          ...(system === '' ? [] : [{ role: 'system', content: system } as const]),
          { role: 'user', content: text },
        ]);
  const encoded = () => (text === '' ? [] : tokenizer.encode(text));
  const ids = rendered === undefined ? encoded() : tokenizer.encodeWritten(rendered);
  return {
    type: 'tokenized',
    request,
    ...(rendered !== undefined && { rendered }),
    tokens: ids.map((id) => ({ id, text: tokenizer.piece(id) })),
  };
}

/** No weights are read for it. */
export async function readVocabularies(
  { request, checkpoints }: Of<'vocabularies'>,
  folderOf: (id: string) => Promise<CheckpointFolder>,
): Promise<Answer<'vocabularies'>> {
  const vocabularies: Record<string, Vocabulary> = {};
  for (const id of checkpoints) {
    try {
      const { tokenizer, chat } = await readTexts(id, await folderOf(id));
      vocabularies[id] = { ...(await vocabularyOf(tokenizer)), ...(chat && { chat: true }) };
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
    }
  }
  return { type: 'vocabularies', request, vocabularies };
}

async function vocabularyOf({ entries }: Tokenizer): Promise<Vocabulary> {
  const tokens = entries.filter((entry) => entry !== undefined).length;
  return { tokens, fingerprint: await digestOf(new Blob([JSON.stringify(entries)])) };
}

export async function listFiles(
  { request, address }: Of<'listHub'>,
  { carry, signal }: Circumstances,
): Promise<Answer<'hubListed'>> {
  if (!carry) throw noDoor();
  return { type: 'hubListed', request, files: await listHub(address, carry, signal) };
}

export async function fetchFiles(
  { request, address, files }: Of<'fetchHub'>,
  { store, carry, signal, post }: Circumstances,
): Promise<Answer<'fetched'>> {
  if (!carry) throw noDoor();
  const shown = showHubAddress(address);
  const id = await digestOf(new Blob([JSON.stringify([address, files.map(({ path }) => path)])]));
  const held = await store.downloads.hold(id, shown, files);
  const progress = seldom((states: readonly FetchedFile[]) =>
    post({ type: 'fetching', request, files: states }),
  );
  try {
    const fetched = await fetchModel({
      address,
      held,
      carry,
      signal,
      progress: progress.say,
    });
    const name = address.repo.slice(address.repo.lastIndexOf('/') + 1);
    return {
      type: 'fetched',
      request,
      download: id,
      files: [...fetched].map(([path, file]) => ({ path: `${name}/${path}`, file })),
    };
  } finally {
    progress.end();
    await held.release();
  }
}

/** Says the latest at most every so often, and never forgets the last. */
function seldom<T>(say: (news: T) => void) {
  let last = Number.NEGATIVE_INFINITY;
  let waiting: { readonly news: T; readonly timer: ReturnType<typeof setTimeout> } | undefined;
  const tell = (news: T) => {
    last = performance.now();
    waiting = undefined;
    say(news);
  };
  return {
    say(news: T): void {
      clearTimeout(waiting?.timer);
      const early = last + EVERY_MS - performance.now();
      if (early <= 0) tell(news);
      else waiting = { news, timer: setTimeout(() => tell(news), early) };
    },
    /** Nothing more is said. */
    end: (): void => clearTimeout(waiting?.timer),
  };
}

const gone = (candidates: readonly Candidate[]) =>
  new UserError(
    'checkpoint',
    `The files make other checkpoints now: ${candidates.map(({ name }) => name).join(', ')}.`,
    'Drop them again.',
  );

const noDoor = () =>
  new UserError('checkpoint', 'Nobody has typed an address.', 'Type the address of a model first.');
