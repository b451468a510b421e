// A training that goes on in another tab, seen here as far as it is saved there: its settings, curves and completions.
// Nothing here can change it; once that tab is closed it can be gone on with.

import { encode } from '../experiment/link.ts';
import type { ResumableRun } from '../worker/protocol.ts';
import type { Actions } from './app.ts';
import type { Desk } from './desk.ts';
import { isActive, newRun, type Run } from './run.ts';
import { heard, patch, type State, type Store } from './store.ts';

/** What has become of a training that is watched. */
export type Watched =
  /** Another tab has it. */
  | { readonly state: 'elsewhere'; readonly training: ResumableRun }
  /** Nobody has it: it can go on here. */
  | { readonly state: 'free'; readonly training: ResumableRun }
  /** It has come to its end. */
  | { readonly state: 'over' };

export function watchedNow({ stored }: Pick<State, 'stored'>, id: string): Watched {
  const training = stored?.ongoing.find((one) => one.id === id);
  if (training) return { state: 'elsewhere', training };
  const free = stored?.resumable.find((one) => one.id === id);
  return free ? { state: 'free', training: free } : { state: 'over' };
}

/** Trainings of other tabs; while something runs here they are not told from one's own. */
export const elsewhereNow = ({ stored, runs }: State): readonly ResumableRun[] =>
  stored && !runs.some(isActive) ? stored.ongoing : NONE;
const NONE: readonly ResumableRun[] = [];

export function watchActions(store: Store, desk: Desk, { admit }: Pick<Actions, 'admit'>) {
  const runOf = (id: string): Run | undefined =>
    store.getState().runs.find(({ watched }) => watched?.id === id);

  /** Puts it on the stage, with its settings, or brings what is there up to date. */
  function watch(training: ResumableRun): void {
    const { id, experiment, saved } = training;
    desk.send({ type: 'readTraining', id }, 'the training of another tab', {
      answered(answer) {
        if (answer.type !== 'trainingRead') return;
        const { events } = answer;
        const known = runOf(id);
        const watched = { id, saved };
        if (known) {
          const { runs } = store.getState();
          const news = (run: Run) => (run === known ? { ...run, events, watched } : run);
          return patch(store, { runs: runs.map(news) });
        }
        const { knobs } = store.getState();
        const { method, params } = experiment;
        patch(store, { experiment, knobs: { ...knobs, [method]: params } });
        admit((number) => ({
          ...newRun(number, experiment, false),
          status: 'watched',
          events,
          watched,
        }));
      },
      // It was written to just now, or is over: whoever looks again finds out which.
      refused: (failure) => patch(store, { notice: heard(failure.message) }),
    });
  }

  // Whoever opens the link of a training that goes on in another tab wants to see that one.
  let offered: string | undefined;
  store.subscribe((state) => {
    if (state.viewed !== undefined || state.experiment.mode !== 'train') return;
    const training = elsewhereNow(state).find(
      ({ id, experiment }) => id !== offered && encode(experiment) === encode(state.experiment),
    );
    if (!training) return;
    offered = training.id;
    watch(training);
  });

  /** Is there a newer save of what is watched? */
  function lookAgain(): void {
    desk.send({ type: 'list' }, 'what other tabs have saved', {
      answered() {
        for (const { watched } of store.getState().runs) {
          if (!watched) continue;
          const now = watchedNow(store.getState(), watched.id);
          if (now.state !== 'over' && now.training.saved !== watched.saved) watch(now.training);
        }
      },
    });
  }

  return { watch, lookAgain };
}
