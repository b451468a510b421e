// How hard a task's problems are until somebody says so. What learns by reward must be right now and then, and its
// answers must fit into a completion: from problems that are always answered wrong nothing is learned.

import { learnsByReward, taskList } from '../experiment/catalogue.ts';
import type { Experiment } from '../experiment/experiment.ts';

type Task = Experiment['task'];

/** Where `base-small` begins with about half of the answers right. */
const BY_REWARD: Readonly<Partial<Record<Task, number>>> = { numberWords: 3 };

export const usualDifficulty = (method: Experiment['method'], task: Task): number =>
  (learnsByReward(method) ? BY_REWARD[task] : undefined) ?? taskList[task].difficulty.default;

/** `after`, with another method, in which a difficulty that nobody has set is the usual one again. */
export function suited(before: Experiment, after: Experiment): Experiment {
  const untouched = before.difficulty === usualDifficulty(before.method, before.task);
  if (!untouched || before.task !== after.task) return after;
  return { ...after, difficulty: usualDifficulty(after.method, after.task) };
}
