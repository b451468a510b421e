// The compute worker without the worker: messages in, messages out. It computes one thing at a time: a run,
// or between two of its events a chore: the answer to a question about a token, the saving of a training.

import type { Backend } from '../backend/backend.ts';
import { toFailure, type UserError } from '../core/errors.ts';
import type { RunEvent } from '../core/events.ts';
import { parseLocalId } from '../experiment/names.ts';
import type { CheckpointFolder } from '../models/folder.ts';
import type { OrtRuntime } from '../models/runtime.ts';
import type { Store } from '../store/store.ts';
import { createBreath } from './breath.ts';
import { createErrands } from './errands.ts';
import { keyOf } from './furnish.ts';
import { choose, needsGpu, type Uses } from './hardware.ts';
import { createInspector } from './inspect.ts';
import { createInterruptible } from './interruptible.ts';
import { createLibrary } from './library.ts';
import { makePlayer, type Player } from './player.ts';
import { createPreparer, type Prepared } from './prepare.ts';
import type { FromWorker, Hardware, ToWorker } from './protocol.ts';
import { rolesNeeded } from './runExperiment.ts';
import { throttle } from './throttle.ts';

/** What differs between a page and a test. */
export interface Supplies {
  /** Looks for a GPU; called again when the last one was lost. */
  hardware(): Promise<Hardware>;
  runtime(
    provider: Uses['provider'],
    progress: (loaded: number, total?: number) => void,
    signal?: AbortSignal,
  ): Promise<OrtRuntime>;
  /** Kept from run to run. Questions have one of their own: what they read back is not the run's. */
  backend(kernels: Uses['kernels'], purpose: 'run' | 'question'): Backend;
  /** A built-in one. @throws UserError 'checkpoint' when there is no such checkpoint */
  folder(id: string, baseUrl: string): CheckpointFolder;
  /** What is kept in this browser. Asked for whenever it is needed. */
  store(): Promise<Store>;
  /** `listener` is called whenever a GPU that was given out is lost. */
  onLost(listener: (error: UserError) => void): void;
  /** What an error of something that ran on the GPU means, now that one can know if it is still there. */
  explain(error: unknown): Promise<unknown>;
}

type Start = Extract<ToWorker, { readonly type: 'start' }>;
type Question = Extract<ToWorker, { readonly type: 'inspect' }>;

/** A run from its `start` to its `ended`. */
interface Job {
  readonly start: Start;
  readonly abort: AbortController;
  /** Once its models are ready. */
  player?: Player;
  /** Of a training that is going on. */
  save?: () => Promise<void>;
  /** Paused, but for so many steps; counted here until there is a player. */
  held: boolean;
  steps: number;
  /** Called when `held` or `abort` changes. */
  wake?: () => void;
}

export interface Engine {
  receive(message: ToWorker): void;
}

export function createEngine(supplies: Supplies, post: (message: FromWorker) => void): Engine {
  const library = createLibrary();
  const inspector = createInspector((kernels) => supplies.backend(kernels, 'question'));
  const breath = createBreath();
  /** What waits for a moment in which nothing else is computed. */
  const chores: (() => Promise<void>)[] = [];
  let answering: Promise<void> = Promise.resolve();
  let baseUrl = '';
  let known: Promise<Hardware> | undefined;
  let job: Job | undefined;
  let next: Job | undefined;
  /** Something computes, so nothing else may. */
  let computing = false;
  let pinged = false;
  /** The GPU that was found is gone, and everything that was on it. */
  let lost = false;
  const onDevice = createInterruptible();
  supplies.onLost((error) => {
    lost = true;
    onDevice.interrupt(error);
  });

  const folderOf = async (id: string) =>
    parseLocalId(id) ? (await supplies.store()).folder(id) : supplies.folder(id, baseUrl);
  const errands = createErrands({
    store: supplies.store,
    folderOf,
    post,
    breathe: () => breath.take(),
  });

  const preparer = createPreparer({
    ...supplies,
    library,
    folderOf,
    unlessLost,
    backend: (kernels) => supplies.backend(kernels, 'run'),
    tell: () => errands.tell(),
    breathe: () => breath.take(),
  });

  async function hardware(): Promise<Hardware> {
    if (lost) {
      lost = false;
      known = undefined;
      onDevice.restore();
      inspector.forget();
      await library.drop((key) => key.startsWith('webgpu '));
    }
    known ??= supplies.hardware().then((found) => {
      post({ type: 'hardware', hardware: found });
      return found;
    });
    return known;
  }

  /** What ran on a GPU ends with it. */
  function unlessLost<T>(uses: Uses, work: Promise<T>): Promise<T> {
    return needsGpu(uses) ? onDevice.wait(work) : work;
  }
  /** What an error of something that ran there means. */
  const meaning = (uses: Uses | undefined, error: unknown) =>
    uses && needsGpu(uses) ? supplies.explain(error) : Promise.resolve(error);

  async function perform(current: Job): Promise<void> {
    const { start, abort } = current;
    const { run, experiment } = start;
    let prepared: Prepared | undefined;
    let uses: Uses | undefined;
    try {
      uses = choose(experiment, await hardware());
      const progress = throttle((one) => post({ type: 'progress', run, progress: one }));
      const stopped = () => mustEnd(current);
      const { signal } = abort;
      prepared = await preparer.prepare({ start, uses, stopped, progress, signal });
      signal.throwIfAborted();
      if (prepared.save) current.save = prepared.save;
      post({ type: 'running', run, ...uses });
      const events = watched(prepared.events, uses);
      const say = (gathered: readonly RunEvent[]) =>
        post({ type: 'events', run, events: gathered });
      const player = makePlayer(events, say, breathe, {
        paused: current.held,
        ...(prepared.endsStep && { ends: prepared.endsStep }),
      });
      for (let step = 0; step < current.steps; step++) player.step();
      if (current.steps > 0) current.held = false;
      current.player = player;
      await player.over;
    } catch (error) {
      // A training that is stopped still has something to do, which may fail.
      if (!abort.signal.aborted || current.save) {
        const failure = toFailure(await meaning(uses, error));
        post({ type: 'events', run, events: [{ type: 'failed', failure }] });
      }
    } finally {
      delete current.save;
      if (prepared && uses) await unlessLost(uses, prepared.close()).catch(() => {});
      post({ type: 'ended', run });
    }
  }

  /** The same events; marks when there is computing, and does not outlive its GPU. */
  async function* watched(
    events: AsyncGenerator<RunEvent, void, void>,
    uses: Uses,
  ): AsyncGenerator<RunEvent, void, void> {
    try {
      while (true) {
        computing = true;
        const { done, value } = await unlessLost(uses, events.next());
        computing = false;
        if (done) return;
        yield value;
      }
    } finally {
      computing = true;
      await unlessLost(uses, events.return()).catch(() => {});
      computing = false;
    }
  }

  /** Between any two events: messages come in, questions are answered. */
  async function breathe(): Promise<void> {
    if (pinged) post({ type: 'alive' });
    pinged = false;
    await breath.take();
    await answerAll();
  }

  /** Asked between the events of a generation that nobody watches; a pause is waited for here. */
  async function mustEnd(current: Job): Promise<boolean> {
    await breathe();
    while (current.held && !current.abort.signal.aborted) {
      computing = false;
      await new Promise<void>((resolve) => {
        current.wake = resolve;
      });
      await answering;
      computing = true;
    }
    return current.abort.signal.aborted;
  }

  function answerAll(): Promise<void> {
    if (chores.length === 0) return answering;
    answering = answering.then(async () => {
      for (let one = chores.shift(); one; one = chores.shift()) await one();
    });
    return answering;
  }

  /** Done at once, or after the event that is being made. */
  function soon(chore: () => Promise<void>): void {
    chores.push(chore);
    if (!computing) void answerAll();
  }

  async function answer({ request, experiment, prefix, token }: Question): Promise<void> {
    let uses: Uses | undefined;
    try {
      uses = choose(experiment, await hardware());
      const here = uses;
      // A model that the run does not need takes part if it is here anyway.
      const needed = rolesNeeded(experiment);
      const roles = (['small', 'large'] as const).filter(
        (role) => needed.includes(role) || library.find(keyOf(experiment[role], here)),
      );
      const loaded = await preparer.load(experiment, roles, uses);
      const looking = inspector.inspect(experiment, uses, loaded, prefix, token);
      const inspection = await unlessLost(uses, looking);
      post({ type: 'inspected', request, inspection });
    } catch (error) {
      const failure = toFailure(await meaning(uses, error));
      post({ type: 'inspectionFailed', request, failure });
    }
  }

  async function work(): Promise<void> {
    if (job) return;
    while (next) {
      job = next;
      next = undefined;
      await answering;
      computing = true;
      inspector.rest();
      await perform(job);
      computing = false;
      job = undefined;
    }
    await answerAll();
  }

  function begin(start: Start): void {
    stop(job);
    if (next) post({ type: 'ended', run: next.start.run });
    next = { start, abort: new AbortController(), held: start.paused, steps: 0 };
    void work();
  }

  function stop(one: Job | undefined): void {
    if (!one) return;
    one.abort.abort();
    // A training sees that it must end, and keeps what was learned; whatever else runs is cut off.
    if (one.save) one.player?.play();
    else one.player?.stop();
    one.wake?.();
  }

  function control(one: Job | undefined, type: 'pause' | 'resume' | 'step'): void {
    if (!one) return;
    if (type === 'step') {
      one.player?.step();
      one.steps++;
    } else {
      if (type === 'pause') one.player?.pause();
      else one.player?.play();
      one.steps = 0;
    }
    // A step that has begun is not held up; before the first event there is nothing to hold up.
    one.held = type === 'pause' || (type === 'step' && !one.player);
    if (!one.held) one.wake?.();
  }

  const find = (run: number): Job | undefined => [job, next].find((one) => one?.start.run === run);

  return {
    receive(message) {
      switch (message.type) {
        case 'hello':
          baseUrl = message.baseUrl;
          void hardware().catch(() => {}); // a run that needs it will say why
          void errands.tell().catch(() => {}); // and an errand that needs the store
          return;
        case 'ping':
          // While events are made, only the next one shows that they still come.
          if (computing && job?.player) pinged = true;
          else post({ type: 'alive' });
          return;
        case 'start':
          begin(message);
          return;
        case 'pause':
        case 'resume':
        case 'step':
          return control(find(message.run), message.type);
        case 'stop':
          return stop(find(message.run));
        case 'inspect':
          return soon(() => answer(message));
        case 'hidden':
          if (job?.save) soon(() => job?.save?.().catch(() => {}) ?? Promise.resolve());
          return;
        default:
          void errands.run(message);
      }
    },
  };
}
