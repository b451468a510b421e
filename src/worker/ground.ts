// What the worker stands on: the hardware that was found, and is gone when a GPU is lost; what is stored; checkpoints
// that are loaded, once each.

import type { Backend } from '../backend/backend.ts';
import type { UserError } from '../core/errors.ts';
import type { Role } from '../core/roles.ts';
import type { Experiment } from '../experiment/experiment.ts';
import { parseLocalId } from '../experiment/names.ts';
import type { Checkpoint } from '../models/checkpoint.ts';
import type { CheckpointFolder } from '../models/folder.ts';
import type { OrtRuntime } from '../models/runtime.ts';
import type { Store } from '../store/store.ts';
import { type Checkpoints, keyOf, loadCheckpoints } from './furnish.ts';
import { needsGpu, type Uses } from './hardware.ts';
import { createInterruptible } from './interruptible.ts';
import { createLibrary } from './library.ts';
import type { FromWorker, Hardware, LoadProgress } from './protocol.ts';

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

export interface Ground {
  readonly supplies: Supplies;
  hardware(): Promise<Hardware>;
  store(): Promise<Store>;
  folderOf(id: string): Promise<CheckpointFolder>;
  /** Where built-in checkpoints lie. */
  at(baseUrl: string): void;
  /** The checkpoints of these roles, loaded for what they are to run on. */
  load(
    experiment: Experiment,
    roles: readonly Role[],
    uses: Uses,
    progress?: (progress: LoadProgress) => void,
    signal?: AbortSignal,
  ): Promise<Checkpoints>;
  /** The checkpoint, if it is loaded. */
  loaded(checkpoint: string, uses: Pick<Uses, 'provider'>): Checkpoint | undefined;
  /** Loaded checkpoints of this name are let go of. */
  drop(id: string): Promise<void>;
  /** What ran on a GPU ends with it. */
  unlessLost<T>(uses: Uses, work: Promise<T>): Promise<T>;
  /** What an error of something that ran there means. */
  meaning(uses: Uses | undefined, error: unknown): Promise<unknown>;
}

/** @param leave a GPU is gone, with everything that was on it */
export function createGround(
  supplies: Supplies,
  post: (message: FromWorker) => void,
  leave: () => Promise<void>,
): Ground {
  const library = createLibrary();
  const onDevice = createInterruptible();
  let baseUrl = '';
  let known: Promise<Hardware> | undefined;
  let opened: Promise<Store> | undefined;
  let lost = false;
  supplies.onLost((error) => {
    lost = true;
    onDevice.interrupt(error);
  });
  const store = (): Promise<Store> => {
    opened ??= supplies.store();
    return opened;
  };
  const folderOf = async (id: string): Promise<CheckpointFolder> =>
    parseLocalId(id) ? (await store()).folder(id) : supplies.folder(id, baseUrl);
  const unlessLost = <T>(uses: Uses, work: Promise<T>): Promise<T> =>
    needsGpu(uses) ? onDevice.wait(work) : work;

  return {
    supplies,
    store,
    folderOf,
    unlessLost,
    at(url) {
      baseUrl = url;
    },
    async hardware() {
      if (lost) {
        lost = false;
        known = undefined;
        onDevice.restore();
        await leave();
        await library.drop((key) => key.startsWith('webgpu '));
      }
      known ??= supplies.hardware().then((found) => {
        post({ type: 'hardware', hardware: found });
        return found;
      });
      return known;
    },
    load(experiment, roles, uses, progress = () => {}, signal) {
      const told = (loaded: number, total?: number) =>
        progress({ stage: 'runtime', loaded, ...(total !== undefined && { total }) });
      const stop = signal && { signal };
      const loading = supplies
        .runtime(uses.provider, told, signal)
        .then((runtime) =>
          loadCheckpoints({ experiment, roles, runtime, folderOf, library, progress, ...stop }),
        );
      return unlessLost(uses, loading);
    },
    loaded: (checkpoint, uses) => library.find(keyOf(checkpoint, uses)),
    async drop(id) {
      const own = parseLocalId(id)?.sha256 ?? id;
      await library.drop((key) => key.endsWith(` ${own}`));
    },
    meaning: (uses, error) =>
      uses && needsGpu(uses) ? supplies.explain(error) : Promise.resolve(error),
  };
}
