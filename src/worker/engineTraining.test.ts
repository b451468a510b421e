// Training through the worker's messages: from a start to a checkpoint that any role can choose, and from a tab that
// was closed in the middle to the same curve. With a memory shelf that outlives its engine, as a browser's does.
import { describe, expect, it } from 'vitest';
import { loadNodeRuntime } from '../../cli/nodeRuntime.ts';
import { folderOf, modelBytes } from '../../test/support/ownCheckpoint.ts';
import { processor, soon, talk } from '../../test/support/talk.ts';
import { timeless, trainingOf } from '../../test/support/trainingRoom.ts';
import { UserError } from '../core/errors.ts';
import type { RunEvent } from '../core/events.ts';
import type { Experiment } from '../experiment/experiment.ts';
import { localId } from '../experiment/names.ts';
import type { OrtRuntime } from '../models/runtime.ts';
import { createMemoryShelf } from '../store/memoryShelf.ts';
import type { Shelf } from '../store/shelf.ts';
import type { Supplies } from './engine.ts';
import type { Hardware } from './protocol.ts';

const own: Pick<Supplies, 'folder'> = { folder: () => folderOf(modelBytes()) };
/** A runtime that is out of memory after so many passes. */
async function breakingAfter(passes: number): Promise<OrtRuntime> {
  const runtime = await loadNodeRuntime();
  let made = 0;
  return {
    ...runtime,
    async createSession(model) {
      const session = await runtime.createSession(model);
      const run = session.run.bind(session);
      session.run = (async (feeds: Parameters<typeof run>[0]) => {
        if (++made > passes) throw new Error('std::bad_alloc');
        return run(feeds);
      }) as typeof session.run;
      return session;
    },
  };
}
/** A browser's file system, as far as anybody can tell. */
const browser = (): Shelf => ({ ...createMemoryShelf(), where: 'browser' });
/** The same shelf after its tab was closed: locks are free again. */
const reopened = (shelf: Shelf): Shelf => {
  const { claim, claims } = createMemoryShelf();
  return { ...shelf, claim, claims };
};
const open = (shelf = browser(), changes: Partial<Supplies> = {}) =>
  talk({ ...own, ...changes }, shelf);
const stepsOf = (events: readonly RunEvent[]) =>
  events.filter((event) => event.type === 'train' && event.event.type === 'step').length;
/** What a training says, but for times and the dates of what is kept; a training that goes on begins otherwise. */
const told = (events: readonly RunEvent[]) =>
  timeless(events)
    .slice(1)
    .filter((event) => event.type !== 'kept');
const long = trainingOf({ params: { steps: 2000, evaluateEvery: 0 } });
const line = (prompt: string, completion: string) => JSON.stringify({ prompt, completion });
const file = (...lines: string[]) => new Blob([lines.join('\n')]);

describe('a training', () => {
  it('says how far it is while it is prepared, and ends with a checkpoint that is listed', async () => {
    const { said, start, until, ended, events, types, stored } = open();
    start(1, trainingOf());
    await until(() => ended(1));
    const stages = said.flatMap((one) => (one.type === 'progress' ? [one.progress.stage] : []));
    expect([...new Set(stages)]).toEqual(
      expect.arrayContaining(['data', 'gradients', 'session', 'ready', 'evaluate', 'keep']),
    );
    expect(types(1).slice(-2)).toEqual(['kept', 'completed']);
    const kept = events(1).find((event) => event.type === 'kept');
    expect(stored().checkpoints).toEqual([kept?.checkpoint]);
    expect(stored().where).toBe('browser');
    expect(stored().resumable).toEqual([]);
    expect(kept?.checkpoint.temporary).toBeUndefined();
  });

  it('gives a checkpoint that any role can choose, in every mode, after a rename as well', async () => {
    const { start, until, ended, events, ask, stored } = open();
    start(1, trainingOf());
    await until(() => ended(1));
    const id = stored().checkpoints[0]?.id as string;
    const modes: Partial<Experiment>[] = [
      { mode: 'generate', method: 'bild', prompt: 'add 1+2: ', maxTokens: 5 },
      {
        mode: 'evaluate',
        method: 'bild',
        task: 'addition',
        difficulty: 1,
        problems: 2,
        maxTokens: 5,
      },
      trainingOf({ params: { steps: 2 } }),
    ];
    for (const [i, mode] of modes.entries()) {
      start(10 + i, { ...mode, small: id, ...(mode.mode === 'generate' && { large: id }) });
      await until(() => ended(10 + i));
      expect(events(10 + i).at(-1)?.type).toBe('completed');
    }
    await ask({ type: 'rename', id, name: 'renamed' });
    start(20, { ...modes[0], small: id });
    await until(() => ended(20));
    expect(events(20).at(-1)?.type).toBe('completed');
    expect(stored().checkpoints.map(({ base }) => base)).toContain(id);
  });

  it('waits when it is paused, makes one step when asked, and keeps what it has when it is stopped', async () => {
    const { engine, start, until, ended, events, said, types, stored } = open();
    start(1, trainingOf(), true);
    await until(() => said.some((one) => one.type === 'running'));
    await soon();
    expect(events(1)).toEqual([]);
    for (const made of [1, 2, 3, 4, 5, 6]) {
      engine.receive({ type: 'step', run: 1 });
      await until(() => stepsOf(events(1)) === made);
      await soon(made === 5 ? 400 : 60);
      expect(stepsOf(events(1))).toBe(made);
      // The fifth step came with its evaluation.
      const measured = events(1).filter(
        (event) => event.type === 'train' && event.event.type === 'evaluated',
      ).length;
      expect(measured).toBe(made < 5 ? 1 : 2);
    }
    engine.receive({ type: 'stop', run: 1 });
    await until(() => ended(1));
    expect(types(1).at(-1)).toBe('kept');
    expect(stored().checkpoints[0]).toMatchObject({ step: 6, measuredAt: 5 });
  });

  it('counts a step that is asked for before it is ready', async () => {
    const { engine, start, until, events } = open();
    start(1, trainingOf({ params: { evaluateEvery: 0 } }), true);
    engine.receive({ type: 'step', run: 1 });
    await until(() => stepsOf(events(1)) === 1);
    await soon();
    expect(stepsOf(events(1))).toBe(1);
  });

  it('gives way to another run, keeps what it has, and answers a ping meanwhile', async () => {
    const { engine, start, until, ended, events, types, said } = open();
    start(1, long);
    await until(() => stepsOf(events(1)) >= 3);
    engine.receive({ type: 'ping' });
    await until(() => said.some((one) => one.type === 'alive'));
    start(2, { method: 'greedy', prompt: 'add 1+2: ', maxTokens: 3, params: { model: 'small' } });
    await until(() => ended(1) && ended(2));
    expect(types(1).at(-1)).toBe('kept');
    expect(types(2).at(-1)).toBe('completed');
  });

  it('that is stopped while it is prepared leaves nothing', async () => {
    const { engine, start, until, ended, types, stored } = open();
    start(1, long);
    engine.receive({ type: 'stop', run: 1 });
    await until(() => ended(1));
    expect(types(1)).toEqual([]);
    expect(stored().checkpoints).toEqual([]);
  });

  it('in a browser without room is kept in memory, and can be made again when there is some', async () => {
    const shelf = browser();
    let full = false;
    const write: Shelf['write'] = (path, contents) =>
      full && path.startsWith('checkpoints')
        ? Promise.reject(new UserError('storage', 'no room', 'delete something'))
        : shelf.write(path, contents);
    const { engine, start, until, ended, events, stored } = open({ ...shelf, write });
    start(1, long);
    await until(() => stepsOf(events(1)) >= 3);
    engine.receive({ type: 'hidden' });
    await soon(100);
    full = true;
    engine.receive({ type: 'stop', run: 1 });
    await until(() => ended(1));
    expect(stored().checkpoints[0]?.temporary).toBe(true);
    expect(stored().resumable.length).toBe(1);
  });
});

describe('a training that was interrupted', () => {
  it('goes on from where it was when the page went out of sight, with the same curve', async () => {
    const shelf = browser();
    const whole = open();
    whole.start(1, trainingOf());
    await whole.until(() => whole.ended(1));

    const first = open(shelf);
    first.start(1, trainingOf(), true);
    for (let made = 1; made <= 4; made++) {
      first.engine.receive({ type: 'step', run: 1 });
      await first.until(() => stepsOf(first.events(1)) === made);
    }
    // In its own tab it goes on, so it is not offered.
    first.engine.receive({ type: 'hidden' });
    await soon(100);
    await first.ask({ type: 'list' });
    expect(first.stored().resumable).toEqual([]);

    const second = open(reopened(shelf));
    await second.until(() => second.said.some((one) => one.type === 'stored'));
    const [saved] = second.stored().resumable;
    expect(saved).toMatchObject({ step: 4, steps: 10, experiment: trainingOf() });
    second.start(2, trainingOf(), false, { resume: saved?.id as string });
    await second.until(() => second.ended(2));
    expect(told(second.events(2))).toEqual(told(whole.events(1)));
    const [a, b] = [second.stored().checkpoints[0], whole.stored().checkpoints[0]];
    expect(a?.id).toBe(b?.id);
    expect(second.stored().resumable).toEqual([]);
  });

  it('by an error is saved on its last step, and goes on with the same curve', async () => {
    const whole = open();
    whole.start(1, trainingOf());
    await whole.until(() => whole.ended(1));
    const shelf = browser();
    const failing = open(shelf, { runtime: () => breakingAfter(150) });
    failing.start(1, trainingOf());
    await failing.until(() => failing.ended(1));
    expect(failing.events(1).at(-1)).toMatchObject({
      type: 'failed',
      failure: { code: 'runtime' },
    });
    const [saved] = failing.stored().resumable;
    expect(saved?.step).toBe(stepsOf(failing.events(1)));
    const again = open(reopened(shelf));
    again.start(1, trainingOf(), false, { resume: saved?.id as string });
    await again.until(() => again.ended(1));
    expect(told(again.events(1))).toEqual(told(whole.events(1)));
  });

  it('by a GPU that was taken away ends at once, and what was saved is still there', async () => {
    const real: Hardware = { ...processor, deviceClass: 'real', provider: 'webgpu' };
    const { engine, start, until, ended, events, stored, lose, ask } = open(browser(), {
      hardware: async () => real,
    });
    start(1, { ...long, kernels: 'cpu' });
    await until(() => stepsOf(events(1)) >= 3);
    engine.receive({ type: 'hidden' });
    await soon(100);
    lose(new UserError('gpu', 'gone', 'run again'));
    await until(() => ended(1));
    expect(events(1).at(-1)).toMatchObject({ type: 'failed', failure: { code: 'gpu' } });
    await soon();
    await ask({ type: 'list' });
    expect(stored().resumable.length).toBe(1);
  });

  it('is not mixed up with another experiment, and can be forgotten', async () => {
    const shelf = browser();
    const first = open(shelf);
    first.start(1, long);
    await first.until(() => stepsOf(first.events(1)) >= 2);
    first.engine.receive({ type: 'hidden' });
    await soon(100);
    // Meanwhile it goes on there.
    const claims = await shelf.claims();
    const id = [...claims][0]?.replace('training ', '') as string;
    const other = open(shelf);
    other.start(1, long, false, { resume: id });
    await other.until(() => other.ended(1));
    expect(other.events(1)).toMatchObject([
      { type: 'failed', failure: { message: 'This training goes on in another tab.' } },
    ]);
    expect(await other.ask({ type: 'discard', id })).toMatchObject({ type: 'refused' });

    const later = open(reopened(shelf));
    later.start(1, trainingOf(), false, { resume: id });
    await later.until(() => later.ended(1));
    expect(later.events(1)).toMatchObject([{ type: 'failed', failure: { code: 'experiment' } }]);
    later.start(2, long, false, { resume: 'never' });
    await later.until(() => later.ended(2));
    expect(later.events(2)).toMatchObject([{ type: 'failed', failure: { code: 'storage' } }]);
    expect(later.stored().resumable.length).toBe(1);
    expect(await later.ask({ type: 'discard', id })).toMatchObject({ type: 'done' });
    expect(later.stored().resumable).toEqual([]);
    first.engine.receive({ type: 'stop', run: 1 });
    await first.until(() => first.ended(1));
  });
});

describe('errands', () => {
  it('a data file is looked into, stored, trained with, and found again', async () => {
    const { ask, stored, start, until, ended, events } = open();
    const lines = Array.from({ length: 12 }, (_, i) => line(`q${i}: `, 'yes.'));
    const source = { name: 'yes.jsonl', file: file(...lines) };
    const answer = await ask({ type: 'readData', checkpoint: 'tiny-small', source });
    if (answer.type !== 'dataRead') throw new Error(answer.type);
    expect(answer.report).toMatchObject({ lines: 12, examples: 12, problemCount: 0 });
    expect(stored().data.map(({ id }) => id)).toEqual([answer.report.id]);
    const again = await ask({
      type: 'readData',
      checkpoint: 'tiny-small',
      source: { id: answer.report.id },
    });
    expect(again).toMatchObject({ type: 'dataRead', report: answer.report });
    start(1, trainingOf({ data: answer.report.id, params: { steps: 2 } }));
    await until(() => ended(1));
    expect(events(1).at(-1)?.type).toBe('completed');
    expect(stored().checkpoints[0]?.name).toBe('own-yes');
  });

  it('a data file that cannot be used is reported, and not stored', async () => {
    const { ask, stored, start, until, ended, events } = open();
    const source = { name: 'a.jsonl', file: file(line('a', 'b'), 'oops', line('½', 'b')) };
    const answer = await ask({ type: 'readData', checkpoint: 'tiny-small', source });
    expect(answer).toMatchObject({
      type: 'dataRead',
      report: {
        problemCount: 2,
        problems: [
          { line: 2, what: '“oops” is not JSON.' },
          { line: 3, what: 'own cannot read “½” (U+00BD).' },
        ],
      },
    });
    expect(stored().data).toEqual([]);
    if (answer.type !== 'dataRead') return;
    start(1, trainingOf({ data: answer.report.id }));
    await until(() => ended(1));
    expect(events(1)).toMatchObject([{ type: 'failed', failure: { code: 'data' } }]);
  });

  it('what is kept is renamed, deleted, restored, and deleted for good', async () => {
    const { ask, stored, start, until, ended, events } = open();
    start(1, trainingOf({ params: { steps: 1, evaluateEvery: 0 } }));
    await until(() => ended(1));
    const id = stored().checkpoints[0]?.id as string;
    expect(await ask({ type: 'rename', id, name: ' new ' })).toMatchObject({ type: 'done' });
    expect(stored().checkpoints[0]?.name).toBe('new');
    await ask({ type: 'delete', id });
    expect(stored().checkpoints[0]?.deleted).toBeGreaterThan(0);
    start(2, { small: id, large: id });
    await until(() => ended(2));
    expect(events(2)).toMatchObject([
      { failure: { code: 'checkpoint', message: 'The checkpoint new is in the trash.' } },
    ]);
    await ask({ type: 'restore', id });
    expect(stored().checkpoints[0]?.deleted).toBeUndefined();
    await ask({ type: 'delete', id });
    await ask({ type: 'emptyTrash' });
    expect(stored().checkpoints).toEqual([]);
    const gone = await ask({ type: 'restore', id });
    expect(gone).toMatchObject({ type: 'refused', failure: { code: 'storage' } });
  });

  it('a checkpoint is exported as a folder, with a card from which it can be made again', async () => {
    const { ask, stored, start, until, ended } = open();
    start(1, trainingOf());
    await until(() => ended(1));
    const { id, recipe } = stored().checkpoints[0] as NonNullable<
      ReturnType<typeof stored>['checkpoints'][0]
    >;
    const answer = await ask({ type: 'export', id });
    if (answer.type !== 'exported') throw new Error(answer.type);
    expect(answer.name).toBe('own-addition.zip');
    const files = unzipped(new Uint8Array(await answer.zip.arrayBuffer()));
    expect([...files.keys()].sort()).toEqual(
      [
        'README.md',
        'config.json',
        'onnx/model.onnx',
        'tokenizer.json',
        'tokenizer_config.json',
      ].map((path) => `own-addition/${path}`),
    );
    const card = new TextDecoder().decode(files.get('own-addition/README.md'));
    for (const text of [recipe, 'seed 1, 10 steps of 6 examples', 'nats per token', 'accuracy']) {
      expect(card).toContain(text);
    }
    expect(files.get('own-addition/onnx/model.onnx')?.length).toBe(modelBytes().length);
    expect(await ask({ type: 'export', id: 'tiny-small' })).toMatchObject({ name: 'own.zip' });
  });
});

describe('what goes wrong', () => {
  const nobody = localId({ sha256: '0'.repeat(64), name: 'nobody' });
  it.each<[string, Partial<Experiment>, string]>([
    ['an unknown checkpoint', { small: nobody }, 'The checkpoint nobody is not in this browser.'],
    [
      'an unknown file',
      { data: `file:${'0'.repeat(64)}:a.jsonl` },
      'a.jsonl, which is not in this browser',
    ],
    ['a task that is too long', { task: 'numberWords', difficulty: 9 }, 'reads at most 32'],
  ])('%s ends the training with a sentence', async (_, changes, text) => {
    const { start, until, ended, events } = open();
    start(1, trainingOf(changes as never));
    await until(() => ended(1));
    const [failed] = events(1);
    if (failed?.type !== 'failed') throw new Error(failed?.type);
    expect(failed.failure.message).toContain(text);
    expect(failed.failure.code).not.toBe('internal');
  });
});

/** Files of a zip that holds them as they are (method 0); enough for what client-zip writes. */
function unzipped(zip: Uint8Array<ArrayBuffer>): Map<string, Uint8Array> {
  const view = new DataView(zip.buffer);
  const files = new Map<string, Uint8Array>();
  // The end record is the last 22 bytes; from it to the directory, from there to every file.
  const end = zip.length - 22;
  let at = view.getUint32(end + 16, true);
  for (let n = view.getUint16(end + 10, true); n > 0; n--) {
    expect(view.getUint16(at + 10, true)).toBe(0);
    const size = view.getUint32(at + 24, true);
    const [name, extra, comment] = [28, 30, 32].map((field) => view.getUint16(at + field, true));
    const path = new TextDecoder().decode(zip.subarray(at + 46, at + 46 + (name ?? 0)));
    const local = view.getUint32(at + 42, true);
    const data = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
    files.set(path, zip.slice(data, data + size));
    at += 46 + (name ?? 0) + (extra ?? 0) + (comment ?? 0);
  }
  return files;
}
