// Small jobs beside the runs: looking into a data file, and keeping house among what is stored. Only one of them
// computes with a model, which waits until no run does; the others do not.

import { throughDoor } from '../core/door.ts';
import { toFailure, UserError } from '../core/errors.ts';
import type { MeasuredMemory } from '../core/preflight.ts';
import { checkpointTitle } from '../experiment/catalogue.ts';
import { cleanName, parseFileId, parseLocalId } from '../experiment/names.ts';
import type { CheckpointFolder } from '../models/folder.ts';
import type { Carrier } from '../models/hub.ts';
import type { Store } from '../store/store.ts';
import { zipOf } from '../store/zip.ts';
import { tasks } from '../tasks/index.ts';
import { type LineProblem, parseJsonLines } from '../tasks/jsonLines.ts';
import { type Answered, nothingUsable, toJsonLines } from './align.ts';
import { checkPorts, readCard } from './card.ts';
import { tokenizeLines } from './examples.ts';
import { filesOf, writeInto } from './exportFiles.ts';
import {
  fetchFiles,
  keepFiles,
  listFiles,
  look,
  readVocabularies,
  tokenize,
} from './modelErrands.ts';
import type {
  Alignment,
  DataReport,
  Errand,
  FromWorker,
  Hardware,
  Stored,
  ToWorker,
} from './protocol.ts';
import { resumable } from './resumable.ts';
import { exportRuns, keepRun, readAll } from './runErrands.ts';
import { endOf, readTexts } from './trainRoom.ts';

interface Supplies {
  store(): Promise<Store>;
  folderOf(id: string): Promise<CheckpointFolder>;
  hardware(): Promise<Hardware>;
  /** A checkpoint's sessions are made anew. @throws UserError 'experiment' while a run may need them */
  forget(id: string): Promise<void>;
  /** Of a checkpoint that is loaded. */
  measured(id: string): MeasuredMemory | undefined;
  breathe(): Promise<void> | void;
  post(message: FromWorker): void;
  /** A model's answers; those that there were when it was stopped, or broke. */
  answers(errand: Extract<Errand, { readonly type: 'align' }>): Promise<Answers>;
}

export interface Answers {
  readonly answers: readonly Answered[];
  readonly short?: Alignment['short'];
}

/** Largest data file. Bytes. */
const LARGEST_DATA = 64 * 2 ** 20;
/** Problems that are named, and examples that are shown. */
const SHOWN = { problems: 5, examples: 3 } as const;

const ERRANDS = [
  'readData',
  'list',
  'rename',
  'delete',
  'restore',
  'emptyTrash',
  'discard',
  'readTraining',
  'export',
  'exportInto',
  'keepRun',
  'readRuns',
  'pin',
  'exportRuns',
  'align',
  'look',
  'keepFiles',
  'tokenize',
  'vocabularies',
  'card',
  'setPorts',
  'listHub',
  'fetchHub',
] as const satisfies readonly Errand['type'][];
/** All but questions about parameters, which wait their turn between two events of a run. */
type Plain = Extract<Errand, { readonly type: (typeof ERRANDS)[number] }>;

export const isErrand = (message: ToWorker): message is Plain =>
  (ERRANDS as readonly string[]).includes(message.type);

export function createErrands(supplies: Supplies) {
  const { store, folderOf, hardware, forget, measured, breathe, post, answers } = supplies;
  const going = new Map<number, AbortController>();
  let carry: Carrier | undefined;
  /** Tells the page what is stored. */
  async function tell(): Promise<void> {
    const stored = await listed().catch(() => undefined);
    if (stored) post({ type: 'stored', stored });
  }

  async function listed(): Promise<Stored> {
    const all = await store();
    const { bytes, free } = await all.size();
    return {
      checkpoints: await all.checkpoints(),
      data: await all.data(),
      runs: await all.runs.all(),
      resumable: resumable(await all.trainings.all()),
      ongoing: resumable(await all.trainings.ongoing()),
      downloads: (await all.downloads.all()).map(({ saved: _, ...one }) => one),
      lasting: await all.lasting(),
      bytes,
      ...(free !== undefined && { free }),
      where: all.where,
      ...(all.why !== undefined && { why: all.why }),
    };
  }

  async function readData(
    errand: Extract<Errand, { readonly type: 'readData' }>,
  ): Promise<DataReport> {
    const { request, checkpoint, checker, source } = errand;
    const all = await store();
    const dropped = 'file' in source;
    const name = dropped ? source.name : (parseFileId(source.id)?.name ?? source.id);
    if (dropped) checkSize(name, source.file.size);
    const bytes = dropped
      ? new Uint8Array(await source.file.arrayBuffer())
      : await all.readData(source.id);
    const text = textOf(name, bytes);
    const base = await readTexts(checkpoint, await folderOf(checkpoint));
    const progress = async (loaded: number, total: number) => {
      post({ type: 'errand', request, loaded, total });
      await breathe();
    };
    const second = checker === undefined ? 'completion' : 'answer';
    const lines = await parseJsonLines(text, (read) => progress(read, text.length), second);
    const read = await (checker === undefined ? asExamples : asQuestions)();
    const usable = read.problems.length === 0 && read.lengths.length > 0;
    const kept = dropped && usable ? (await all.keepData(name, bytes)).value.id : undefined;
    if (kept) await tell();
    const distinct = new Set(read.pairs.map((pair) => JSON.stringify(pair)));
    return {
      id: kept ?? (dropped ? '' : source.id),
      name,
      bytes: bytes.length,
      lines: lines.lines,
      examples: read.lengths.length,
      duplicates: read.pairs.length - distinct.size,
      tokens: read.lengths.reduce((sum, length) => sum + length, 0),
      longest: read.lengths.reduce((most, length) => Math.max(most, length), 0),
      contextLength: base.config.contextLength,
      problems: read.problems.slice(0, SHOWN.problems),
      problemCount: read.problems.length,
      preview: read.pairs
        .slice(0, SHOWN.examples)
        .map(([prompt, completion]) => ({ prompt, completion })),
    };

    interface Read {
      readonly problems: readonly LineProblem[];
      /** Tokens of each line that can be used. */
      readonly lengths: readonly number[];
      readonly pairs: readonly (readonly [prompt: string, second: string])[];
    }

    async function asExamples(): Promise<Read> {
      const { tokenizer, config } = base;
      const total = lines.examples.length;
      const read = await tokenizeLines(lines, tokenizer, endOf(base), config.contextLength, (at) =>
        progress(at, total),
      );
      return {
        problems: read.problems,
        lengths: read.examples.map(({ prompt, completion }) => prompt.length + completion.length),
        pairs: read.lines.map(({ prompt, completion }) => [prompt, completion]),
      };
    }

    async function asQuestions(): Promise<Read> {
      const { checkQuestions } = await import('./questions.ts');
      const { tokenizer, config } = base;
      const total = lines.examples.length;
      const read = await checkQuestions(
        lines,
        checker ?? 'exact',
        tokenizer,
        config.contextLength,
        (at) => progress(at, total),
      );
      return {
        problems: read.problems,
        lengths: read.prompts.map(({ length }) => length),
        pairs: read.questions.map(({ prompt, expected }) => [prompt, expected]),
      };
    }
  }

  async function exported({ request, id }: Extract<Errand, { readonly type: 'export' }>) {
    const lines = parseFileId(id);
    if (lines) {
      const file = new Blob([await (await store()).readData(id)], { type: 'application/jsonl' });
      return post({ type: 'exported', request, name: lines.name, file });
    }
    const files = await filesOf(await folderOf(id), (loaded, total) =>
      post({ type: 'errand', request, loaded, total }),
    );
    const name = parseLocalId(id)?.name ?? id;
    post({ type: 'exported', request, name: `${name}.zip`, file: await zipOf(name, files) });
  }

  async function aligned(errand: Extract<Errand, { readonly type: 'align' }>): Promise<Alignment> {
    const { task, large, maxTokens } = errand.experiment;
    const { answers: all, short } = await answers(errand);
    const text = toJsonLines(all);
    if (text === '') {
      if (short && short !== 'stopped') throw new UserError('data', short.message, short.remedy);
      throw nothingUsable(all.length, maxTokens);
    }
    const name = cleanName(`${tasks[task].title} by ${checkpointTitle(large)}.jsonl`);
    const { value, unsaved } = await (await store()).keepData(name, new TextEncoder().encode(text));
    await tell();
    const usable = all.filter(({ cut }) => !cut);
    return {
      data: { id: value.id, name: value.name, bytes: value.bytes },
      asked: all.length,
      examples: usable.length,
      reward: all.reduce((sum, { reward }) => sum + reward, 0) / all.length,
      preview: usable
        .slice(0, SHOWN.examples)
        .map(({ prompt, completion }) => ({ prompt, completion })),
      ...(short && { short }),
      ...(unsaved && { unsaved: toFailure(unsaved) }),
    };
  }

  async function perform(errand: Plain, signal: AbortSignal): Promise<void> {
    const { request } = errand;
    const all = await store();
    const circumstances = { store: all, signal, breathe, post, carry };
    switch (errand.type) {
      case 'readData':
        return post({ type: 'dataRead', request, report: await readData(errand) });
      case 'export':
        return exported(errand);
      case 'exportInto': {
        const files = await filesOf(await folderOf(errand.id));
        await writeInto(errand.folder, files);
        break;
      }
      case 'keepRun': {
        const { value: run, unsaved } = await keepRun(all.runs, errand);
        await tell();
        return post({
          type: 'runKept',
          request,
          run,
          ...(unsaved && { unsaved: toFailure(unsaved) }),
        });
      }
      case 'readRuns': {
        const runs = await readAll(all.runs, errand, async (loaded, total) => {
          post({ type: 'errand', request, loaded, total });
          await breathe();
        });
        return post({ type: 'runsRead', request, runs });
      }
      case 'readTraining': {
        const { eventsOf } = await import('./saves.ts');
        return post({
          type: 'trainingRead',
          request,
          events: await eventsOf(all.trainings, errand.id),
        });
      }
      case 'exportRuns':
        return post({ type: 'exported', request, ...(await exportRuns(all.runs, errand)) });
      case 'align':
        return post({ type: 'aligned', request, alignment: await aligned(errand) });
      case 'look':
        return post(await look(errand, breathe));
      case 'tokenize':
        return post(await tokenize(errand, await folderOf(errand.checkpoint)));
      case 'vocabularies':
        return post(await readVocabularies(errand, folderOf));
      case 'card': {
        const card = await readCard(errand, folderOf, hardware, measured(errand.checkpoint));
        if (await all.count(errand.checkpoint, card.card.parameters)) await tell();
        return post(card);
      }
      case 'listHub':
        return post(await listFiles(errand, circumstances));
      case 'fetchHub':
        return post(await fetchFiles(errand, circumstances).finally(tell));
      case 'keepFiles': {
        const { value: checkpoint, unsaved } = await keepFiles(errand, circumstances);
        await tell();
        return post({
          type: 'checkpointKept',
          request,
          checkpoint,
          ...(unsaved && { unsaved: toFailure(unsaved) }),
        });
      }
      case 'setPorts': {
        const { checkpoint, ports } = errand;
        const folder = await folderOf(checkpoint);
        if (ports) await checkPorts(checkpoint, folder, ports);
        await forget(checkpoint);
        await all.setPorts(checkpoint, ports);
        break;
      }
      case 'pin':
        await all.runs.pin(errand.id, errand.pinned);
        break;
      case 'rename':
        await all.rename(errand.id, errand.name);
        break;
      case 'delete':
        await all.delete(errand.id);
        break;
      case 'restore':
        await all.restore(errand.id);
        break;
      case 'emptyTrash':
        await all.emptyTrash(errand.of);
        break;
      case 'discard':
        await discard(all, errand.id);
        await all.downloads.discard(errand.id);
        break;
      case 'list':
        break;
      default:
        errand satisfies never;
    }
    await tell();
    post({ type: 'done', request });
  }

  return {
    tell,
    async run(errand: Plain): Promise<void> {
      const { request } = errand;
      const abort = new AbortController();
      going.set(request, abort);
      try {
        await perform(errand, abort.signal);
      } catch (error) {
        if (abort.signal.aborted) post({ type: 'cancelled', request });
        else post({ type: 'refused', request, failure: toFailure(error) });
      } finally {
        going.delete(request);
      }
    },
    cancel: (request: number): void => going.get(request)?.abort(),
    /** The way to the server that somebody typed the address of. */
    door(port: MessagePort): void {
      carry = throughDoor(port);
    },
  };
}

/** @throws UserError 'storage' when it goes on in another tab */
async function discard({ trainings }: Store, id: string): Promise<void> {
  const release = await trainings.claim(id);
  try {
    await trainings.discard(id);
  } finally {
    await release();
  }
}

function checkSize(name: string, bytes: number): void {
  if (bytes <= LARGEST_DATA) return;
  throw new UserError(
    'data',
    `${name} has ${(bytes / 2 ** 20).toFixed(0)} MB; a data file may have ${LARGEST_DATA / 2 ** 20}.`,
    'Drop a part of it: a training of a few thousand steps sees a few hundred thousand examples.',
  );
}

function textOf(name: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new UserError(
      'data',
      `${name} is not text in UTF-8.`,
      `Drop a text file with one {"prompt": "…", "completion": "…"} per line${bytes.includes(0) ? '; this one looks binary' : ', saved as UTF-8'}.`,
      { cause },
    );
  }
}
