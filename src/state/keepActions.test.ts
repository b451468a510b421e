// What stays in the browser: every errand has one answer, and an answer that comes late changes nothing that was
// decided meanwhile.

import { describe, expect, test } from 'vitest';
import { setUp } from '../../test/support/fakePage.ts';
import type { KeptCheckpoint } from '../core/kept.ts';
import { checkpoints } from '../experiment/catalogue.ts';
import type { DataReport, Errand, Stored } from '../worker/protocol.ts';

const [BASE = ''] = Object.keys(checkpoints);
const hash = (letter: string) => letter.repeat(64);
const kept = (name: string, letter: string): KeptCheckpoint => ({
  id: `local:${hash(letter)}:${name}`,
  name,
  bytes: 1000,
  parameters: 100,
  step: 3,
  scores: { loss: 1, accuracy: 0.5 },
  measuredAt: 3,
  base: BASE,
  recipe: '',
  saved: 0,
});
const report: DataReport = {
  id: `file:${hash('f')}:lines.jsonl`,
  name: 'lines.jsonl',
  bytes: 40,
  lines: 2,
  examples: 2,
  duplicates: 0,
  tokens: 20,
  longest: 10,
  contextLength: 64,
  problems: [],
  problemCount: 0,
  preview: [],
};
const nothing: Stored = {
  checkpoints: [],
  data: [],
  runs: [],
  resumable: [],
  ongoing: [],
  downloads: [],
  lasting: false,
  bytes: 0,
  where: 'browser',
};

function inTrain(changes: Parameters<typeof setUp>[1] = {}) {
  const all = setUp('', changes);
  all.actions.setMode('train');
  all.say({ type: 'stored', stored: nothing });
  const errand = <T extends Errand['type']>(type: T) =>
    all.sent.findLast((one) => one.type === type) as Extract<Errand, { readonly type: T }>;
  const drop = () => all.actions.readFile('lines.jsonl', new Blob(['']));
  const read = (found: DataReport, request = errand('readData').request) =>
    all.say({ type: 'dataRead', request, report: found });
  return { ...all, errand, drop, read };
}

describe('a data file', () => {
  test('that can be used is what the next training learns from', () => {
    const { state, drop, read } = inTrain();
    drop();
    expect(state().data).toMatchObject({ state: 'reading', name: 'lines.jsonl' });
    read(report);
    expect(state().experiment.data).toBe(report.id);
    expect(state().waiting).toEqual({});
  });

  test('that cannot be used is reported, and the settings stay', () => {
    const { state, drop, read } = inTrain();
    drop();
    read({ ...report, id: '', problemCount: 1, problems: [{ line: 2, what: 'is not JSON' }] });
    expect(state().experiment.data).toBe('task');
    expect(state().data).toMatchObject({ state: 'read', report: { problemCount: 1 } });
    expect(state().notice.text).toContain('cannot be used');
  });

  test('that was stored before is not praised when this tokenizer cannot read it', () => {
    const { actions, state, read } = inTrain();
    actions.set('data', report.id);
    read({ ...report, examples: 1, problemCount: 1, problems: [{ line: 2, what: 'is too long' }] });
    expect(state().notice.text).toContain('cannot be used');
  });

  test('read too late does not take the place of what was chosen meanwhile', () => {
    const { actions, state, drop, read } = inTrain();
    drop();
    actions.chooseData('task');
    read(report);
    expect(state().experiment.data).toBe('task');
    expect(state().data).toBeUndefined();
  });

  test('is answered for the last one that was dropped only', () => {
    const { state, errand, drop, read } = inTrain();
    drop();
    const first = errand('readData').request;
    drop();
    read({ ...report, id: `file:${hash('e')}:old.jsonl` }, first);
    expect(state().experiment.data).toBe('task');
    read(report);
    expect(state().experiment.data).toBe(report.id);
  });

  test('is read again with the tokenizer of the checkpoint that learns now', () => {
    const { actions, sent, errand, drop, read } = inTrain();
    const reads = () => sent.filter(({ type }) => type === 'readData').length;
    drop();
    read(report);
    expect(reads()).toBe(1);
    actions.setParam('model', 'large');
    expect(reads()).toBe(2);
    expect(errand('readData').source).toEqual({ id: report.id });
    actions.setParam('learningRate', 0.002);
    expect(reads()).toBe(2);
  });

  test('that is deleted is no longer what a training learns from', () => {
    const { actions, state, errand, drop, read, say } = inTrain();
    drop();
    read(report);
    actions.remove(report.id, report.name);
    say({ type: 'done', request: errand('delete').request });
    expect(state().experiment.data).toBe('task');
    expect(state().data).toBeUndefined();
  });
});

describe('a kept checkpoint', () => {
  const mine = kept('mine', 'a');

  test('that is deleted leaves its role to its base', () => {
    const { actions, state, errand, say } = inTrain();
    say({ type: 'stored', stored: { ...nothing, checkpoints: [mine] } });
    actions.set('small', mine.id);
    actions.remove(mine.id, mine.name);
    say({ type: 'done', request: errand('delete').request });
    expect(state().experiment.small).toBe(BASE);
    actions.restore(mine.id, mine.name);
    say({ type: 'done', request: errand('restore').request });
    expect(state().notice.text).toBe('mine is back.');
  });

  test('whose base was deleted before it leaves its role to what that came from', () => {
    const { actions, state, errand, say } = inTrain();
    const further = { ...kept('further', 'b'), base: mine.id };
    const checkpointsNow = [further, { ...mine, deleted: 1 }];
    say({ type: 'stored', stored: { ...nothing, checkpoints: checkpointsNow } });
    actions.set('small', further.id);
    actions.remove(further.id, further.name);
    say({ type: 'done', request: errand('delete').request });
    expect(state().experiment.small).toBe(BASE);
  });

  test('is set beside its base, each alone', () => {
    const { actions, state } = inTrain();
    actions.compare(mine.id, BASE, 'large');
    expect(state().experiment).toMatchObject({
      mode: 'evaluate',
      contenders: [],
      large: mine.id,
      small: BASE,
    });
  });

  test('comes down as a zip file, with its progress', () => {
    const { actions, state, errand, say } = inTrain();
    actions.exportFile(mine.id, mine.name);
    const { request } = errand('export');
    say({ type: 'errand', request, loaded: 5, total: 10 });
    expect(state().waiting[request]).toMatchObject({ what: 'mine', done: 0.5 });
    say({ type: 'exported', request, name: 'mine.zip', file: new Blob() });
    expect(state().waiting).toEqual({});
    expect(state().notice).toMatchObject({ shown: true, text: 'mine.zip is being downloaded.' });
  });

  test('goes into a folder that is chosen, or comes down where browsers have no such thing', async () => {
    const folder = {} as FileSystemDirectoryHandle;
    let chosen: FileSystemDirectoryHandle | 'cancelled' | undefined = folder;
    const { actions, state, errand, sent, say } = inTrain({ chooseFolder: async () => chosen });
    await actions.exportFolder(mine.id, mine.name);
    expect(errand('exportInto')).toMatchObject({ id: mine.id, folder });
    say({ type: 'done', request: errand('exportInto').request });
    expect(state().notice.text).toBe('mine was written into the folder.');
    const before = sent.length;
    chosen = 'cancelled';
    await actions.exportFolder(mine.id, mine.name);
    expect(sent).toHaveLength(before);
    chosen = undefined;
    await actions.exportFolder(mine.id, mine.name);
    expect(errand('export')).toMatchObject({ id: mine.id });
  });

  test('that cannot be had says why, and nothing waits', () => {
    const { actions, state, errand, say } = inTrain();
    actions.exportFile(mine.id, mine.name);
    const failure = {
      code: 'storage',
      message: 'It is damaged.',
      remedy: 'Train it again.',
    } as const;
    say({ type: 'refused', request: errand('export').request, failure });
    expect(state().waiting).toEqual({});
    expect(state().notice).toMatchObject({ shown: true, text: 'It is damaged. Train it again.' });
  });
});
