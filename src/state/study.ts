// A comparison of trainings as the page sees it: which of its runs are there, which goes on, which wait. A run counts
// by its link, so what was made on another day, or came in a file, counts as well.

import type { KeptRun } from '../core/runRecord.ts';
import type { Experiment } from '../experiment/experiment.ts';
import { encode } from '../experiment/link.ts';
import { type Planned, planNames, plannedOf } from '../experiment/study.ts';
import { hasContent, isActive, type Run } from './run.ts';
import type { State } from './store.ts';

/** Trainings that are made one after the other. */
export interface Queue {
  /** The comparison as it was when it was begun. */
  readonly experiment: Experiment;
  /** The run that goes on. */
  readonly run: number;
  /** Recipes of those that were begun and are not to be begun again. */
  readonly tried: readonly string[];
}

export type StudyRunState =
  | { readonly state: 'waiting' }
  | { readonly state: 'running'; readonly run: Run }
  /** Of this session, over; `run` may be stopped or failed. */
  | { readonly state: 'here'; readonly run: Run }
  /** Kept in the browser. */
  | { readonly state: 'kept'; readonly kept: KeptRun };

export type StudyRow = Planned & {
  /** The plan's. */
  readonly name: string;
  /** The training as a link. */
  readonly recipe: string;
} & StudyRunState;

const recipes = new WeakMap<Experiment, string>();
const recipeOf = (experiment: Experiment): string => {
  const known = recipes.get(experiment) ?? encode(experiment);
  recipes.set(experiment, known);
  return known;
};
const planned = new WeakMap<Experiment, readonly Planned[]>();
const plannedIn = (experiment: Experiment): readonly Planned[] => {
  const known = planned.get(experiment) ?? plannedOf(experiment);
  planned.set(experiment, known);
  return known;
};

export function studyRows({
  experiment,
  runs,
  stored,
}: Pick<State, 'experiment' | 'runs'> & {
  readonly stored?: State['stored'] | undefined;
}): readonly StudyRow[] {
  const names = planNames(experiment.study.plans);
  const kept = new Map<string, KeptRun>();
  for (const one of stored?.runs ?? []) {
    if (one.deleted !== undefined || one.outcome !== 'completed') continue;
    const before = kept.get(one.recipe);
    if (!before || before.started < one.started) kept.set(one.recipe, one);
  }
  return plannedIn(experiment).map((one): StudyRow => {
    const recipe = recipeOf(one.experiment);
    const row = { ...one, name: names[one.plan] ?? '', recipe };
    const own = runs.filter((run) => recipeOf(run.experiment) === recipe);
    const active = own.findLast(isActive);
    if (active) return { ...row, state: 'running', run: active };
    const whole = own.findLast(({ status }) => status === 'completed');
    if (whole) return { ...row, state: 'here', run: whole };
    const found = kept.get(recipe);
    if (found) return { ...row, state: 'kept', kept: found };
    const part = own.findLast((run) => hasContent(run) || run.status === 'failed');
    return part ? { ...row, state: 'here', run: part } : { ...row, state: 'waiting' };
  });
}

/** Is it whole, so that it need not be made again? */
export const isDone = (row: StudyRow): boolean =>
  row.state === 'kept' || (row.state === 'here' && row.run.status === 'completed');

/** What is to be made next. */
export const nextOf = (rows: readonly StudyRow[], tried: readonly string[]): StudyRow | undefined =>
  rows.find((row) => !isDone(row) && row.state !== 'running' && !tried.includes(row.recipe));
