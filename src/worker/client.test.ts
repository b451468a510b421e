// The client against workers that answer, that break down, and that compute for ever.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { KeptCheckpoint } from '../core/kept.ts';
import { defaultExperiment } from '../experiment/experiment.ts';
import { createClient } from './client.ts';
import type { ForPage, FromWorker, ToWorker } from './protocol.ts';

/** A worker whose behaviour the test writes. */
class ScriptedWorker extends EventTarget {
  readonly received: ToWorker[] = [];
  terminated = false;
  readonly script: (message: ToWorker, reply: (message: FromWorker) => void) => void;
  constructor(script: ScriptedWorker['script']) {
    super();
    this.script = script;
  }
  postMessage(message: ToWorker): void {
    if (this.terminated) return;
    this.received.push(message);
    this.script(message, (data) => this.dispatchEvent(new MessageEvent('message', { data })));
  }
  terminate(): void {
    this.terminated = true;
  }
}

const obedient: ScriptedWorker['script'] = (message, reply) => {
  if (message.type === 'ping') reply({ type: 'alive' });
  if (message.type === 'stop') reply({ type: 'ended', run: message.run });
};
const deaf: ScriptedWorker['script'] = () => {};

function setUp(...scripts: ScriptedWorker['script'][]) {
  const workers: ScriptedWorker[] = [];
  const heard: ForPage[] = [];
  const client = createClient({
    baseUrl: 'http://localhost/',
    silenceMs: 5000,
    stopMs: 1500,
    worker: () => {
      const worker = new ScriptedWorker(scripts[workers.length] ?? obedient);
      workers.push(worker);
      return worker as unknown as Worker;
    },
  });
  client.subscribe((message) => heard.push(message));
  const start = (run: number) =>
    client.send({ type: 'start', run, experiment: defaultExperiment, paused: false });
  return { client, workers, heard, start };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('a worker that answers is left alone, however long it takes', () => {
  const { client, workers, heard, start } = setUp(obedient);
  start(1);
  vi.advanceTimersByTime(600_000);
  client.stop(1);
  vi.advanceTimersByTime(10_000);
  expect(workers).toHaveLength(1);
  expect(heard).toEqual([{ type: 'ended', run: 1 }]);
  client.dispose();
});

test('a worker that is silent during a run is replaced, and the run fails with a reason', () => {
  const { client, workers, heard, start } = setUp(deaf, obedient);
  start(1);
  vi.advanceTimersByTime(7000);
  expect(workers[0]?.terminated).toBe(true);
  expect(heard).toMatchObject([
    { type: 'events', run: 1, events: [{ type: 'failed', failure: { code: 'timeout' } }] },
    { type: 'ended', run: 1 },
  ]);
  start(2);
  expect(workers[1]?.received.map((message) => message.type)).toEqual(['hello', 'start']);
  client.dispose();
});

test('an idle worker may be silent', () => {
  const { client, workers } = setUp(deaf);
  vi.advanceTimersByTime(60_000);
  expect(workers[0]?.terminated).toBe(false);
  client.dispose();
});

test('stop ends a run that does not stop by itself within 1.5 s, without calling it a failure', () => {
  const { client, workers, heard, start } = setUp(deaf);
  start(1);
  client.stop(1);
  vi.advanceTimersByTime(1600);
  expect(workers[0]?.terminated).toBe(true);
  expect(heard).toEqual([{ type: 'ended', run: 1 }]);
  client.dispose();
});

test('a new run begins anew when the one before it had to be ended by force', () => {
  const { client, workers, heard, start } = setUp(deaf, obedient);
  start(1);
  client.stop(1);
  start(2);
  vi.advanceTimersByTime(1600);
  expect(heard).toEqual([{ type: 'ended', run: 1 }]);
  expect(workers[1]?.received).toMatchObject([{ type: 'hello' }, { type: 'start', run: 2 }]);
  client.dispose();
});

test('a worker that breaks down ends its run with a reason and owes no inspection', () => {
  const { client, workers, heard, start } = setUp(deaf);
  start(1);
  const request = { experiment: defaultExperiment, prefix: [1], token: 2 };
  client.send({ type: 'inspect', request: 9, ...request });
  const event = Object.assign(new Event('error', { cancelable: true }), { message: 'boom' });
  workers[0]?.dispatchEvent(event);
  expect(heard).toMatchObject([
    { type: 'events', run: 1, events: [{ failure: { code: 'runtime', details: 'boom' } }] },
    { type: 'ended', run: 1 },
    { type: 'inspectionFailed', request: 9 },
  ]);
  client.dispose();
});

test('a training that is stopped is given the time to keep what it has learned', () => {
  const { client, workers, heard } = setUp(deaf);
  const experiment = { ...defaultExperiment, mode: 'train', method: 'sft' } as const;
  client.send({ type: 'start', run: 1, experiment, paused: false });
  client.stop(1);
  vi.advanceTimersByTime(4000);
  expect([workers[0]?.terminated, heard]).toEqual([false, []]);
  client.dispose();
});

test('an errand that a worker took with it is refused', () => {
  const { client, workers, heard } = setUp(deaf);
  client.send({ type: 'rename', request: 4, id: 'a', name: 'b' });
  client.send({ type: 'list', request: 5 });
  const answer = { type: 'done', request: 5 } as const;
  workers[0]?.dispatchEvent(new MessageEvent('message', { data: answer }));
  const event = Object.assign(new Event('error', { cancelable: true }), { message: 'boom' });
  workers[0]?.dispatchEvent(event);
  expect(heard).toMatchObject([answer, { type: 'refused', request: 4 }]);
  client.dispose();
});

test('the browser is asked once not to clear what is stored, when a checkpoint stays', () => {
  let asked = 0;
  const worker = new ScriptedWorker(deaf);
  const client = createClient({
    baseUrl: 'http://localhost/',
    worker: () => worker as unknown as Worker,
    stay: async () => ++asked > 0,
  });
  const keep = (temporary: boolean) => {
    const checkpoint = { temporary } as KeptCheckpoint;
    const events = [{ type: 'kept', role: 'small', checkpoint }] as const;
    const data: FromWorker = { type: 'events', run: 1, events };
    worker.dispatchEvent(new MessageEvent('message', { data }));
  };
  keep(true);
  expect(asked).toBe(0);
  keep(false);
  keep(false);
  expect(asked).toBe(1);
  client.dispose();
});
