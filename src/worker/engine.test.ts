// The worker's behaviour as sentences, with the built-in pair on Node's ONNX Runtime.
import { beforeAll, describe, expect, it } from 'vitest';
import { diskFolder, loadNodeRuntime } from '../../cli/nodeRuntime.ts';
import { folderOf, modelBytes } from '../../test/support/ownCheckpoint.ts';
import { processor, talkTo } from '../../test/support/talkTo.ts';
import { UserError } from '../core/errors.ts';
import { defaultExperiment, type Experiment } from '../experiment/experiment.ts';
import type { OrtRuntime } from '../models/runtime.ts';
import type { Supplies } from './engine.ts';
import type { Hardware } from './protocol.ts';

let runtime: OrtRuntime;
beforeAll(async () => {
  runtime = await loadNodeRuntime();
});
const talk = (changes: Partial<Supplies> = {}) => talkTo(runtime, changes);
const soon = (ms = 30) => new Promise((resolve) => setTimeout(resolve, ms));

describe('a bad checkpoint', () => {
  it('is refused in words, and nothing that was loaded before is lost', async () => {
    const asked: string[] = [];
    const { until, ended, events, types, start } = talk({
      folder(id) {
        asked.push(id);
        return folderOf(id === 'base-large' ? modelBytes().slice(0, 5000) : modelBytes());
      },
    });
    const quick = { maxTokens: 8, prompt: 'say 7: ' };
    const good = { ...quick, small: 'base-small', large: 'large-tuned' };
    start(1, good);
    await until(() => ended(1));
    start(2, { ...quick, small: 'base-small', large: 'base-large' });
    await until(() => ended(2));
    expect(events(2).at(-1)).toMatchObject({
      type: 'failed',
      failure: { code: 'onnx', message: expect.stringContaining('is cut off') },
    });
    start(3, good);
    await until(() => ended(3));
    expect(types(3).at(-1)).toBe('completed');
    expect(asked).toEqual(['base-small', 'large-tuned', 'base-large']);
    const written = (run: number) =>
      events(run).flatMap((event) => (event.type === 'generated' ? event.tokens : []));
    expect(written(3)).toEqual(written(1));
  });
});

describe('a run', () => {
  it('says what it loads, what it uses, what happens, and that it is over', async () => {
    const { said, until, events, ended, types, start } = talk();
    start(1);
    await until(() => ended(1));
    const order = [...new Set(said.map((one) => one.type))];
    expect(order).toEqual(['hardware', 'stored', 'progress', 'running', 'events', 'ended']);
    const stages = said.flatMap((one) =>
      one.type === 'progress' ? [`${one.progress.role} ${one.progress.stage}`] : [],
    );
    for (const role of ['small', 'large']) {
      expect(stages).toEqual(
        expect.arrayContaining(
          ['download', 'session', 'warmUp', 'ready'].map((stage) => `${role} ${stage}`),
        ),
      );
    }
    expect(types(1)[0]).toBe('prompt');
    expect(types(1).slice(-3)).toEqual(['generated', 'baseline', 'completed']);
    const baseline = events(1).find((event) => event.type === 'baseline');
    expect(baseline?.text).toBe('nine million ninety-five thousand six hundred eleven.');
    expect(baseline?.passMs.large).toBeGreaterThan(0);
    expect(baseline?.passMs.small).toBeGreaterThan(0);
  });

  it('uses models again that are loaded', async () => {
    const { until, ended, start, loads } = talk();
    start(1);
    await until(() => ended(1));
    start(2, { prompt: 'say 7: ' });
    await until(() => ended(2));
    expect(loads).toEqual([defaultExperiment.small, defaultExperiment.large]);
  });

  it('loads only what the method needs', async () => {
    const { until, ended, start, loads, types } = talk();
    start(1, { method: 'greedy', params: { model: 'small' } });
    await until(() => ended(1));
    expect(loads).toEqual([defaultExperiment.small]);
    expect(types(1)).not.toContain('baseline');
  });

  it('takes one checkpoint for both roles: one session, two readers, nothing to strike out', async () => {
    const { until, ended, start, loads, events } = talk();
    start(1, { large: defaultExperiment.small });
    await until(() => ended(1));
    expect(loads).toEqual([defaultExperiment.small]);
    const generated = events(1).find((event) => event.type === 'generated');
    expect(generated?.stats.rollbacks).toBe(0);
    expect(generated?.stats.large.passes).toBeGreaterThan(0);
  });

  it('waits while paused, makes one event per step, goes on when resumed', async () => {
    const { engine, until, ended, types, start, said } = talk();
    start(1, {}, true);
    await until(() => said.some((one) => one.type === 'running'));
    await soon();
    expect(types(1)).toEqual([]);
    for (const steps of [1, 2, 3]) {
      engine.receive({ type: 'step', run: 1 });
      await until(() => types(1).length >= steps);
      await soon();
      expect(types(1).length).toBe(steps);
    }
    engine.receive({ type: 'resume', run: 1 });
    await until(() => ended(1));
    expect(types(1).at(-1)).toBe('completed');
  });

  it('counts steps that come before its models are ready', async () => {
    const { engine, types, start, until } = talk();
    start(1, {}, true);
    engine.receive({ type: 'step', run: 1 });
    engine.receive({ type: 'step', run: 1 });
    await until(() => types(1).length >= 2);
    await soon();
    expect(types(1).length).toBe(2);
  });

  it('can be paused and stopped in the middle, and gives way to the next', async () => {
    const { engine, until, ended, types, start } = talk();
    start(1, { mode: 'evaluate', problems: 2000 });
    await until(() => types(1).length >= 3);
    engine.receive({ type: 'pause', run: 1 });
    await soon(80);
    const paused = types(1).length;
    await soon(80);
    expect(types(1).length).toBe(paused);
    engine.receive({ type: 'resume', run: 1 });
    await until(() => types(1).length > paused);
    start(2, { prompt: 'say 1: ' });
    await until(() => ended(1) && ended(2));
    expect(types(1)).not.toContain('completed');
    expect(types(1)).not.toContain('failed');
    expect(types(2).at(-1)).toBe('completed');
    // A run that is over, or never was, is not waited for.
    engine.receive({ type: 'stop', run: 1 });
  });

  it('can be stopped while it loads', async () => {
    const never = new Promise<never>(() => {});
    let aborted = false;
    const { engine, until, ended, start, types } = talk({
      runtime: (_provider, _progress, signal) =>
        Promise.race([
          never,
          new Promise<never>((_, reject) => {
            signal?.addEventListener('abort', () => {
              aborted = true;
              reject(signal.reason);
            });
          }),
        ]),
    });
    start(1);
    await soon();
    engine.receive({ type: 'stop', run: 1 });
    await until(() => ended(1));
    expect(aborted).toBe(true);
    expect(types(1)).toEqual([]);
  });

  it('answers a ping while it makes events, and when there is nothing to do', async () => {
    const { engine, until, said, start, ended } = talk();
    const answers = () => said.filter((one) => one.type === 'alive').length;
    engine.receive({ type: 'ping' });
    await until(() => answers() === 1);
    start(1, { mode: 'evaluate', problems: 50 });
    await until(() => said.some((one) => one.type === 'events'));
    engine.receive({ type: 'ping' });
    await until(() => answers() === 2);
    engine.receive({ type: 'stop', run: 1 });
    await until(() => ended(1));
  });
});

describe('what goes wrong', () => {
  it.each([
    [{ small: 'nobody' }, 'checkpoint', 'nobody holds no model'],
    [{ prompt: 'say ½: ' }, 'prompt', '“½” (U+00BD)'],
    [{ prompt: 'a'.repeat(250) }, 'context', 'reads at most 192'],
    [{ provider: 'webgpu' as const }, 'gpu', 'Models are set to run on WebGPU'],
    [{ kernels: 'webgpu' as const }, 'gpu', 'Kernels are set to run on WebGPU'],
  ])('%o ends the run with a sentence', async (experiment, code, text) => {
    const { until, ended, start, events } = talk({
      folder: (id) => diskFolder(id === 'nobody' ? 'public' : `public/models/${id}`, id),
    });
    start(1, experiment);
    await until(() => ended(1));
    const last = events(1).at(-1);
    expect(last?.type).toBe('failed');
    if (last?.type !== 'failed') return;
    expect(last.failure.code).toBe(code);
    expect(last.failure.message).toContain(text);
    expect(last.failure.remedy).not.toBe('');
    // The next run is not troubled by it.
    start(2);
    await until(() => ended(2));
    expect(events(2).at(-1)?.type).toBe('completed');
  });

  it('a GPU that is taken away ends the run, and the next one looks for hardware again', async () => {
    let asked = 0;
    const gpu = new UserError('gpu', 'gone', 'run again');
    const real: Hardware = { ...processor, deviceClass: 'real', provider: 'webgpu' };
    const { until, ended, start, events, lose, said } = talk({
      hardware: async () => (++asked === 1 ? real : processor),
    });
    start(1, { mode: 'evaluate', problems: 2000, kernels: 'cpu' });
    await until(() => events(1).length > 0);
    lose(gpu);
    await until(() => ended(1));
    expect(events(1).at(-1)).toMatchObject({ type: 'failed', failure: { code: 'gpu' } });
    start(2);
    await until(() => ended(2));
    expect(events(2).at(-1)?.type).toBe('completed');
    expect(said.filter((one) => one.type === 'hardware').length).toBe(2);
  });
});

describe('a question about a token', () => {
  const question = (request: number, experiment: Partial<Experiment> = {}) => ({
    type: 'inspect' as const,
    request,
    experiment: { ...defaultExperiment, ...experiment },
    // <bos>say 7: s
    prefix: [1, 23, 5, 29, 4, 38, 45, 4, 23],
    token: 9,
  });

  it('is answered by both models, whether a run is going on, paused, or there is none', async () => {
    const { engine, said, until, ended, types, start, events } = talk();
    const answers = () => said.flatMap((one) => (one.type === 'inspected' ? [one] : []));
    engine.receive(question(1));
    await until(() => answers().length === 1);
    const { top, distance } = answers()[0]?.inspection ?? { top: {}, distance: {} };
    expect(top.large?.[0]).toMatchObject({ token: 9, text: 'e' });
    expect(top.large?.[0]?.prob).toBeGreaterThan(0.9);
    expect(top.small?.length).toBe(5);
    expect(distance.large).toBeCloseTo(-Math.log(top.large?.[0]?.prob ?? 0), 3);

    start(1, {}, true);
    engine.receive({ type: 'step', run: 1 });
    await until(() => types(1).length === 1);
    engine.receive(question(2));
    await until(() => answers().length === 2);
    engine.receive({ type: 'resume', run: 1 });
    engine.receive(question(3));
    await until(() => ended(1) && answers().length === 3);
    const tokens = answers().map(({ inspection: { top: best } }) =>
      [best.small, best.large].map((some) => some?.map((one) => one.token)),
    );
    expect(tokens).toEqual(Array(3).fill(tokens[0]));

    // The run was not disturbed: it is what it is without questions.
    start(2);
    await until(() => ended(2));
    const text = (run: number) =>
      events(run).flatMap((event) => (event.type === 'generated' ? [event.text] : []));
    const work = (run: number) =>
      events(run).flatMap((event) =>
        event.type === 'generated' ? [event.stats.small, event.stats.large] : [],
      );
    expect(text(2)).toEqual(text(1));
    expect(work(2)).toEqual(work(1));
  });

  it('fails with a sentence', async () => {
    const { engine, said, until } = talk();
    engine.receive(question(1, { provider: 'webgpu' }));
    await until(() => said.some((one) => one.type === 'inspectionFailed'));
    const failed = said.find((one) => one.type === 'inspectionFailed');
    expect(failed).toMatchObject({ request: 1, failure: { code: 'gpu' } });
  });
});
