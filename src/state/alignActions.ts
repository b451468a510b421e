// Prediction alignment, from the page's side: the large model writes answers, they become a data file, and the Train
// place takes it from there. Runs go first; what there is when it is stopped stays.

import type { Failure } from '../core/errors.ts';
import type { Role } from '../core/roles.ts';
import { checkpointTitle, taskList } from '../experiment/catalogue.ts';
import type { Alignment } from '../worker/protocol.ts';
import type { Desk } from './desk.ts';
import { plural } from './format.ts';
import type { Client } from './runActions.ts';
import { heard, patch, type State, type Store, told } from './store.ts';

type Experiment = State['experiment'];

export const ALIGN_LIMITS = { min: 1, max: 10_000, usual: 200 } as const;

export type AlignState = {
  /** As it was when it began. */
  readonly experiment: Experiment;
  readonly problems: number;
} & (
  | {
      readonly state: 'writing';
      readonly request: number;
      /** Answers that are complete. */
      readonly done: number;
      /** When the first answer was complete, and how many were by then. Milliseconds since 1970. */
      readonly since?: { readonly at: number; readonly done: number };
      readonly last?: { readonly prompt: string; readonly completion: string };
      readonly stopping?: true;
    }
  | { readonly state: 'written'; readonly alignment: Alignment }
  | { readonly state: 'refused'; readonly failure: Failure }
);

interface Elsewhere {
  use(id: string, role: Role, mode: Experiment['mode']): void;
  learnFrom(data: string): void;
}

export function alignActions(
  store: Store,
  desk: Desk,
  client: Pick<Client, 'send'>,
  { use, learnFrom }: Elsewhere,
) {
  const now = () => store.getState().alignment;

  /** The large model answers so many problems of the task as it is set. One at a time. */
  function align(problems: number): void {
    if (now()?.state === 'writing') return;
    const { experiment } = store.getState();
    const { large, task } = experiment;
    const about = { experiment, problems };
    const what = `answers of ${checkpointTitle(large)} to ${taskList[task].title}`;
    const request = desk.send({ type: 'align', experiment, problems }, what, {
      answered(answer) {
        if (answer.type !== 'aligned') return;
        const { alignment } = answer;
        patch(store, {
          alignment: { ...about, state: 'written', alignment },
          notice: heard(`${plural(alignment.examples, 'answer')} to learn from.`),
        });
      },
      progress(_, { loaded, last }) {
        const before = now();
        if (before?.state !== 'writing') return;
        const since = before.since ?? { at: Date.now(), done: loaded };
        patch(store, { alignment: { ...before, done: loaded, since, ...(last && { last }) } });
      },
      refused: (failure) =>
        patch(store, {
          alignment: { ...about, state: 'refused', failure },
          notice: heard(failure.message),
        }),
    });
    patch(store, { alignment: { ...about, state: 'writing', request, done: 0 } });
  }

  /** Ends it with the answers that there are. */
  function stopAligning(): void {
    const alignment = now();
    if (alignment?.state !== 'writing') return;
    client.send({ type: 'enough', of: alignment.request });
    patch(store, { alignment: { ...alignment, stopping: true } });
  }

  /** Goes to where the small model that was chosen then is trained on what was written. */
  function learnAlignment(): void {
    const alignment = now();
    if (alignment?.state !== 'written') return;
    const { small } = alignment.experiment;
    use(small, 'small', 'train');
    learnFrom(alignment.alignment.data.id);
    patch(store, {
      notice: told(`${checkpointTitle(small)} will learn from ${alignment.alignment.data.name}.`),
    });
  }

  /** Takes what was said of the last one off the page; its file stays. */
  function dismissAlignment(): void {
    if (now()?.state !== 'writing') patch(store, { alignment: undefined });
  }

  return { align, stopAligning, learnAlignment, dismissAlignment };
}

/** Milliseconds until all is written at the rate so far; undefined before there is one. */
export function alignmentLeft(alignment: AlignState, at: number): number | undefined {
  if (alignment.state !== 'writing' || !alignment.since) return undefined;
  const { since, done, problems } = alignment;
  const made = done - since.done;
  return made > 0 ? ((at - since.at) / made) * (problems - done) : undefined;
}
