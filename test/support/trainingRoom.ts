// A training in Node on a decoder of our own making, small enough that a step takes milliseconds.
import { loadNodeRuntime } from '../../cli/nodeRuntime.ts';
import { createCpuBackend } from '../../src/backend/cpu.ts';
import type { RunEvent } from '../../src/core/events.ts';
import type { KeptCheckpoint } from '../../src/core/kept.ts';
import { defaultExperiment, type Experiment } from '../../src/experiment/experiment.ts';
import type { NewCheckpoint } from '../../src/store/store.ts';
import {
  type SftSettings,
  settingsOf,
  type TrainingHost,
} from '../../src/worker/trainExperiment.ts';
import { type FurnishTraining, furnishTraining } from '../../src/worker/trainingRoom.ts';
import { folderOf, modelBytes } from './ownCheckpoint.ts';

type Changes = Omit<Partial<Experiment>, 'params'> & { readonly params?: Partial<SftSettings> };

/** Ten steps of one-digit sums, measured every five. */
export function trainingOf({ params, ...changes }: Changes = {}): Experiment {
  const experiment: Experiment = {
    ...defaultExperiment,
    mode: 'train',
    method: 'sft',
    params: {},
    task: 'addition',
    difficulty: 1,
    problems: 10,
    ...changes,
  };
  const quick = {
    steps: 10,
    batch: 6,
    warmup: 2,
    evaluateEvery: 5,
    microBatch: 4,
    learningRate: 0.01,
  };
  return { ...experiment, params: { ...settingsOf(experiment), ...quick, ...params } };
}

export async function roomFor(experiment: Experiment, changes: Partial<FurnishTraining> = {}) {
  return furnishTraining({
    experiment,
    role: 'small',
    microBatch: settingsOf(experiment).microBatch,
    runtime: await loadNodeRuntime(),
    ops: createCpuBackend().ops,
    folder: folderOf(modelBytes()),
    readData: async () => {
      throw new Error('no data file');
    },
    breathe: async () => {},
    ...changes,
  });
}

/** Keeps what it is given. */
export function memoryHost(changes: Partial<TrainingHost> = {}) {
  const kept: NewCheckpoint[] = [];
  const states: Uint8Array<ArrayBuffer>[] = [];
  const host: TrainingHost = {
    stopped: () => false,
    async keep(one) {
      kept.push(one);
      const { files: _, ...about } = one;
      return { ...about, id: 'local:kept', bytes: 0, saved: 0 } satisfies KeptCheckpoint;
    },
    save: async (_step, _steps, state) => void states.push(state),
    ...changes,
  };
  return { host, kept, states };
}

/** Events without what differs from run to run: the times. */
export const timeless = (events: readonly RunEvent[]) =>
  events.map((event) => {
    if (event.type !== 'train') return event;
    const { ms: _, times: __, ...rest } = event;
    return rest;
  });
