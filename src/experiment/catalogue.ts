// What one can choose from, for the controls and for the link: methods, tasks and built-in checkpoints.
// The page reaches the rooms behind them only through here.

import { algorithms, trainers } from '../algorithms/index.ts';
import { ASSUMED } from '../algorithms/policyKnobs.ts';
import type { Author } from '../core/events.ts';
import type { ParamSpec, ParamsTable, ParamValue } from '../core/params.ts';
import { type ByRole, inOrder, type Role } from '../core/roles.ts';
import type { Source } from '../core/source.ts';
import type { Problem } from '../core/task.ts';
import { manifest } from '../models/manifest.ts';
import { type TaskId, tasks } from '../tasks/index.ts';
import { contendersOf } from './contenders.ts';
import type { Experiment, MethodId, Mode } from './experiment.ts';
import { parseLocalId } from './names.ts';

/** A method as the page sees it, decoding or training: everything but its generator. */
export interface Method {
  readonly title: string;
  readonly summary: string;
  readonly source?: Source;
  readonly params: ParamsTable;
  /** Which models run, given the knobs. */
  roles(params: Readonly<Record<string, ParamValue>>): readonly Role[];
  /** What each of them does, one line. */
  readonly parts: ByRole<string>;
  /** Models that may have another tokenizer than the rest. */
  readonly ownVocabulary?: readonly Role[];
  /** Who writes the tokens, where it is not each of its models. */
  readonly authors?: readonly Author[];
  readonly drafts?: true;
  readonly searches?: true;
}

export const modes = [
  'generate',
  'evaluate',
  'sweep',
  'train',
  'study',
  'parameters',
] as const satisfies readonly Mode[];
export const methods: Readonly<Record<MethodId, Method>> = { ...algorithms, ...trainers };
/** The methods of a mode, in the order in which they are offered. */
export const methodsOf = (mode: Mode): readonly MethodId[] =>
  mode === 'train' || mode === 'study' ? keysOf(trainers) : keysOf(algorithms);
/** Do methods write in it, and nobody learn? */
export const decodes = (mode: Mode): boolean =>
  mode === 'generate' || mode === 'evaluate' || mode === 'sweep';
/** What a mode begins with. */
export const defaultMethodOf = (mode: Mode): MethodId =>
  mode === 'study' ? 'grpo' : mode === 'train' ? 'sft' : 'bild';
/** Can it learn from a data file: completions that are given, or, by reward, questions with answers? */
export const takesFiles = (method: MethodId): boolean => isTrainerId(method);
/** Does it learn by reward? Its file then holds {"prompt", "answer"} lines, and `checker` says what is right. */
export const learnsByReward = (method: MethodId): boolean =>
  isTrainerId(method) && trainers[method].needs === 'rewards';
/** Models whose weights a training changes: with two, unless one only judges. */
export function learnersOf({
  method,
  params,
}: Pick<Experiment, 'method' | 'params'>): readonly ('small' | 'large')[] {
  if (method === 'onPolicyDistillation') return ['small'];
  if (method === 'codistillGrpo') return ['small', 'large'];
  return [params.model === 'large' ? 'large' : 'small'];
}
/** The methods that take part: the one, or all of an evaluation's or a sweep's contenders. */
const takingPart = (experiment: Experiment): readonly Pick<Experiment, 'method' | 'params'>[] =>
  experiment.mode === 'evaluate' || experiment.mode === 'sweep'
    ? contendersOf(experiment)
    : experiment.mode === 'study'
      ? experiment.study.plans
      : [experiment];
/** The models that take part. */
export const rolesIn = (experiment: Experiment): readonly Role[] =>
  experiment.mode === 'parameters'
    ? ['small', 'large']
    : inOrder(
        takingPart(experiment).flatMap(({ method, params }) => [...methods[method].roles(params)]),
      );
/** Of these, the ones that may have another tokenizer than the rest, whoever needs them. */
export function ownVocabularyIn(experiment: Experiment): readonly Role[] {
  const bound = takingPart(experiment).flatMap(({ method, params }) => {
    const { roles, ownVocabulary = [] } = methods[method];
    return roles(params).filter((role) => !ownVocabulary.includes(role));
  });
  return rolesIn(experiment).filter((role) => !bound.includes(role));
}
/** A knob's help, and apart from it that our sources leave the choice open, where they do. */
export function meaningOf({ meaning }: ParamSpec): {
  readonly text: string;
  readonly assumed?: string;
} {
  if (!meaning.includes(ASSUMED)) return { text: meaning };
  return { text: meaning.replace(ASSUMED, '').trim(), assumed: ASSUMED };
}
export const taskList = tasks;
export const checkpoints = manifest;
export type CheckpointId = keyof typeof manifest;

export const isMethodId = (id: string): id is MethodId => Object.hasOwn(methods, id);
export const isTrainerId = (id: string): id is keyof typeof trainers => Object.hasOwn(trainers, id);
export const isTaskId = (id: string): id is TaskId => Object.hasOwn(tasks, id);
/** Is it built in? */
export const isCheckpointId = (id: string): id is CheckpointId => Object.hasOwn(manifest, id);
/** How a checkpoint is called: a built-in one's title, or the name of one's own. */
export const checkpointTitle = (id: string): string =>
  isCheckpointId(id) ? manifest[id].title : (parseLocalId(id)?.name ?? id);

/** Example number `index` of a task; the same as in an evaluation with this seed. */
export const exampleProblem = (
  task: TaskId,
  seed: number,
  index: number,
  difficulty: number,
): Problem => tasks[task].problem(seed, index, difficulty);

function keysOf<T extends string>(table: Readonly<Record<T, unknown>>): readonly T[] {
  return Object.keys(table) as T[];
}
