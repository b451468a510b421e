// What the page knows. The experiment is what the controls show and the link says; a run keeps the
// experiment it was started with.

import { createStore, type StoreApi } from 'zustand/vanilla';
import type { Failure } from '../core/errors.ts';
import type { ParamValue } from '../core/params.ts';
import type { Vocabulary } from '../core/vocabulary.ts';
import { defaultExperiment, type Experiment } from '../experiment/experiment.ts';
import type { Hardware, Inspection, Stored } from '../worker/protocol.ts';
import type { AlignState } from './alignActions.ts';
import type { Waiting } from './desk.ts';
import type { DataState } from './keepActions.ts';
import { type ModelsState, noModels } from './modelsState.ts';
import type { Elsewhere } from './modes.ts';
import { defaultPreferences, type Preferences } from './preferences.ts';
import { hasContent, type Run } from './run.ts';
import type { Queue } from './study.ts';

export type {
  Alignment,
  DataReport,
  Hardware,
  Inspection,
  LoadProgress,
  LoadStage,
  Stored,
} from '../worker/protocol.ts';

/** How many runs stay in memory. */
export const KEPT_RUNS = 20;

/** A cell of a run's token stream. */
export interface Selection {
  readonly run: number;
  readonly cell: number;
}

export type Asked =
  | { readonly state: 'asking' }
  | { readonly state: 'known'; readonly inspection: Inspection }
  | { readonly state: 'failed'; readonly failure: Failure };

/** What an opened link brought along. */
export interface OpenedLink {
  /** The experiment that it describes, encoded. */
  readonly of: string;
  readonly digest?: string;
}

/** For those who listen to the page; shown to all when nothing else on the page shows it. */
export interface Notice {
  readonly text: string;
  readonly shown: boolean;
  /** It is a run's end, or comes with one: neither may push the other out, whichever is first. */
  readonly joins?: 'end' | 'stay';
}
export const heard = (text: string): Notice => ({ text, shown: false });
export const told = (text: string): Notice => ({ text, shown: true });

/** A point of a sweep. */
export interface PointSelection {
  readonly run: number;
  readonly contender: number;
}

export interface State {
  readonly experiment: Experiment;
  /** The place one is at, if it is none of the experiment's; the experiment stays as it is. */
  readonly elsewhere?: Elsewhere;
  /** Each method's knobs as they were last set. */
  readonly knobs: Readonly<Record<string, Readonly<Record<string, ParamValue>>>>;
  /** What is done in Compare when one goes there. */
  readonly compareMode: 'evaluate' | 'sweep' | 'study';
  /** Number of the task's example that the dice shows next. */
  readonly nextExample: number;
  readonly hardware?: Hardware;
  /** Oldest first. */
  readonly runs: readonly Run[];
  /** The run on the stage; absent after a reset. */
  readonly viewed?: number;
  readonly selection?: Selection;
  /** Trainings of a comparison, while they are made. */
  readonly queue?: Queue;
  /** What the models think at the selected token. */
  readonly asked?: Asked;
  /** The point of a sweep that is looked into. */
  readonly point?: PointSelection;
  /** Kept runs that were read, by id, the latest last. */
  readonly opened: readonly Run[];
  /** Why a file with runs was not taken. */
  readonly importFailure?: Failure;
  readonly link?: OpenedLink;
  /** What an opened link said that could not be used. */
  readonly linkProblems: readonly string[];
  /** A link that could not be copied for the visitor, to be copied by hand. */
  readonly linkToCopy?: string;
  /** What stays in the browser; absent until the worker has looked. */
  readonly stored?: Stored;
  /** Of checkpoints that are or were chosen, by id; absent until they have been read. */
  readonly vocabularies: Readonly<Record<string, Vocabulary>>;
  /** What goes on in the place for checkpoints. */
  readonly models: ModelsState;
  /** Small jobs that have not been answered, by request. */
  readonly waiting: Readonly<Record<number, Waiting>>;
  /** The data file that was last looked into, and the request that did. */
  readonly data?: DataState;
  readonly dataRequest?: number;
  /** What the large model writes, or has written, for the small one to learn from. */
  readonly alignment?: AlignState;
  /** Last thing that happened. */
  readonly notice: Notice;
  readonly preferences: Preferences;
}

export type Store = StoreApi<State>;

export const createState = (preferences: Preferences = defaultPreferences): Store =>
  createStore<State>(() => ({
    experiment: defaultExperiment,
    knobs: {},
    compareMode: 'sweep',
    nextExample: 0,
    runs: [],
    opened: [],
    linkProblems: [],
    vocabularies: {},
    models: noModels,
    waiting: {},
    notice: heard(''),
    preferences,
  }));

/** Changes some entries; `undefined` removes one. */
export function patch(
  store: Store,
  news: { readonly [K in keyof State]?: State[K] | undefined },
): void {
  const entries = Object.entries({ ...store.getState(), ...news });
  const next = Object.fromEntries(entries.filter(([, value]) => value !== undefined));
  store.setState(next as unknown as State, true);
}

/** The run on the stage: the viewed one, if it is of the mode that the page is in. */
export function shownRun({ runs, viewed, experiment }: State): Run | undefined {
  if (viewed === undefined) return undefined;
  const run = runs.find(({ id }) => id === viewed);
  if (run?.experiment.mode === experiment.mode) return run;
  return runs.findLast((other) => other.experiment.mode === experiment.mode);
}

/** What is to be seen: the run on the stage, or the one before while that one has nothing to show. */
export function seenRun(state: State): Run | undefined {
  const run = shownRun(state);
  return !run || hasContent(run) ? run : runBefore(state, run);
}

/** What stays on the stage below a run that has nothing to show. */
export const runBefore = ({ runs }: State, run: Run): Run | undefined =>
  runs.findLast(
    (other) =>
      other.id < run.id && hasContent(other) && other.experiment.mode === run.experiment.mode,
  );
