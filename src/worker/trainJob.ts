// From an experiment in train mode to its events: files read, graph differentiated, examples at hand, an
// interrupted training taken up again, and what was learned handed to the store.

import { isLookedAt } from '../core/dials.ts';
import type { RunEvent } from '../core/events.ts';
import type { Ops } from '../core/ops.ts';
import type { PolicyRole } from '../core/policyEvents.ts';
import { learnsByReward } from '../experiment/catalogue.ts';
import type { Experiment } from '../experiment/experiment.ts';
import { parseFileId } from '../experiment/names.ts';
import type { CheckpointFolder } from '../models/folder.ts';
import type { OrtRuntime } from '../models/runtime.ts';
import { checkFit } from '../models/vocabulary.ts';
import type { Store } from '../store/store.ts';
import type { Stopped } from './generation.ts';
import { keeping } from './keeping.ts';
import type { LoadProgress } from './protocol.ts';
import { rolesNeeded } from './roles.ts';
import { type SaveNews, savesOf } from './saves.ts';
import { endsStep, loraOf, trainExperiment, trainParams } from './trainExperiment.ts';
import { inOneFile, MODEL, readBase, sourceOf, type TrainRoom } from './trainRoom.ts';
import type { Watcher } from './watcher.ts';

export interface TrainRequest {
  readonly experiment: Experiment;
  readonly runtime: OrtRuntime;
  readonly ops: Ops;
  readonly folderOf: (id: string) => CheckpointFolder | Promise<CheckpointFolder>;
  readonly store: Store;
  readonly progress: (progress: LoadProgress) => void;
  readonly signal?: AbortSignal;
  /** Id of an interrupted training of this experiment. */
  readonly resume?: string;
  /** Seconds from one save to the next, as it is set now. */
  readonly saveEvery?: () => number;
  readonly breathe: () => Promise<void> | void;
  /** Looks over the shoulder of whoever learns. */
  readonly watcher?: Watcher;
}

export interface TrainJob {
  events(stopped: Stopped): AsyncGenerator<RunEvent, void, void>;
  /** Is a step over with this event? */
  endsStep(event: RunEvent): boolean;
  /** The page may be gone in a moment: what was learned is put aside after this step, */
  hidden(): void;
  /** or now, when nothing is being computed. */
  save(): Promise<void>;
  /** Another learning rate from the next step on; only of training by reward. */
  adjust?(role: PolicyRole, learningRate: number): void;
  release(): Promise<void>;
}

/** @throws UserError 'checkpoint', 'onnx', 'tokenizer', 'data', 'storage', 'runtime', 'gpu' */
export async function prepareTraining(request: TrainRequest): Promise<TrainJob> {
  const { experiment, runtime, ops, store, progress, signal, breathe } = request;
  if (learnsByReward(experiment.method)) {
    const { preparePolicyTraining } = await import('./policyJob.ts');
    return preparePolicyTraining(request);
  }
  const [role] = rolesNeeded(experiment);
  if (!role) throw new Error('nobody is to be trained');
  const id = experiment[role];
  const folder = await request.folderOf(id);
  const read = await readBase(
    id,
    folder,
    (loaded, total) =>
      progress({ stage: 'download', role, id, loaded, ...(total !== undefined && { total }) }),
    signal,
  );
  const base = await inOneFile(read, folder, signal);
  progress({ stage: 'data', role });
  const data = parseFileId(experiment.data) ? await store.readData(experiment.data) : undefined;
  const source = await sourceOf(experiment, base, data, progress, breathe);
  signal?.throwIfAborted();

  progress({ stage: 'gradients', role, id });
  const { microBatch, packing, steps } = trainParams(experiment);
  const saves = await savesOf(store, experiment, steps, {
    resume: request.resume,
    every: request.saveEvery,
  });
  try {
    // What differentiates graphs is not needed before somebody trains.
    const { createTrainable } = await import('../models/createTrainable.ts');
    const lora = loraOf(experiment);
    const trainable = await createTrainable(new Uint8Array(base.files.get(MODEL)!), runtime, {
      contextLength: base.config.contextLength,
      microBatch,
      packed: packing === 'packed',
      ...(lora && { lora }),
    });
    try {
      checkFit(base.name, base.tokenizer, trainable.vocab);
      if (saves.state) await trainable.restore(saves.state);
      if (isLookedAt(role)) await request.watcher?.follow(role, trainable);
      progress({ stage: 'ready', role, id });
      const room: TrainRoom = { role, base, trainable, source, runtime, ops, progress };
      /** What a save between two steps came to; told at the next one. */
      let news: SaveNews | undefined;
      const telling = {
        ...saves,
        async save() {
          const before = news;
          news = undefined;
          return (await saves.save()) ?? before;
        },
      };
      return {
        events: (stopped) =>
          trainExperiment(experiment, room, keeping(store, saves), stopped, telling),
        endsStep: endsStep(experiment, trainable.steps),
        hidden: () => saves.hidden(),
        async save() {
          news = (await saves.save()) ?? news;
        },
        async release() {
          await saves.release();
          await trainable.release();
        },
      };
    } catch (error) {
      await trainable.release();
      throw error;
    }
  } catch (error) {
    await saves.release();
    throw error;
  }
}
