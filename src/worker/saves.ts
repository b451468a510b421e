// A training is put aside now and then, and when the page goes out of sight, so that a crash, a closed tab or a
// lost GPU costs half a minute. Every training has a name of its own: the same experiment, begun again here or in
// another tab, neither waits for it nor writes over it.

import { UserError } from '../core/errors.ts';
import type { RunEvent } from '../core/events.ts';
import type { Experiment } from '../experiment/experiment.ts';
import { decode, encode } from '../experiment/link.ts';
import type { TrainingState } from '../models/trainable.ts';
import { decodeTraining, encodeTraining, readAbout } from '../models/trainingState.ts';
import type { Store } from '../store/store.ts';
import type { Trainings } from '../store/trainings.ts';

/** Seconds from one save to the next, unless somebody has set it. */
export const USUAL_SAVE_SECONDS = 30;

/** What a save came to that is worth telling: the store refuses, or takes again what it had refused. */
export type SaveNews =
  | { readonly type: 'unsaved'; readonly why: string }
  | { readonly type: 'savedAgain' };

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
  /** Says when the store begins to refuse it, and when that is over; a store that refuses is tried again. */
  save(): Promise<SaveNews | undefined>;
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

export interface SaveOptions {
  /** Id of an interrupted training, which goes on. */
  readonly resume?: string | undefined;
  /** Seconds from one save to the next; asked again and again. */
  readonly every?: (() => number) | undefined;
  /** Milliseconds. */
  readonly now?: () => number;
}

/**
 * @param steps in all
 * @throws UserError 'storage' when it is not there, damaged, or goes on in another tab; 'experiment' when it is of
 *   another one
 */
export async function savesOf(
  store: Store,
  experiment: Experiment,
  steps: number,
  { resume, every = () => USUAL_SAVE_SECONDS, now = () => performance.now() }: SaveOptions = {},
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
    let last = now();
    let hidden = false;
    let refused = false;
    let savedStep = found?.state.step ?? 0;
    let watched: { what: Savable; events: readonly RunEvent[] } | undefined;
    return {
      past: eventsIn(found?.meta ?? {}),
      ...(found && { state: found.state }),
      due: () => hidden || now() - last >= 1000 * every(),
      watch(what, events) {
        watched = { what, events };
      },
      async save() {
        if (!watched) return;
        last = now();
        hidden = false;
        const { what, events } = watched;
        if (what.step() === savedStep) return;
        const state = await what.state();
        if (!state || state.step === 0 || !finite(state)) return;
        const bytes = encodeTraining({ state, meta: { events } });
        const about = { recipe: encode(experiment), step: state.step, steps };
        // A store without room is no reason to stop learning; what is learned is kept in the end all the same.
        const before = refused;
        try {
          await trainings.save(id, about, bytes);
          savedStep = state.step;
          refused = false;
          return before ? { type: 'savedAgain' } : undefined;
        } catch (error) {
          refused = true;
          const why = error instanceof Error ? error.message : String(error);
          return before ? undefined : { type: 'unsaved', why };
        }
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

/** Written by `save` above. */
const eventsIn = ({ events }: Readonly<Record<string, unknown>>): readonly RunEvent[] =>
  Array.isArray(events) ? (events as RunEvent[]) : [];

/**
 * What a training has said until it was last saved, whoever it belongs to.
 * @throws UserError 'storage' when it is not there any more, 'checkpoint' when it is damaged
 */
export async function eventsOf(trainings: Trainings, id: string): Promise<readonly RunEvent[]> {
  const file = await trainings.peek(id);
  if (file) return eventsIn((await readAbout(file)).meta);
  throw new UserError(
    'storage',
    'There is no saved training of this kind any more.',
    'It may have come to its end: look among the runs that are kept.',
  );
}

const finite = ({ tensors }: TrainingState): boolean =>
  [...tensors.values()].every(({ weights }) => weights.every(Number.isFinite));

const anotherExperiment = () =>
  new UserError(
    'experiment',
    'The interrupted training was made with other settings than these.',
    'Go on with its own settings, or run this experiment from its first step.',
  );
