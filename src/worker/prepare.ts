// From a start message to a run that only has to be played: models loaded or made trainable, the room furnished.

import type { Backend } from '../backend/backend.ts';
import type { Role, RunEvent } from '../core/events.ts';
import type { Experiment } from '../experiment/experiment.ts';
import type { CheckpointFolder } from '../models/folder.ts';
import type { OrtRuntime } from '../models/runtime.ts';
import type { Store } from '../store/store.ts';
import { type Checkpoints, clear, furnish, loadCheckpoints } from './furnish.ts';
import type { Stopped } from './generation.ts';
import type { Uses } from './hardware.ts';
import type { Library } from './library.ts';
import type { LoadProgress, ToWorker } from './protocol.ts';
import { rolesNeeded, runExperiment } from './runExperiment.ts';
import { prepareTraining } from './trainRun.ts';

export interface PreparerSupplies {
  readonly library: Library;
  runtime(
    provider: Uses['provider'],
    progress: (loaded: number, total?: number) => void,
    signal?: AbortSignal,
  ): Promise<OrtRuntime>;
  backend(kernels: Uses['kernels']): Backend;
  /** Built in or kept. @throws UserError 'checkpoint' */
  folderOf(id: string): Promise<CheckpointFolder>;
  store(): Promise<Store>;
  /** Tells the page what is stored now. */
  tell(): Promise<void>;
  /** Lets other messages in. */
  breathe(): Promise<void>;
  /** What ran on a GPU ends with it. */
  unlessLost<T>(uses: Uses, work: Promise<T>): Promise<T>;
}

type Tell = (progress: LoadProgress) => void;

export interface Preparation {
  readonly start: Extract<ToWorker, { readonly type: 'start' }>;
  readonly uses: Uses;
  /** Asked while nobody watches; a pause is waited for in it. */
  readonly stopped: Stopped;
  readonly progress: Tell;
  readonly signal: AbortSignal;
}

/** A run whose models are ready. */
export interface Prepared {
  readonly events: AsyncGenerator<RunEvent, void, void>;
  /** Is this the last event of a step? Absent where every event is one. */
  readonly endsStep?: (event: RunEvent) => boolean;
  /** Of a training: it is saved when it may be over soon, and ends by itself when it is stopped. */
  readonly save?: () => Promise<void>;
  close(): Promise<void>;
}

export interface Preparer {
  /** @throws UserError; DOMException AbortError */
  prepare(preparation: Preparation): Promise<Prepared>;
  /** @throws UserError; DOMException AbortError */
  load(
    experiment: Experiment,
    roles: readonly Role[],
    uses: Uses,
    progress?: Tell,
    signal?: AbortSignal,
  ): Promise<Checkpoints>;
}

export function createPreparer(supplies: PreparerSupplies): Preparer {
  const { library, folderOf, unlessLost } = supplies;

  function runtimeFor({ provider }: Uses, progress: Tell, signal?: AbortSignal) {
    const told = (loaded: number, total?: number) =>
      progress({ stage: 'runtime', loaded, ...(total !== undefined && { total }) });
    return supplies.runtime(provider, told, signal);
  }

  const load: Preparer['load'] = (experiment, roles, uses, progress = () => {}, signal) => {
    const stop = signal && { signal };
    const loading = runtimeFor(uses, progress, signal).then((runtime) =>
      loadCheckpoints({ experiment, roles, runtime, folderOf, library, progress, ...stop }),
    );
    return unlessLost(uses, loading);
  };

  async function decoding({ start, uses, stopped, progress, signal }: Preparation) {
    const { experiment } = start;
    const loaded = await load(experiment, rolesNeeded(experiment), uses, progress, signal);
    signal.throwIfAborted();
    const room = furnish(loaded, supplies.backend(uses.kernels));
    return { events: runExperiment(experiment, room, stopped), close: async () => clear(room) };
  }

  async function training({ start, uses, stopped, progress, signal }: Preparation) {
    const { breathe, tell } = supplies;
    const made = async () =>
      prepareTraining({
        start,
        store: await supplies.store(),
        folderOf,
        runtime: await runtimeFor(uses, progress, signal),
        ops: supplies.backend(uses.kernels).ops,
        stopped,
        breathe,
        progress,
        signal,
        tell,
      });
    const preparing = made();
    const run = await unlessLost(uses, preparing).catch((error) => {
      // What is ready too late is let go of.
      preparing.then(({ close }) => close()).catch(() => {});
      throw error;
    });
    return { ...run, save: () => unlessLost(uses, run.save()) };
  }

  return {
    load,
    prepare: (preparation) =>
      preparation.start.experiment.mode === 'train' ? training(preparation) : decoding(preparation),
  };
}
