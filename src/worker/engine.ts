// The compute worker without the worker: messages in, messages out. It computes one thing at a time: a run,
// or between two of its events the answer to a question about a token; when there is no run, what a small model is to
// learn from.

import type { Backend } from '../backend/backend.ts';
import { toFailure, UserError } from '../core/errors.ts';
import type { RunEvent } from '../core/events.ts';
import { inOrder, type Role } from '../core/roles.ts';
import type { Experiment } from '../experiment/experiment.ts';
import { parseLocalId } from '../experiment/names.ts';
import type { CheckpointFolder } from '../models/folder.ts';
import type { OrtRuntime } from '../models/runtime.ts';
import type { Store } from '../store/store.ts';
import { answerOne } from './align.ts';
import { createAlignments } from './alignments.ts';
import { createBreath } from './breath.ts';
import { createErrands, isErrand } from './errands.ts';
import { clear, type Furnished, furnish, keyOf, loadCheckpoints } from './furnish.ts';
import type { Stopped } from './generation.ts';
import { choose, needsGpu, type Uses } from './hardware.ts';
import { createInspector } from './inspect.ts';
import { createInterruptible } from './interruptible.ts';
import { createLibrary } from './library.ts';
import { makePlayer, type Player } from './player.ts';
import type { Errand, FromWorker, Hardware, LoadProgress, ToWorker } from './protocol.ts';
import { checkMethod, rolesNeeded, rolesWithOwnVocabulary } from './roles.ts';
import { runExperiment } from './runExperiment.ts';
import { USUAL_SAVE_SECONDS } from './saves.ts';
import { throttle } from './throttle.ts';
import { prepareTraining, type TrainJob } from './trainJob.ts';
import { createWatcher, type Watcher } from './watcher.ts';
import type { Workshop } from './workshop.ts';

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
  /** @throws UserError 'checkpoint' when there is no such checkpoint */
  folder(id: string, baseUrl: string): CheckpointFolder;
  /** What stays in the browser; opened once. */
  store(): Promise<Store>;
  /** `listener` is called whenever a GPU that was given out is lost. */
  onLost(listener: (error: UserError) => void): void;
  /** What an error of something that ran on the GPU means, now that one can know if it is still there. */
  explain(error: unknown): Promise<unknown>;
}

type Start = Extract<ToWorker, { readonly type: 'start' }>;
type Question = Extract<ToWorker, { readonly type: 'inspect' | 'ask' }>;
type Inspect = Extract<Question, { readonly type: 'inspect' }>;
type AskAbout = Extract<Question, { readonly type: 'ask' }>;

/** A run from its `start` to its `ended`. */
interface Job {
  readonly start: Start;
  readonly abort: AbortController;
  /** Once its models are ready. */
  player?: Player;
  training?: TrainJob;
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
  let workshop: Promise<Workshop> | undefined;
  const breath = createBreath();
  const questions: Question[] = [];
  let answering: Promise<void> = Promise.resolve();
  let baseUrl = '';
  let saveEvery = USUAL_SAVE_SECONDS;
  let known: Promise<Hardware> | undefined;
  let job: Job | undefined;
  let next: Job | undefined;
  /** Something computes, so nothing else may. */
  let computing = false;
  /** Runs, or what is done between them, are being seen to. */
  let working = false;
  let pinged = false;
  /** The GPU that was found is gone, and everything that was on it. */
  let lost = false;
  const onDevice = createInterruptible();
  let opened: Promise<Store> | undefined;
  const store = (): Promise<Store> => {
    opened ??= supplies.store();
    return opened;
  };
  const folderOf = async (id: string): Promise<CheckpointFolder> =>
    parseLocalId(id) ? (await store()).folder(id) : supplies.folder(id, baseUrl);
  const alignments = createAlignments({
    wake: () => void work(),
    turn: async () => {
      computing = false;
      await performAll();
      await answering;
      computing = true;
    },
    wanted: () => next !== undefined,
    breathe,
    answer: answerFor,
    post,
  });
  const errands = createErrands({
    store,
    folderOf,
    hardware,
    forget,
    measured: (id) => library.find(keyOf(id, { provider: 'wasm' }))?.memory,
    breathe: () => breath.take(),
    post,
    answers: alignments.add,
  });
  supplies.onLost((error) => {
    lost = true;
    onDevice.interrupt(error);
  });

  async function hardware(): Promise<Hardware> {
    if (lost) {
      lost = false;
      known = undefined;
      onDevice.restore();
      inspector.forget();
      await workshop?.then((one) => one.rest());
      await library.drop((key) => key.startsWith('webgpu '));
    }
    known ??= supplies.hardware().then((found) => {
      post({ type: 'hardware', hardware: found });
      return found;
    });
    return known;
  }

  async function forget(id: string): Promise<void> {
    if (working) {
      throw new UserError(
        'experiment',
        'A run is going on, and may need this checkpoint as it is.',
        'Wait for its end, or stop it first.',
      );
    }
    await answering;
    inspector.forget();
    const own = parseLocalId(id)?.sha256 ?? id;
    await library.drop((key) => key.endsWith(` ${own}`));
  }

  /** What ran on a GPU ends with it. */
  const unlessLost = <T>(uses: Uses, work: Promise<T>): Promise<T> =>
    needsGpu(uses) ? onDevice.wait(work) : work;
  /** What an error of something that ran there means. */
  const meaning = (uses: Uses | undefined, error: unknown) =>
    uses && needsGpu(uses) ? supplies.explain(error) : Promise.resolve(error);

  async function load(
    experiment: Experiment,
    roles: readonly Role[],
    uses: Uses,
    progress: (progress: LoadProgress) => void = () => {},
    signal?: AbortSignal,
  ) {
    const told = (loaded: number, total?: number) =>
      progress({ stage: 'runtime', loaded, ...(total !== undefined && { total }) });
    const stop = signal && { signal };
    const loading = supplies
      .runtime(uses.provider, told, signal)
      .then((runtime) =>
        loadCheckpoints({ experiment, roles, runtime, folderOf, library, progress, ...stop }),
      );
    return unlessLost(uses, loading);
  }

  async function prepare(
    { experiment, resume }: Start,
    uses: Uses,
    progress: (progress: LoadProgress) => void,
    signal: AbortSignal,
    watcher: Watcher,
  ): Promise<TrainJob> {
    const told = (loaded: number, total?: number) =>
      progress({ stage: 'runtime', loaded, ...(total !== undefined && { total }) });
    const preparing = supplies.runtime(uses.provider, told, signal).then(async (runtime) =>
      prepareTraining({
        experiment,
        runtime,
        ops: supplies.backend(uses.kernels, 'run').ops,
        folderOf,
        store: await store(),
        progress,
        signal,
        breathe,
        watcher,
        saveEvery: () => saveEvery,
        ...(resume !== undefined && { resume }),
      }),
    );
    return unlessLost(uses, preparing).catch((error) => {
      // What is ready too late is let go of.
      preparing.then((late) => late.release()).catch(() => {});
      throw error;
    });
  }

  async function perform(current: Job): Promise<void> {
    const { start, abort } = current;
    const { run, experiment } = start;
    let room: Furnished | undefined;
    let uses: Uses | undefined;
    try {
      checkMethod(experiment);
      uses = choose(experiment, await hardware());
      const progress = throttle((one) => post({ type: 'progress', run, progress: one }));
      let wanted: AsyncGenerator<RunEvent, void, void>;
      const stopped = () => mustEnd(current);
      const training = experiment.mode === 'train';
      if (training) {
        const watcher = createWatcher(experiment.dials);
        current.training = await prepare(start, uses, progress, abort.signal, watcher);
        wanted = watcher.among(current.training.events(stopped));
      } else {
        const loaded = await load(
          experiment,
          rolesNeeded(experiment),
          uses,
          progress,
          abort.signal,
        );
        const free = rolesWithOwnVocabulary(experiment);
        room = furnish(loaded, supplies.backend(uses.kernels, 'run'), free);
        wanted = runExperiment(experiment, room, stopped);
      }
      abort.signal.throwIfAborted();
      post({ type: 'running', run, ...uses });
      const events = watched(wanted, uses);
      const say = (gathered: readonly RunEvent[]) =>
        post({ type: 'events', run, events: gathered });
      const player = makePlayer(events, say, breathe, {
        paused: current.held,
        ...(current.training && { ends: current.training.endsStep, endsItself: true }),
      });
      for (let step = 0; step < current.steps; step++) player.step();
      // A step that has begun is not held up.
      if (current.steps > 0) current.held = false;
      current.player = player;
      await player.over;
    } catch (error) {
      // What a stopped run failed at does not matter, unless it was to keep what it had learned.
      if (!abort.signal.aborted || (current.player && experiment.mode === 'train')) {
        const failure = toFailure(await meaning(uses, error));
        post({ type: 'events', run, events: [{ type: 'failed', failure }] });
      }
    } finally {
      if (room) clear(room);
      if (current.training) {
        await current.training.release().catch(() => {}); // its device may be gone
        await errands.tell();
      }
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
    if (questions.length === 0) return answering;
    answering = answering.then(async () => {
      for (let one = questions.shift(); one; one = questions.shift()) await answer(one);
    });
    return answering;
  }

  const answer = (question: Question) =>
    question.type === 'ask' ? tell(question) : inspect(question);

  /** What takes models apart comes when somebody first asks. */
  async function tell({ request, model, ask }: AskAbout): Promise<void> {
    let uses: Uses | undefined;
    try {
      workshop ??= import('./workshop.ts').then((module) => module.createWorkshop());
      uses = choose(model, await hardware());
      const here = uses;
      const progress = throttle(({ loaded = 0, total }) =>
        post({ type: 'errand', request, loaded, ...(total !== undefined && { total }) }),
      );
      const told = (await workshop).answer(model, ask, {
        folderOf,
        runtime: () => supplies.runtime(here.provider, () => {}),
        ops: () => supplies.backend(here.kernels, 'question').ops,
        progress: (loaded, total) =>
          progress({ stage: 'download', loaded, ...(total !== undefined && { total }) }),
      });
      post({ type: 'told', request, reply: await unlessLost(uses, told) });
    } catch (error) {
      post({ type: 'refused', request, failure: toFailure(await meaning(uses, error)) });
    }
  }

  async function inspect({ request, experiment, prefix, token }: Inspect): Promise<void> {
    let uses: Uses | undefined;
    try {
      uses = choose(experiment, await hardware());
      const here = uses;
      // Of small and large, the one that the run does not need takes part if it is here anyway.
      const needed = rolesNeeded(experiment);
      const beside = (['small', 'large'] as const).filter((role) =>
        library.find(keyOf(experiment[role], here)),
      );
      const roles = inOrder([...needed, ...beside]);
      const loaded = await load(experiment, roles, uses);
      const looking = inspector.inspect(experiment, uses, loaded, prefix, token);
      const inspection = await unlessLost(uses, looking);
      post({ type: 'inspected', request, inspection });
    } catch (error) {
      const failure = toFailure(await meaning(uses, error));
      post({ type: 'inspectionFailed', request, failure });
    }
  }

  /** One answer of the large model, for a small one to learn from. */
  async function answerFor(
    { experiment }: Extract<Errand, { readonly type: 'align' }>,
    index: number,
    stopped: Stopped,
    signal: AbortSignal,
  ) {
    let uses: Uses | undefined;
    try {
      uses = choose(experiment, await hardware());
      // Loaded anew if a run that came between has taken its place.
      const loaded = await load(experiment, ['large'], uses, () => {}, signal);
      const room = furnish(loaded, supplies.backend(uses.kernels, 'run'));
      try {
        return await unlessLost(uses, answerOne(experiment, room, index, stopped));
      } finally {
        clear(room);
      }
    } catch (error) {
      throw await meaning(uses, error);
    }
  }

  async function work(): Promise<void> {
    if (working) return;
    working = true;
    do {
      await performAll();
      await alignments.work();
      computing = false;
    } while (next || alignments.wished());
    working = false;
    await answerAll();
  }

  async function performAll(): Promise<void> {
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
  }

  function begin(start: Start): void {
    stop(job);
    saveEvery = start.saveEvery ?? USUAL_SAVE_SECONDS;
    if (next) post({ type: 'ended', run: next.start.run });
    next = { start, abort: new AbortController(), held: start.paused, steps: 0 };
    void work();
  }

  function stop(one: Job | undefined): void {
    one?.abort.abort();
    one?.player?.stop();
    one?.wake?.();
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
          void errands.tell();
          return;
        case 'hidden':
          if (computing) job?.training?.hidden();
          else answering = answering.then(() => job?.training?.save()).catch(() => {});
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
        case 'adjust':
          find(message.run)?.training?.adjust?.(message.role, message.learningRate);
          return;
        case 'saveEvery':
          saveEvery = message.seconds;
          return;
        case 'stop':
          return stop(find(message.run));
        case 'enough':
          return alignments.enough(message.of);
        case 'door':
          return errands.door(message.port);
        case 'cancel':
          return errands.cancel(message.of);
        case 'inspect':
        case 'ask':
          questions.push(message);
          if (!computing) void answerAll();
          return;
        default:
          if (isErrand(message)) void errands.run(message);
      }
    },
  };
}
