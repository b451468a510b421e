// The Experiment: everything that decides what a run does, as one small plain value. The link is this
// value written down; a run is runExperiment of it.

import { type AlgorithmId, algorithms, type TrainerId } from '../algorithms/index.ts';
import { defaultsOf, type ParamValue } from '../core/params.ts';
import type { Role } from '../core/roles.ts';
import type { TaskId } from '../tasks/index.ts';
import { defaultCast } from './cast.ts';

/**
 * generate: one text, token by token. evaluate: many problems, contenders side by side. train: a checkpoint
 * learns, and what comes out is a checkpoint.
 */
export type Mode = 'generate' | 'evaluate' | 'train';
/** What decodes in the first two modes, what trains in the third. */
export type MethodId = AlgorithmId | TrainerId;
/** Where models run; auto: WebGPU on a real adapter, else wasm. */
export type ProviderChoice = 'auto' | 'wasm' | 'webgpu';
/** Where our kernels run; auto: with the models. */
export type KernelChoice = 'auto' | 'cpu' | 'webgpu';

/** By role: a checkpoint's id, a key of the model manifest or `local:<sha256>:<name>`. Those that run count. */
export interface Experiment extends Readonly<Record<Role, string>> {
  readonly mode: Mode;
  /** One of the mode's methods. */
  readonly method: MethodId;
  /** The method's own knobs, all of them; keys and ranges as in its table. */
  readonly params: Readonly<Record<string, ParamValue>>;
  /** What train mode learns from: the task's own examples (`task`), or a data file, `file:<sha256>:<name>`. */
  readonly data: string;
  readonly task: TaskId;
  /** Of the task's problems in evaluate and train mode, and of its example prompts. */
  readonly difficulty: number;
  /** What the models read in generate mode. */
  readonly prompt: string;
  /** Most tokens to add per generation. */
  readonly maxTokens: number;
  /** Number of problems in evaluate mode, and of each evaluation in train mode. */
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
} as const;

/** What a first visit runs with. */
export const defaultCheckpoints = defaultCast('bild', 'numberWords');

export const defaultExperiment: Experiment = {
  mode: 'generate',
  method: 'bild',
  params: defaultsOf(algorithms.bild.params),
  ...defaultCheckpoints,
  data: 'task',
  task: 'numberWords',
  difficulty: 9,
  prompt: 'say 6325511: ',
  maxTokens: 120,
  problems: 200,
  seed: 1,
  provider: 'auto',
  kernels: 'auto',
};
