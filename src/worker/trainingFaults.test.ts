// What must not be lost when a training does not go as planned: closed tabs, errors, pauses at odd moments, numbers
// that run away, browsers without room. On Node's ONNX Runtime, with a shelf that outlives its engine.
import { describe, expect, it } from 'vitest';
import { folderOf, modelBytes } from '../../test/support/ownCheckpoint.ts';
import {
  breakingAfter,
  browser,
  reopened,
  soon,
  stepsOf,
  talk,
  timeless,
  trainingOf,
} from '../../test/support/talk.ts';
import { processor } from '../../test/support/talkTo.ts';
import { UserError } from '../core/errors.ts';
import type { RunEvent } from '../core/events.ts';
import type { OrtRuntime } from '../models/runtime.ts';
import type { Shelf } from '../store/shelf.ts';
import type { Hardware, ResumableRun } from './protocol.ts';

const long = trainingOf({ steps: 2000, evaluateEvery: 0 });
const wholeCurve = async () => {
  const { begin, until, ended, events } = await talk();
  begin(1, trainingOf());
  await until(() => ended(1));
  return timeless(events(1));
};
const evaluations = (events: readonly RunEvent[]) =>
  events.filter((event) => event.type === 'train' && event.event.type === 'evaluated').length;

describe('pause and step', () => {
  it('a step asked for before it is ready comes with its evaluation, and no more', async () => {
    const { engine, begin, until, events } = await talk();
    begin(1, trainingOf({ evaluateEvery: 1 }), { paused: true });
    engine.receive({ type: 'step', run: 1 });
    await until(() => evaluations(events(1)) > 0);
    await soon();
    expect([stepsOf(events(1)), evaluations(events(1))]).toEqual([1, 1]);
  });

  it('a pause is no part of an evaluation’s time', async () => {
    const { engine, said, begin, until, ended, events } = await talk();
    begin(1, trainingOf({ steps: 1, evaluateEvery: 0 }));
    await until(() =>
      said.some((one) => one.type === 'progress' && one.progress.stage === 'evaluate'),
    );
    engine.receive({ type: 'pause', run: 1 });
    await soon(1500);
    engine.receive({ type: 'resume', run: 1 });
    await until(() => ended(1));
    const measured = events(1).find((e) => e.type === 'train' && e.event.type === 'evaluated');
    expect(measured?.type === 'train' && measured.ms).toBeLessThan(1400);
  });

  it('a ping is answered within a step, however many passes it has', async () => {
    const { engine, said, begin, until, ended, events } = await talk();
    begin(1, trainingOf({ steps: 3, batch: 4000, microBatch: 1, evaluateEvery: 0 }));
    await until(() => said.some((one) => one.type === 'running'));
    await soon(200);
    engine.receive({ type: 'ping' });
    await until(() => said.some((one) => one.type === 'alive'));
    expect(stepsOf(events(1))).toBe(0);
    engine.receive({ type: 'stop', run: 1 });
    await until(() => ended(1));
    expect(stepsOf(events(1))).toBe(0);
  });
});

describe('a training that was interrupted', () => {
  it('goes on with the same curve wherever it was saved, what was being measured included', async () => {
    const whole = await wholeCurve();
    const shelf = browser();
    const saves: Shelf[] = [];
    const write: Shelf['write'] = async (path, contents) => {
      await shelf.write(path, contents);
      if (/^trainings.*meta/.test(path)) saves.push(await copyOf(shelf));
    };
    // Out of sight all the time, so that every step is saved.
    const first = await talk({ ...shelf, write });
    const hidden = setInterval(() => first.engine.receive({ type: 'hidden' }), 1);
    first.begin(1, trainingOf());
    await first.until(() => first.ended(1));
    clearInterval(hidden);
    const steps: number[] = [];
    for (const saved of saves) {
      const second = await talk(saved);
      await second.until(() => second.stored() !== undefined);
      const [run] = second.stored().resumable;
      steps.push(run?.step ?? 0);
      second.begin(2, trainingOf(), { resume: run?.id as string });
      await second.until(() => second.ended(2));
      expect(timeless(second.events(2))).toEqual(whole);
      expect(second.stored().resumable).toEqual([]);
    }
    // Those after which it is measured are among them.
    expect(steps).toEqual(expect.arrayContaining([1, 5, 10]));
  });

  it('by an error is saved on its last step, and goes on with the same curve', async () => {
    const whole = await wholeCurve();
    for (const passes of [60, 140, 160]) {
      const shelf = browser();
      const failing = await talk(shelf, { runtime: () => breakingAfter(passes) });
      failing.begin(1, trainingOf());
      await failing.until(() => failing.ended(1));
      const last = failing.events(1).at(-1);
      if (last?.type === 'completed') continue;
      expect(last).toMatchObject({
        failure: { code: expect.stringMatching(/^(runtime|checkpoint)$/) },
      });
      const [saved] = failing.stored().resumable;
      expect(saved?.step ?? 0).toBe(stepsOf(failing.events(1)));
      if (!saved) continue;
      const again = await talk(reopened(shelf));
      again.begin(1, trainingOf(), { resume: saved.id });
      await again.until(() => again.ended(1));
      expect(timeless(again.events(1))).toEqual(whole);
    }
  });

  it('before a knob existed goes on as what there was then', async () => {
    const whole = await wholeCurve();
    const shelf = browser();
    const write: Shelf['write'] = async (path, contents) => {
      if (!/^trainings.*meta/.test(path)) return shelf.write(path, contents);
      const said = await new Response(contents).text();
      expect(said).toContain('&packing=padded');
      return shelf.write(path, new TextEncoder().encode(said.replace('&packing=padded', '')));
    };
    const failing = await talk({ ...shelf, write }, { runtime: () => breakingAfter(60) });
    failing.begin(1, trainingOf());
    await failing.until(() => failing.ended(1));
    const again = await talk(reopened(shelf));
    await again.until(() => again.stored() !== undefined);
    const [{ id, experiment }] = again.stored().resumable as [ResumableRun];
    again.begin(1, experiment, { resume: id });
    await again.until(() => again.ended(1));
    expect(timeless(again.events(1))).toEqual(whole);
  });

  it('by a GPU that was taken away ends at once, and what was saved is still there', async () => {
    const real: Hardware = { ...processor, deviceClass: 'real', provider: 'webgpu' };
    const { engine, begin, until, ended, events, stored, lose, ask } = await talk(browser(), {
      hardware: async () => real,
    });
    begin(1, { ...long, kernels: 'cpu' });
    await until(() => stepsOf(events(1)) >= 3);
    engine.receive({ type: 'hidden' });
    await soon(100);
    lose(new UserError('gpu', 'gone', 'run again'));
    await until(() => ended(1));
    expect(events(1).at(-1)).toMatchObject({ type: 'failed', failure: { code: 'gpu' } });
    await ask({ type: 'list' });
    expect(stored().resumable.length).toBe(1);
  });

  it('is not thrown away by the same experiment in another tab, nor mixed up with another one', async () => {
    const shelf = browser();
    const first = await talk(shelf);
    first.begin(1, long);
    await first.until(() => stepsOf(first.events(1)) >= 2);
    first.engine.receive({ type: 'hidden' });
    await soon(100);
    const claimed = [...(await shelf.claims())][0] as string;
    const id = claimed.replace('training ', '');

    const other = await talk(shelf);
    expect(await other.ask({ type: 'discard', id })).toMatchObject({
      type: 'refused',
      failure: { code: 'storage' },
    });
    // The same experiment from its first step is a training of its own.
    other.begin(1, trainingOf({ steps: 2 }));
    await other.until(() => other.ended(1));
    other.begin(2, long);
    await other.until(() => stepsOf(other.events(2)) >= 1);
    other.engine.receive({ type: 'stop', run: 2 });
    await other.until(() => other.ended(2));

    const later = await talk(reopened(shelf));
    await later.until(() => later.stored() !== undefined);
    expect(later.stored().resumable.map((one) => one.id)).toEqual([id]);
    later.begin(1, trainingOf(), { resume: id });
    await later.until(() => later.ended(1));
    expect(later.events(1)).toMatchObject([{ type: 'failed', failure: { code: 'experiment' } }]);
    expect(later.stored().resumable.length).toBe(1);
    first.engine.receive({ type: 'stop', run: 1 });
    await first.until(() => first.ended(1));
  });

  it('for which there is no room goes on, and says since when it is not saved', async () => {
    const shelf = browser();
    const write: Shelf['write'] = (path, contents) =>
      path.startsWith('trainings')
        ? Promise.reject(new UserError('storage', 'no room', 'delete something'))
        : shelf.write(path, contents);
    const { begin, until, ended, events } = await talk({ ...shelf, write });
    begin(1, trainingOf({ steps: 3, evaluateEvery: 0 }), { saveEvery: 0 });
    await until(() => ended(1));
    const about = events(1).flatMap((one) =>
      one.type === 'train' && one.event.type === 'unsaved' ? [one.event] : [],
    );
    expect(about).toEqual([{ type: 'unsaved', step: 1, why: 'no room' }]);
    expect(events(1).at(-1)).toEqual({ type: 'completed' });
  });

  it('in a browser without room is kept in memory, and can be made again when there is some', async () => {
    const shelf = browser();
    let full = false;
    const write: Shelf['write'] = (path, contents) =>
      full && path.startsWith('checkpoints')
        ? Promise.reject(new UserError('storage', 'no room', 'delete something'))
        : shelf.write(path, contents);
    const { engine, begin, until, ended, events, stored } = await talk({ ...shelf, write });
    begin(1, long);
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

describe('numbers that run away', () => {
  /** From the n-th step on, log-probs are no numbers. Steps are counted by what a step reads: batches of six rows. */
  async function nanAfter(passes: number): Promise<OrtRuntime> {
    const runtime = await breakingAfter(Number.POSITIVE_INFINITY);
    let made = 0;
    return {
      ...runtime,
      async createSession(model) {
        const session = await runtime.createSession(model);
        const run = session.run.bind(session);
        session.run = (async (feeds: Parameters<typeof run>[0]) => {
          const outputs = await run(feeds);
          const logProbs = outputs.logProbs;
          if (logProbs && ++made > passes) (logProbs.data as Float32Array).fill(Number.NaN);
          return outputs;
        }) as typeof session.run;
        return session;
      },
    };
  }
  const once = trainingOf({ steps: 4, batch: 4, evaluateEvery: 0 });

  it('at the last step are found by its evaluation, and the weights before are kept', async () => {
    const { begin, until, ended, events, types, stored } = await talk(browser(), {
      runtime: () => nanAfter(4),
    });
    begin(1, once);
    await until(() => ended(1));
    expect(stepsOf(events(1))).toBe(4);
    for (const event of events(1)) {
      if (event.type !== 'train' || event.event.type !== 'evaluated') continue;
      for (const score of Object.values(event.event.scores)) expect(score).toBeTypeOf('number');
      expect(Number.isFinite(event.event.scores.loss)).toBe(true);
    }
    expect(types(1)).not.toContain('kept');
    expect(stored().checkpoints).toEqual([]);
    expect(events(1).at(-1)?.type).toBe('failed');
  });

  it('what is kept is always listed: its scores are numbers', async () => {
    for (const learningRate of [0.5, 1]) {
      const { begin, until, ended, events, stored } = await talk();
      begin(1, trainingOf({ learningRate, clip: 0, warmup: 0, schedule: 'constant', steps: 12 }));
      await until(() => ended(1));
      const kept = events(1).filter((event) => event.type === 'kept').length;
      expect(stored().checkpoints.length).toBe(kept);
    }
  });
});

describe('a data file', () => {
  const line = (prompt: string, completion: string) => JSON.stringify({ prompt, completion });

  it('with repetitions is measured on nothing that is learned from', async () => {
    const { ask, begin, until, ended, events } = await talk();
    const once = Array.from({ length: 20 }, (_, i) => line(`q${i}: `, 'yes.'));
    const source = { name: 'yes.jsonl', file: new Blob([[...once, ...once].join('\n')]) };
    const answer = await ask({ type: 'readData', checkpoint: 'base-small', source });
    if (answer.type !== 'dataRead') throw new Error(answer.type);
    expect(answer.report).toMatchObject({ examples: 40, duplicates: 20 });
    begin(1, trainingOf({ steps: 1 }, { data: answer.report.id }));
    await until(() => ended(1));
    expect(events(1)[0]).toMatchObject({ event: { examples: 18, heldOut: 2 } });
  });

  it('is looked into without reading the model', async () => {
    const read: string[] = [];
    const { ask } = await talk(browser(), {
      folder: () => {
        const folder = folderOf(modelBytes());
        const note = (path: string) => {
          read.push(path);
          return folder.read(path);
        };
        return { ...folder, read: note };
      },
    });
    const source = { name: 'a.jsonl', file: new Blob([line('a', 'b')]) };
    await ask({ type: 'readData', checkpoint: 'base-small', source });
    expect(read).not.toContain('onnx/model.onnx');
  });
});

/** A snapshot of what is on the shelf, as a tab leaves it that dies now; its locks are free. */
async function copyOf(shelf: Shelf): Promise<Shelf> {
  const copy = browser();
  for (const kind of ['checkpoints', 'data', 'trainings']) {
    for (const path of (await shelf.list(kind)).keys()) {
      const file = await shelf.read(`${kind}/${path}`);
      if (file) await copy.write(`${kind}/${path}`, file);
    }
  }
  return copy;
}
