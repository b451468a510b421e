// A conversation about training: an engine with a shelf that may outlive it, as a browser's does, a decoder of our
// own that makes a step in milliseconds, and errands that wait for their answer.
import { loadNodeRuntime } from '../../cli/nodeRuntime.ts';
import { trainers } from '../../src/algorithms/index.ts';
import type { RunEvent } from '../../src/core/events.ts';
import { defaultsOf } from '../../src/core/params.ts';
import { defaultExperiment, type Experiment } from '../../src/experiment/experiment.ts';
import type { OrtRuntime } from '../../src/models/runtime.ts';
import { createMemoryShelf } from '../../src/store/memoryShelf.ts';
import type { Shelf } from '../../src/store/shelf.ts';
import { openStore } from '../../src/store/store.ts';
import type { Supplies } from '../../src/worker/engine.ts';
import type { Errand, FromWorker, Stored, ToWorker } from '../../src/worker/protocol.ts';
import { folderOf, modelBytes } from './ownCheckpoint.ts';
import { talkTo } from './talkTo.ts';

type Params = Partial<Record<keyof typeof trainers.sft.params, number | string>>;
type WithoutRequest<T> = T extends Errand ? Omit<T, 'request'> : never;
type Start = Extract<ToWorker, { readonly type: 'start' }>;

/** Ten steps of one-digit sums, measured every five. */
export function trainingOf(params: Params = {}, changes: Partial<Experiment> = {}): Experiment {
  const quick = {
    steps: 10,
    batch: 6,
    warmup: 2,
    evaluateEvery: 5,
    microBatch: 4,
    learningRate: 0.01,
  };
  return {
    ...defaultExperiment,
    mode: 'train',
    method: 'sft',
    params: { ...defaultsOf(trainers.sft.params), ...quick, ...params },
    task: 'addition',
    difficulty: 1,
    problems: 10,
    ...changes,
  };
}

/** A browser's file system, as far as anybody can tell. */
export const browser = (): Shelf => ({ ...createMemoryShelf(), where: 'browser' });
/** The same shelf after its tab was closed: its locks are free again. */
export const reopened = (shelf: Shelf): Shelf => {
  const { claim, claims } = createMemoryShelf();
  return { ...shelf, claim, claims };
};

export async function talk(shelf = browser(), changes: Partial<Supplies> = {}) {
  const runtime = await loadNodeRuntime();
  const conversation = talkTo(runtime, {
    folder: () => folderOf(modelBytes()),
    store: () => openStore(shelf),
    ...changes,
  });
  const { engine, said, until } = conversation;
  let requests = 0;
  return {
    ...conversation,
    /** A whole start message. */
    begin: (run: number, experiment: Experiment, more: Partial<Start> = {}) =>
      engine.receive({ type: 'start', run, experiment, paused: false, ...more }),
    /** The errand's one answer. */
    async ask(errand: WithoutRequest<Errand>): Promise<FromWorker> {
      const request = ++requests;
      engine.receive({ ...errand, request } as Errand);
      const answer = () =>
        said.find((one) => 'request' in one && one.request === request && one.type !== 'errand');
      await until(() => answer() !== undefined);
      return answer() as FromWorker;
    },
    stored: () =>
      said.flatMap((one) => (one.type === 'stored' ? [one.stored] : [])).at(-1) as Stored,
  };
}

/** A runtime that is out of memory after so many passes. */
export async function breakingAfter(passes: number): Promise<OrtRuntime> {
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

/** What a training has said, without what differs from run to run: times, and the dates of what is kept. */
export const timeless = (events: readonly RunEvent[]) =>
  events.flatMap((event): object[] => {
    if (event.type === 'kept') return [];
    if (event.type !== 'train') return [event];
    const { ms: _, times: __, ...rest } = event;
    return rest.event.type === 'started' ? [] : [rest];
  });

export const stepsOf = (events: readonly RunEvent[]): number =>
  events.filter((event) => event.type === 'train' && event.event.type === 'step').length;

export const soon = (ms = 60) => new Promise((resolve) => setTimeout(resolve, ms));
