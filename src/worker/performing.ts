// One run from its `start` to its `ended`: models loaded or made trainable, events told, whatever happens.

import { toFailure } from '../core/errors.ts';
import type { RunEvent } from '../core/events.ts';
import { clear, type Furnished, furnish } from './furnish.ts';
import type { Ground } from './ground.ts';
import { choose, type Uses } from './hardware.ts';
import { makePlayer, type Player } from './player.ts';
import type { FromWorker, LoadProgress, ToWorker } from './protocol.ts';
import { checkMethod, rolesNeeded, rolesWithOwnVocabulary } from './roles.ts';
import { runExperiment } from './runExperiment.ts';
import { throttle } from './throttle.ts';
import { prepareTraining, type TrainJob } from './trainJob.ts';
import { createWatcher, type Watcher } from './watcher.ts';

export type Start = Extract<ToWorker, { readonly type: 'start' }>;

/** A run from its `start` to its `ended`. */
export interface Job {
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

interface Surroundings {
  readonly ground: Ground;
  post(message: FromWorker): void;
  /** Something computes from now on, so that nothing else may; or no longer. */
  computing(now: boolean): void;
  /** Between any two events: messages come in, questions are answered. */
  breathe(): Promise<void>;
  /** Nothing is being answered. */
  settled(): Promise<void>;
  /** Seconds from one save of a training to the next. */
  saveEvery(): number;
  /** A training is over, and what is stored has changed. */
  over(): Promise<void>;
}

export function createPerforming({
  ground,
  post,
  computing,
  breathe,
  settled,
  saveEvery,
  over,
}: Surroundings): (job: Job) => Promise<void> {
  async function prepare(
    { experiment, resume }: Start,
    uses: Uses,
    progress: (progress: LoadProgress) => void,
    signal: AbortSignal,
    watcher: Watcher,
  ): Promise<TrainJob> {
    const told = (loaded: number, total?: number) =>
      progress({ stage: 'runtime', loaded, ...(total !== undefined && { total }) });
    const preparing = ground.supplies.runtime(uses.provider, told, signal).then(async (runtime) =>
      prepareTraining({
        experiment,
        runtime,
        ops: ground.supplies.backend(uses.kernels, 'run').ops,
        folderOf: ground.folderOf,
        store: await ground.store(),
        progress,
        signal,
        breathe,
        watcher,
        saveEvery,
        ...(resume !== undefined && { resume }),
      }),
    );
    return ground.unlessLost(uses, preparing).catch((error) => {
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
      uses = choose(experiment, await ground.hardware());
      const progress = throttle((one) => post({ type: 'progress', run, progress: one }));
      let wanted: AsyncGenerator<RunEvent, void, void>;
      const stopped = () => mustEnd(current);
      const training = experiment.mode === 'train';
      if (training) {
        const watcher = createWatcher(experiment.dials);
        current.training = await prepare(start, uses, progress, abort.signal, watcher);
        wanted = watcher.among(current.training.events(stopped));
      } else {
        const loaded = await ground.load(
          experiment,
          rolesNeeded(experiment),
          uses,
          progress,
          abort.signal,
        );
        const free = rolesWithOwnVocabulary(experiment);
        room = furnish(loaded, ground.supplies.backend(uses.kernels, 'run'), free);
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
        const failure = toFailure(await ground.meaning(uses, error));
        post({ type: 'events', run, events: [{ type: 'failed', failure }] });
      }
    } finally {
      if (room) clear(room);
      if (current.training) {
        await current.training.release().catch(() => {}); // its device may be gone
        await over();
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
        computing(true);
        const { done, value } = await ground.unlessLost(uses, events.next());
        computing(false);
        if (done) return;
        yield value;
      }
    } finally {
      computing(true);
      await ground.unlessLost(uses, events.return()).catch(() => {});
      computing(false);
    }
  }

  /** Asked between the events of a generation that nobody watches; a pause is waited for here. */
  async function mustEnd(current: Job): Promise<boolean> {
    await breathe();
    while (current.held && !current.abort.signal.aborted) {
      computing(false);
      await new Promise<void>((resolve) => {
        current.wake = resolve;
      });
      await settled();
      computing(true);
    }
    return current.abort.signal.aborted;
  }

  return perform;
}
