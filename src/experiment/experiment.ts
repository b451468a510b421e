// The Experiment: everything that decides what a run does, as one small plain value. The link is this
// value written down; a run is runExperiment of it.

import { type AlgorithmId, algorithms } from '../algorithms/index.ts';
import { defaultsOf, type ParamValue } from '../core/params.ts';
import type { BuiltinId } from '../models/manifest.ts';
import type { TaskId } from '../tasks/index.ts';

/** generate: one text, token by token. evaluate: many problems, contenders side by side. */
export type Mode = 'generate' | 'evaluate';
/** Where models run; auto: WebGPU on a real adapter, else wasm. */
export type ProviderChoice = 'auto' | 'wasm' | 'webgpu';
/** Where our kernels run; auto: with the models. */
export type KernelChoice = 'auto' | 'cpu' | 'webgpu';

export interface Experiment {
  readonly mode: Mode;
  readonly method: AlgorithmId;
  /** The method's own knobs, all of them; keys and ranges as in algorithms[method].params. */
  readonly params: Readonly<Record<string, ParamValue>>;
  /** Checkpoints by id (a key of the model manifest). */
  readonly small: string;
  readonly large: string;
  readonly task: TaskId;
  /** Of the task's problems in evaluate mode and of its example prompts. */
  readonly difficulty: number;
  /** What the models read in generate mode. */
  readonly prompt: string;
  /** Most tokens to add per generation. */
  readonly maxTokens: number;
  /** Number of problems in evaluate mode. */
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
export const defaultCheckpoints = {
  small: 'tiny-small',
  large: 'tiny-large',
} as const satisfies Record<string, BuiltinId>;

export const defaultExperiment: Experiment = {
  mode: 'generate',
  method: 'bild',
  params: defaultsOf(algorithms.bild.params),
  ...defaultCheckpoints,
  task: 'numberWords',
  difficulty: 9,
  prompt: 'say 6325511: ',
  maxTokens: 120,
  problems: 200,
  seed: 1,
  provider: 'auto',
  kernels: 'auto',
};
