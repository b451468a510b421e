// What one can choose from, for the controls and for the link: methods, tasks and built-in checkpoints.
// The page reaches the rooms behind them only through here.

import { type AlgorithmId, algorithms } from '../algorithms/index.ts';
import type { Role } from '../core/events.ts';
import type { ParamsTable, ParamValue } from '../core/params.ts';
import type { Problem } from '../core/task.ts';
import { manifest } from '../models/manifest.ts';
import { type TaskId, tasks } from '../tasks/index.ts';

/** A method as the page sees it: everything but its generator. */
export interface Method {
  readonly title: string;
  readonly summary: string;
  readonly source?: { readonly citation: string; readonly url: string };
  readonly params: ParamsTable;
  /** Which models run, given the knobs. */
  roles(params: Readonly<Record<string, ParamValue>>): readonly Role[];
}

export const methods: Readonly<Record<AlgorithmId, Method>> = algorithms;
export const taskList = tasks;
export const checkpoints = manifest;
export type CheckpointId = keyof typeof manifest;

export const isMethodId = (id: string): id is AlgorithmId => Object.hasOwn(algorithms, id);
export const isTaskId = (id: string): id is TaskId => Object.hasOwn(tasks, id);
export const isCheckpointId = (id: string): id is CheckpointId => Object.hasOwn(manifest, id);

/** Example number `index` of a task; the same as in an evaluation with this seed. */
export const exampleProblem = (
  task: TaskId,
  seed: number,
  index: number,
  difficulty: number,
): Problem => tasks[task].problem(seed, index, difficulty);
