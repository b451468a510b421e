// A training is put aside now and then, and when the page goes out of sight, so that a crash, a closed tab or a
// lost GPU costs half a minute. Every training has a name of its own: the same experiment, begun again here or in
// another tab, neither waits for it nor writes over it.

import { UserError } from '../core/errors.ts';
import type { RunEvent } from '../core/events.ts';
import type { Experiment } from '../experiment/experiment.ts';
import { decode, encode } from '../experiment/link.ts';
import type { TrainingState } from '../models/trainable.ts';
import { decodeTraining, encodeTraining } from '../models/trainingState.ts';
import type { Store } from '../store/store.ts';

const EVERY_MS = 30_000;

/** What is being learned, as far as saving goes. */
export interface Savable {
  /** Steps that were made. */
  step(): number;
  /** Everything that the next step depends on; undefined in the middle of one. */
  state(): Promise<TrainingState | undefined>;
}

/** Where a training is saved while it runs, so that it can go on after a crash. */
export interface Saves {
  /** What it said before it was interrupted. */
  readonly past: readonly RunEvent[];
  /** What there is to save, with these events, which go on growing. */
  watch(what: Savable, events: readonly RunEvent[]): void;
  /** Is it time to save? */
  due(): boolean;
  /** Returns why the store has refused it, if it has now. */
  save(): Promise<string | undefined>;
}

export interface SavedTrainings extends Saves {
  /** Where to go on from; absent for a fresh start. */
  readonly state?: TrainingState;
  /** The page may be gone in a moment. */
  hidden(): void;
  /** The training is over: nothing is left to go on with. */
  finish(): Promise<void>;
  /** Lets others have it. */
  release(): Promise<void>;
}

/**
 * @param steps in all
 * @param resume id of an interrupted training, which goes on
 * @throws UserError 'storage' when it is not there, damaged, or goes on in another tab; 'experiment' when it is of
 *   another one
 */
export async function savesOf(
  store: Store,
  experiment: Experiment,
  steps: number,
  resume?: string,
  now = () => performance.now(),
): Promise<SavedTrainings> {
  const { trainings } = store;
  const id = resume ?? crypto.randomUUID();
  const release = await trainings.claim(id);
  try {
    const saved = resume === undefined ? undefined : await trainings.read(resume);
    // Read and written again, it has the knobs that were added since, at what they mean where a link lacks them.
    if (saved && encode(decode(saved.recipe).experiment) !== encode(experiment)) {
      throw anotherExperiment();
    }
    const found = saved && decodeTraining(saved.state);
    const past = found?.meta.events;
    let last = now();
    let hidden = false;
    let refused = false;
    let savedStep = found?.state.step ?? 0;
    let watched: { what: Savable; events: readonly RunEvent[] } | undefined;
    return {
      past: Array.isArray(past) ? (past as RunEvent[]) : [], // written by `save` below
      ...(found && { state: found.state }),
      due: () => !refused && (hidden || now() - last >= EVERY_MS),
      watch(what, events) {
        watched = { what, events };
      },
      async save() {
        if (!watched || refused) return;
        last = now();
        hidden = false;
        const { what, events } = watched;
        if (what.step() === savedStep) return;
        const state = await what.state();
        if (!state || state.step === 0 || !finite(state)) return;
        const bytes = encodeTraining({ state, meta: { events } });
        const about = { recipe: encode(experiment), step: state.step, steps };
        // A store without room is no reason to stop learning; what is learned is kept in the end all the same.
        return trainings.save(id, about, bytes).then(
          () => {
            savedStep = state.step;
            return undefined;
          },
          (error) => {
            refused = true;
            return error instanceof Error ? error.message : String(error);
          },
        );
      },
      hidden() {
        hidden = true;
      },
      finish: () => trainings.discard(id),
      release,
    };
  } catch (error) {
    await release();
    throw error;
  }
}

const finite = ({ tensors }: TrainingState): boolean =>
  [...tensors.values()].every(({ weights }) => weights.every(Number.isFinite));

const anotherExperiment = () =>
  new UserError(
    'experiment',
    'The interrupted training was made with other settings than these.',
    'Go on with its own settings, or run this experiment from its first step.',
  );
