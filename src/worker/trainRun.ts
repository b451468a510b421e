// A training as the worker runs it: from the store (one's own checkpoints, data files, the state to go on from) and
// back into it (what is saved on the way, what is kept in the end).

import { UserError } from '../core/errors.ts';
import type { RunEvent } from '../core/events.ts';
import type { Ops } from '../core/ops.ts';
import { encode } from '../experiment/link.ts';
import type { CheckpointFolder } from '../models/folder.ts';
import type { OrtRuntime } from '../models/runtime.ts';
import { sha256Of } from '../store/records.ts';
import type { Store } from '../store/store.ts';
import type { Stopped } from './generation.ts';
import type { LoadProgress, ToWorker } from './protocol.ts';
import { rolesNeeded } from './runExperiment.ts';
import {
  settingsOf,
  type Training,
  type TrainingHost,
  trainExperiment,
} from './trainExperiment.ts';
import { furnishTraining, type TrainingRoom } from './trainingRoom.ts';

export interface TrainRequest {
  readonly start: Extract<ToWorker, { readonly type: 'start' }>;
  readonly store: Store;
  readonly folderOf: (id: string) => Promise<CheckpointFolder>;
  readonly runtime: OrtRuntime;
  readonly ops: Ops;
  readonly stopped: Stopped;
  readonly breathe: () => Promise<void>;
  readonly progress: (progress: LoadProgress) => void;
  readonly signal: AbortSignal;
  /** Tells the page what is stored now. */
  readonly tell: () => Promise<void>;
}

export interface TrainRun extends Training {
  /** Lets go of everything; what is saved stays if the training did not come to its end. */
  close(): Promise<void>;
}

/** @throws UserError; DOMException AbortError */
export async function prepareTraining(request: TrainRequest): Promise<TrainRun> {
  const { start, store, signal } = request;
  const { experiment, resume } = start;
  const [role] = rolesNeeded(experiment);
  if (!role) throw new Error('a training of nobody');
  // What cannot be named by content could not be kept in the end.
  await sha256Of(new Uint8Array());
  const id = resume ?? crypto.randomUUID();
  const release = await store.trainings.claim(id);
  let room: TrainingRoom | undefined;
  try {
    const saved = resume === undefined ? undefined : await store.trainings.read(resume);
    if (saved && saved.recipe !== encode(experiment)) throw anotherExperiment();
    const { runtime, ops, breathe, progress } = request;
    room = await furnishTraining({
      experiment,
      role,
      microBatch: settingsOf(experiment).microBatch,
      runtime,
      ops,
      folder: await request.folderOf(experiment[role]),
      readData: (data) => store.readData(data),
      breathe,
      progress,
      signal,
    });
    const here = room;
    const ended = { safely: false };
    const training = await trainExperiment(experiment, here, hostOf(request, id), saved?.state);
    return {
      ...training,
      events: untilKept(training.events, store, ended),
      async close() {
        if (ended.safely) await store.trainings.discard(id).catch(() => {});
        await release();
        await request.tell().catch(() => {});
        await here.release();
      },
    };
  } catch (error) {
    await release();
    await room?.release().catch(() => {});
    throw error;
  }
}

function hostOf(request: TrainRequest, id: string): TrainingHost {
  const { start, store, stopped, progress, tell } = request;
  const recipe = encode(start.experiment);
  return {
    stopped,
    progress,
    async keep(checkpoint) {
      const { value } = await store.keep(checkpoint);
      await tell();
      return value;
    },
    save: (step, steps, state) => store.trainings.save(id, { recipe, step, steps }, state),
  };
}

/** The same events. What is saved is not needed any more once they end with something that stays. */
async function* untilKept(
  events: AsyncGenerator<RunEvent, void, void>,
  store: Store,
  ended: { safely: boolean },
): AsyncGenerator<RunEvent, void, void> {
  let stays = true;
  for await (const event of events) {
    // Kept in memory only, because the browser has no room: when there is some, the saved state makes it again.
    if (event.type === 'kept') stays = !event.checkpoint.temporary || store.where === 'memory';
    yield event;
  }
  ended.safely = stays;
}

const anotherExperiment = () =>
  new UserError(
    'experiment',
    'The saved training was made with other settings than these.',
    'Go on with its own settings, or run this experiment from its first step.',
  );
