// What stays in the browser: checkpoints that were trained here, data files, interrupted trainings. The worker
// keeps them; here they are asked for, renamed, deleted, taken back, downloaded, gone on with.

import type { Failure } from '../core/errors.ts';
import { ROLES } from '../core/roles.ts';
import { defaultCheckpoint } from '../experiment/cast.ts';
import { parseFileId, sameContent } from '../experiment/names.ts';
import type { DataReport, Errand, ForPage } from '../worker/protocol.ts';
import { isHere } from './choices.ts';
import { plural } from './format.ts';
import type { Page } from './page.ts';
import type { Client } from './runActions.ts';
import { heard, patch, type State, type Store, told } from './store.ts';

/** A small job that the page waits for. */
export interface Waiting {
  readonly type: Errand['type'];
  /** What it is about, for people. */
  readonly what: string;
  /** In [0, 1], where that is known. */
  readonly done?: number;
}

export type DataState =
  | { readonly state: 'reading'; readonly name: string; readonly done?: number }
  | { readonly state: 'read'; readonly report: DataReport }
  | { readonly state: 'refused'; readonly name: string; readonly failure: Failure };

type Wish = Errand extends infer E ? (E extends Errand ? Omit<E, 'request'> : never) : never;
type Answer = Extract<
  ForPage,
  { readonly type: 'stored' | 'errand' | 'done' | 'dataRead' | 'exported' | 'refused' }
>;

/** The checkpoint whose tokenizer reads the examples: that of the role which learns. */
const learner = (experiment: State['experiment']): string =>
  experiment[experiment.params.model === 'large' ? 'large' : 'small'];
const readBy = (data: string, checkpoint: string): string => `${data} ${checkpoint}`;

export function keepActions(store: Store, client: Client, page: Page) {
  let last = 0;
  /** What to do when it is done, by request. */
  const after = new Map<number, () => void>();
  /** The checkpoint whose tokenizer reads a data file, by request. */
  const readers = new Map<number, string>();

  const waiting = () => store.getState().waiting;
  function send(errand: Wish, what: string, done: () => void = () => {}): number {
    const request = ++last;
    after.set(request, done);
    patch(store, { waiting: { ...waiting(), [request]: { type: errand.type, what } } });
    client.send({ ...errand, request } as Errand);
    return request;
  }
  function settle(request: number): () => void {
    const { [request]: _, ...others } = waiting();
    patch(store, { waiting: others });
    const done = after.get(request);
    after.delete(request);
    return done ?? (() => {});
  }
  const say = (text: string) => patch(store, { notice: told(text) });
  /** The data file that matters now and who reads it, as one word; empty where a task is learned from. */
  const wanted = ({ experiment, stored }: State): string =>
    stored && experiment.mode === 'train' && experiment.data !== 'task'
      ? readBy(experiment.data, learner(experiment))
      : '';
  /** What was last looked into, or is being looked into, in the same words. */
  let looked = '';

  /** A file that was dropped or chosen; if it can be used, it is what the next training learns from. */
  function readFile(name: string, file: Blob): void {
    read(name, { name, file });
  }

  /** Learn from the task, or from a file that was stored before. */
  function chooseData(data: string): void {
    const { experiment } = store.getState();
    if (data === 'task') {
      // A file that is still being read comes too late.
      patch(store, { data: undefined, dataRequest: undefined });
    }
    patch(store, { experiment: { ...experiment, data } });
  }

  function read(
    name: string,
    source: { readonly name: string; readonly file: Blob } | { readonly id: string },
  ) {
    const checkpoint = learner(store.getState().experiment);
    const request = send({ type: 'readData', checkpoint, source }, name);
    readers.set(request, checkpoint);
    patch(store, { data: { state: 'reading', name }, dataRequest: request });
  }

  // A link, an earlier run, a reload or another tokenizer: the file that the experiment names is looked into again.
  store.subscribe((state) => {
    const now = wanted(state);
    if (now === looked || now === '') return;
    looked = now;
    const { data } = state.experiment;
    read(parseFileId(data)?.name ?? data, { id: data });
  });

  function hearData(report: DataReport, reader: string): void {
    const { experiment } = store.getState();
    const named = report.id !== '';
    const usable = named && report.problemCount === 0;
    if (named) looked = readBy(report.id, reader);
    patch(store, {
      data: { state: 'read', report },
      ...(named && { experiment: { ...experiment, data: report.id } }),
      notice: heard(
        usable
          ? `${report.name}: ${plural(report.examples, 'example')}.`
          : `${report.name} has lines that cannot be used.`,
      ),
    });
  }

  const rename = (id: string, name: string): void => {
    send({ type: 'rename', id, name }, name, () => say(`It is called ${name} now.`));
  };
  const remove = (id: string, name: string): void => {
    send({ type: 'delete', id }, name, () => {
      say(`${name} is in the trash.`);
      replaceDeleted(id);
    });
  };
  const restore = (id: string, name: string): void => {
    send({ type: 'restore', id }, name, () => say(`${name} is back.`));
  };
  const emptyTrash = (): void => {
    send({ type: 'emptyTrash' }, 'the trash', () => say('The trash is empty.'));
  };
  const discard = (id: string): void => {
    send({ type: 'discard', id }, 'the interrupted training', () => say('It is forgotten.'));
  };
  const exportZip = (id: string, name: string): void => {
    send({ type: 'export', id }, name);
  };
  /** Another tab may have changed what is kept. */
  const refresh = (): void => {
    send({ type: 'list' }, 'what is kept');
  };

  /** A role that had it plays with what it was trained from, and nobody learns from it. */
  function replaceDeleted(id: string): void {
    const { experiment, stored } = store.getState();
    if (sameContent(experiment.data, id)) chooseData('task');
    const origin = (of: string): string | undefined => {
      const base = stored?.checkpoints.find((one) => sameContent(one.id, of))?.base;
      return base === undefined || isHere(base, stored) ? base : origin(base);
    };
    const changed = { ...store.getState().experiment };
    for (const role of ROLES) {
      if (!sameContent(changed[role], id)) continue;
      changed[role] = origin(id) ?? defaultCheckpoint(role, changed.method, changed.task);
    }
    patch(store, { experiment: changed });
  }

  function hear(message: Answer): void {
    switch (message.type) {
      case 'stored':
        patch(store, { stored: message.stored });
        return;
      case 'errand': {
        const before = waiting()[message.request];
        if (!before) return;
        const { loaded, total } = message;
        const done = total === undefined || total <= 0 ? undefined : Math.min(1, loaded / total);
        const now = { ...before, ...(done !== undefined && { done }) };
        const { data, dataRequest } = store.getState();
        patch(store, {
          waiting: { ...waiting(), [message.request]: now },
          ...(dataRequest === message.request &&
            data?.state === 'reading' &&
            done !== undefined && { data: { ...data, done } }),
        });
        return;
      }
      case 'done':
        settle(message.request)();
        return;
      case 'dataRead': {
        settle(message.request);
        const reader = readers.get(message.request) ?? '';
        readers.delete(message.request);
        if (store.getState().dataRequest === message.request) hearData(message.report, reader);
        return;
      }
      case 'exported':
        settle(message.request)();
        page.save(message.name, message.zip);
        say(`${message.name} is being downloaded.`);
        return;
      case 'refused': {
        const { type, what = '' } = waiting()[message.request] ?? {};
        settle(message.request);
        readers.delete(message.request);
        const { message: text, remedy } = message.failure;
        if (type !== 'readData') say(`${text} ${remedy}`);
        else if (store.getState().dataRequest === message.request)
          patch(store, {
            data: { state: 'refused', name: what, failure: message.failure },
            notice: heard(text),
          });
        return;
      }
      default:
        message satisfies never;
    }
  }

  return {
    hearErrand: hear,
    readFile,
    chooseData,
    rename,
    remove,
    restore,
    emptyTrash,
    discard,
    exportZip,
    refresh,
  };
}
