// What stays in the browser: checkpoints that were trained here, data files, interrupted trainings. The worker
// keeps them; here they are asked for, renamed, deleted, taken back, downloaded, gone on with.

import type { Failure } from '../core/errors.ts';
import { ROLES } from '../core/roles.ts';
import { defaultCheckpoint } from '../experiment/cast.ts';
import { learnsByReward } from '../experiment/catalogue.ts';
import { parseFileId, sameContent } from '../experiment/names.ts';
import type { DataReport, Errand } from '../worker/protocol.ts';
import { isHere } from './choices.ts';
import type { Answer, Desk } from './desk.ts';
import { plural } from './format.ts';
import type { Page } from './page.ts';
import { heard, patch, type State, type Store, told } from './store.ts';

export type DataState =
  | { readonly state: 'reading'; readonly name: string; readonly done?: number }
  | { readonly state: 'read'; readonly report: DataReport }
  | { readonly state: 'refused'; readonly name: string; readonly failure: Failure };

/** The checkpoint whose tokenizer reads the examples: that of the role which learns. */
const learner = (experiment: State['experiment']): string =>
  experiment[experiment.params.model === 'large' ? 'large' : 'small'];
/** How answers are checked, where the file holds questions. */
const checkerOf = ({ method, params }: State['experiment']) =>
  learnsByReward(method) ? (String(params.checker ?? 'exact') as Checker) : undefined;
type Checker = NonNullable<Extract<Errand, { readonly type: 'readData' }>['checker']>;
const readBy = (data: string, experiment: State['experiment']): string =>
  `${data} ${learner(experiment)} ${checkerOf(experiment) ?? ''}`;

export function keepActions(store: Store, desk: Desk, page: Page) {
  const say = (text: string) => patch(store, { notice: told(text) });
  /** The data file that matters now and who reads it, as one word; empty where a task is learned from. */
  const wanted = ({ experiment, stored }: State): string =>
    stored &&
    (experiment.mode === 'train' || experiment.mode === 'study') &&
    experiment.data !== 'task'
      ? readBy(experiment.data, experiment)
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
    const { experiment: asked } = store.getState();
    const checkpoint = learner(asked);
    const checker = checkerOf(asked);
    // One that was chosen later counts.
    const current = () => store.getState().dataRequest === request;
    const errand = { type: 'readData', checkpoint, source, ...(checker && { checker }) } as const;
    const request = desk.send(errand, name, {
      answered(answer) {
        if (answer.type === 'dataRead' && current()) hearData(answer.report, asked);
      },
      progress(done) {
        if (current()) patch(store, { data: { state: 'reading', name, done } });
      },
      refused(failure) {
        if (!current()) return;
        patch(store, {
          data: { state: 'refused', name, failure },
          notice: heard(failure.message),
        });
      },
    });
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

  function hearData(report: DataReport, asked: State['experiment']): void {
    const { experiment } = store.getState();
    const named = report.id !== '';
    const usable = named && report.problemCount === 0;
    if (named) looked = readBy(report.id, asked);
    patch(store, {
      data: { state: 'read', report },
      ...(named && { experiment: { ...experiment, data: report.id } }),
      notice: heard(
        usable
          ? `${report.name}: ${plural(report.examples, checkerOf(asked) ? 'question' : 'example')}.`
          : `${report.name} has lines that cannot be used.`,
      ),
    });
  }

  const rename = (id: string, name: string): void => {
    const answered = () => say(`It is called ${name} now.`);
    desk.send({ type: 'rename', id, name }, name, { answered });
  };
  const remove = (id: string, name: string): void => {
    const answered = () => {
      say(`${name} is in the trash.`);
      replaceDeleted(id);
    };
    desk.send({ type: 'delete', id }, name, { answered });
  };
  const restore = (id: string, name: string): void => {
    desk.send({ type: 'restore', id }, name, { answered: () => say(`${name} is back.`) });
  };
  const emptyTrash = (of: 'files' | 'runs' = 'files'): void => {
    const answered = () => say('The trash is empty.');
    desk.send({ type: 'emptyTrash', of }, 'the trash', { answered });
  };
  const discard = (id: string): void => {
    const answered = () => say('It is forgotten.');
    desk.send({ type: 'discard', id }, 'the interrupted training', { answered });
  };
  const exportFile = (id: string, name: string): void => {
    desk.send({ type: 'export', id }, name, { answered: download });
  };
  /** The same, unpacked, into a folder that the visitor chooses; where browsers have no such thing, as a zip file. */
  async function exportFolder(id: string, name: string): Promise<void> {
    const folder = await page.chooseFolder();
    if (folder === undefined) return exportFile(id, name);
    if (folder === 'cancelled') return;
    desk.send({ type: 'exportInto', id, folder }, name, {
      answered: () => say(`${name} was written into the folder.`),
    });
  }
  /** Another tab may have changed what is kept. */
  const refresh = (): void => {
    desk.send({ type: 'list' }, 'what is kept');
  };

  function download(answer: Answer): void {
    if (answer.type !== 'exported') return;
    page.save(answer.name, answer.file);
    say(`${answer.name} is being downloaded.`);
  }

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

  return {
    readFile,
    chooseData,
    rename,
    remove,
    restore,
    emptyTrash,
    discard,
    exportFile,
    exportFolder,
    download,
    refresh,
  };
}
