// The Experiment: everything that decides what a run does, as one small plain value. The link is this
// value written down; a run is runExperiment of it.

import { type AlgorithmId, algorithms, type TrainerId } from '../algorithms/index.ts';
import type { AnyAlgorithm } from '../core/algorithm.ts';
import { type Dials, defaultDials } from '../core/dials.ts';
import { defaultsOf, type ParamValue } from '../core/params.ts';
import type { Role } from '../core/roles.ts';
import type { TaskId } from '../tasks/index.ts';
import { type Axis, usualAxes } from './axis.ts';
import { defaultCast } from './cast.ts';
import { type Study, usualStudy } from './study.ts';

/**
 * generate: one text, token by token. evaluate: many problems, contenders side by side. sweep: one method over the
 * values of one or two of its knobs. train: a checkpoint learns, and what comes out is a checkpoint. parameters: small
 * and large are looked into and turned; nothing runs.
 */
export type Mode = 'generate' | 'evaluate' | 'sweep' | 'train' | 'study' | 'parameters';
/** What decodes in the first three modes, what trains in the fourth. */
export type MethodId = AlgorithmId | TrainerId;
export type DecodingId = AlgorithmId;
export type TrainerMethodId = TrainerId;
/** Where models run; auto: WebGPU on a real adapter, else wasm. */
export type ProviderChoice = 'auto' | 'wasm' | 'webgpu';
/** Where our kernels run; auto: with the models. */
export type KernelChoice = 'auto' | 'cpu' | 'webgpu';

export type PromptForm = 'text' | 'chat';

/** A method that an evaluation sets beside others. */
export interface Contender {
  /** Empty: it is called by its method, and by what sets it apart from its like. */
  readonly label: string;
  readonly method: DecodingId;
  readonly params: Readonly<Record<string, ParamValue>>;
}

/** The method's knob x, and perhaps y, take all of their values; the other knobs are as in `params`. */
export interface Sweep {
  readonly x: Axis;
  readonly y?: Axis;
  /** The problems of so many seeds are answered: of the experiment's, and the ones after it. */
  readonly seeds: number;
}

/**
 * By role: a checkpoint's id, a key of the model manifest or `local:<sha256>:<name>`. What a mode does not use stays
 * as it was set, and is not in its link.
 */
export interface Experiment extends Readonly<Record<Role, string>> {
  readonly mode: Mode;
  /** One of the mode's methods; an evaluation has its contenders instead. */
  readonly method: MethodId;
  /** The method's own knobs, all of them; keys and ranges as in its table. */
  readonly params: Readonly<Record<string, ParamValue>>;
  /** Of evaluate mode, beside small alone and large alone. */
  readonly contenders: readonly Contender[];
  /** Of sweep mode. */
  readonly sweep: Sweep;
  /** Of study mode. */
  readonly study: Study;
  /** Of parameters mode; the pins of train mode too. */
  readonly dials: Dials;
  /** What train mode learns from: the task's own examples (`task`), or a data file, `file:<sha256>:<name>`. */
  readonly data: string;
  readonly task: TaskId;
  /** Of the task's problems in all modes but the first, and of its example prompts. */
  readonly difficulty: number;
  /** What the models read in generate mode. */
  readonly prompt: string;
  /**
   * How prompts are sent while methods decode: as they are, or as a user's message in the chat template of the model that
   * writes.
   */
  readonly promptAs: PromptForm;
  /** Most tokens to add per generation. */
  readonly maxTokens: number;
  /** Number of problems in evaluate and sweep mode, and of each evaluation in train mode. */
  readonly problems: number;
  readonly seed: number;
  readonly provider: ProviderChoice;
  readonly kernels: KernelChoice;
}

export const LIMITS = {
  maxTokens: { min: 1, max: 1024 },
  problems: { min: 1, max: 2000 },
  seed: { min: 0, max: 0xffffffff },
  /** Characters. */
  prompt: { max: 8000 },
  /** How many an evaluation may have, and characters of a name of theirs. */
  contenders: { max: 12 },
  label: { max: 40 },
  seeds: { min: 1, max: 10 },
} as const;

/** What a first visit runs with. */
export const defaultCheckpoints = defaultCast('bild', 'numberWords');

const usual: Readonly<Partial<Record<MethodId, Omit<Sweep, 'seeds'>>>> = {
  bild: {
    x: { key: 'fallbackThreshold', values: [0.5, 0.7, 0.9] },
    y: { key: 'rollbackThreshold', values: [1, 3, 8] },
  },
};

/** What a sweep of a method begins with. */
export function usualSweep(method: DecodingId): Sweep {
  const known: Readonly<Record<string, AnyAlgorithm>> = algorithms;
  const [x = { key: '', values: [] }, y] = usualAxes(known[method]?.params ?? {});
  return { seeds: 1, ...(usual[method] ?? { x, ...(y && { y }) }) };
}

export const defaultExperiment: Experiment = {
  mode: 'generate',
  method: 'bild',
  params: defaultsOf(algorithms.bild.params),
  contenders: [{ label: '', method: 'bild', params: defaultsOf(algorithms.bild.params) }],
  sweep: usualSweep('bild'),
  study: usualStudy,
  dials: defaultDials,
  ...defaultCheckpoints,
  data: 'task',
  task: 'numberWords',
  difficulty: 9,
  prompt: 'say 9095611: ',
  promptAs: 'text',
  maxTokens: 120,
  problems: 200,
  seed: 1,
  provider: 'auto',
  kernels: 'auto',
};
