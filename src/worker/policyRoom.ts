// What a training by reward needs and does not choose itself: the policies with their gradients, the files they came
// from, the questions, and how long everything takes.

import type { Ops } from '../core/ops.ts';
import { defaultsOf, type ParamValue } from '../core/params.ts';
import type {
  Draw,
  Learned,
  Policy,
  PolicySequence,
  Scores,
  Sequence,
  Writing,
} from '../core/policy.ts';
import type { ByPolicy, PolicyRole } from '../core/policyEvents.ts';
import type { PolicyObjective } from '../core/policyLoss.ts';
import type { Update } from '../core/trainable.ts';
import { methods } from '../experiment/catalogue.ts';
import type { Experiment } from '../experiment/experiment.ts';
import type { OnnxModel } from '../models/onnxModel.ts';
import type { PolicyModel } from '../models/policyModel.ts';
import type { Trainable, TrainingState } from '../models/trainable.ts';
import type { LoadProgress } from './protocol.ts';
import type { QuestionSource } from './questions.ts';
import type { Stopwatch } from './stopwatch.ts';
import type { BaseCheckpoint } from './trainRoom.ts';

export interface Learner {
  readonly role: PolicyRole;
  readonly base: BaseCheckpoint;
  readonly trainable: Trainable;
  /** Writes with the weights of the trainable. */
  readonly writer: OnnxModel;
  readonly policy: PolicyModel;
  /** A teacher does not learn. */
  readonly learns: boolean;
}

export interface PolicyRoom {
  readonly learners: readonly Learner[];
  readonly source: QuestionSource;
  readonly ops: Ops;
  readonly watch: Stopwatch;
  readonly progress: (progress: LoadProgress) => void;
  /** What happened to a model's passes since the last call. */
  readonly smaller: () => ByPolicy<number>;
  /** Called between any two passes, by whoever sets it: it may throw to leave. */
  readonly between: { call: () => Promise<void> };
}

/** The method's settings, completed. */
export const policyParams = ({ method, params }: Pick<Experiment, 'method' | 'params'>) =>
  ({ ...defaultsOf(methods[method].params), ...params }) as Readonly<Record<string, ParamValue>> & {
    readonly steps: number;
    readonly evaluateEvery: number;
    readonly completion: number;
    readonly temperature: number;
    readonly microBatch: number;
    readonly prompts: number;
    readonly group: number;
  };

/** Steps in all. */
export const stepsIn = (experiment: Pick<Experiment, 'method' | 'params'>): number => {
  const params = policyParams(experiment);
  return params.steps + Number(params.continued ?? 0);
};

/** Optimiser steps that a model has made after so many steps of the training. */
export function updatesOf(
  experiment: Pick<Experiment, 'method' | 'params'>,
  { role, learns }: Pick<Learner, 'role' | 'learns'>,
  step: number,
): number {
  const params = policyParams(experiment);
  const made = role === 'small' && 'continued' in params ? Math.min(step, params.steps) : step;
  return learns ? made * Number(params.iterations) : 0;
}

/** The same policy; what it does is timed. */
export function timedPolicy(policy: Policy, watch: Stopwatch): Policy {
  return {
    contextLength: policy.contextLength,
    temperature: policy.temperature,
    write: (draws: readonly Draw[], how: Writing) =>
      watch.during('rollout', () => policy.write(draws, how)),
    score: (sequences: readonly Sequence[]): Promise<readonly Scores[]> =>
      watch.during('scoring', () => policy.score(sequences)),
    scoreReference: (sequences: readonly Sequence[]) =>
      watch.during('scoring', () => policy.scoreReference(sequences)),
    learn: (
      sequences: readonly PolicySequence[],
      objective: PolicyObjective,
    ): Promise<readonly Learned[]> =>
      watch.during('backward', () => policy.learn(sequences, objective)),
    step: (update: Update) => watch.during('update', () => policy.step(update)),
    forget: () => policy.forget(),
    undo: () => policy.undo(),
  };
}

type SavedTensor = TrainingState['tensors'] extends ReadonlyMap<string, infer T> ? T : never;
const BETWEEN = '/';

/** What all policies need to go on, as one state; a tensor is called by its role and its name. */
export async function jointState(
  learners: readonly Learner[],
  step: number,
): Promise<TrainingState> {
  const tensors = new Map<string, SavedTensor>();
  for (const { role, trainable, learns } of learners) {
    if (!learns) continue;
    for (const [name, tensor] of (await trainable.state()).tensors) {
      tensors.set(`${role}${BETWEEN}${name}`, tensor);
    }
  }
  return { step, tensors };
}

/** @throws UserError 'checkpoint' when it is of other models */
export async function restoreJoint(
  experiment: Experiment,
  learners: readonly Learner[],
  { step, tensors }: TrainingState,
): Promise<void> {
  for (const learner of learners) {
    if (!learner.learns) continue;
    const begin = `${learner.role}${BETWEEN}`;
    const own = [...tensors].flatMap(([name, tensor]) =>
      name.startsWith(begin) ? [[name.slice(begin.length), tensor] as const] : [],
    );
    const state = { step: updatesOf(experiment, learner, step), tensors: new Map(own) };
    await learner.trainable.restore(state);
  }
}
