// A decoder that can be trained, wherever its weights are: what algorithms know of it (core/trainable.ts), and what
// those need who keep, show or use what was learned. Two kinds exist: weights as arrays beside one session (Node,
// wasm), and weights as GPU buffers between two sessions and kernels of ours (WebGPU).

import { UserError } from '../core/errors.ts';
import type { Learned, PolicySequence, Scores, Sequence } from '../core/policy.ts';
import type { PolicyObjective } from '../core/policyLoss.ts';
import type { TokenRow, TrainableModel } from '../core/trainable.ts';
import type { DecoderConfig } from './config.ts';
import type { LoraSettings } from './lora.ts';
import type { OnnxModel } from './onnxModel.ts';
import type { InferenceSession, Tensor } from './runtime.ts';

export type Floats = Float32Array<ArrayBuffer>;

/** One number of a weight, row by row; index -1 is none, and reads as NaN. */
export interface Element {
  readonly name: string;
  readonly index: number;
}

export type StateKind = 'weights' | 'mean' | 'square';
export const STATE_KINDS: readonly StateKind[] = ['weights', 'mean', 'square'];

export interface TrainingState {
  /** Steps taken. */
  readonly step: number;
  /** Weights and both moments by parameter name, copied. */
  readonly tensors: ReadonlyMap<string, Readonly<Record<StateKind, Floats>>>;
}

export interface TrainableOptions {
  readonly contextLength: number;
  /** Rows of one pass; more are split by length, and their gradients added up. Eight is fastest (docs/training.md). */
  readonly microBatch?: number;
  /** What the logits of one run of the head may take; beyond that it runs for some positions at a time (cutGraph.ts). */
  readonly logitsBytes?: number;
  /** Whether a row may hold several texts (TokenRow.starts); costs a little where none does. */
  readonly packed?: boolean;
  /** Adapters are trained instead of the weights. */
  readonly lora?: LoraSettings;
  /** A policy is trained: log-probs are taken at this temperature, and `score` and `learn` can be asked for. */
  readonly byReward?: {
    readonly temperature: number;
    /** Whether the weights of the beginning are kept, for `score` to go back to. */
    readonly reference: boolean;
  };
  /** Called before every pass, so that others are heard; it may throw to leave. */
  readonly between?: () => Promise<void>;
  /** Memory was short, so passes have so many rows from now on. */
  readonly onSmaller?: (rows: number) => void;
  /** Fewest columns of one pass; for tests of padding. */
  readonly minColumns?: number;
}

export interface BatchGradients {
  readonly logProbs: readonly Float32Array[];
  readonly gradients: ReadonlyMap<string, Float32Array>;
}

export interface Trainable extends TrainableModel {
  /** Numbers that training changes. */
  readonly size: number;
  /** Steps taken. */
  readonly steps: number;
  /** What the training graph assumes of its input, e.g. a largest length. */
  readonly warnings: readonly string[];
  /** The gradient of sum(weights * log p(targets)) alone; what was accumulated before is forgotten. */
  gradients(rows: readonly TokenRow[]): Promise<BatchGradients>;
  /**
   * What a policy says of each token of the completions.
   * @param of its weights as they are, or those that it began with
   */
  score(sequences: readonly Sequence[], of: 'policy' | 'reference'): Promise<readonly Scores[]>;
  /** Adds the gradient of the objective to what was accumulated. */
  learn(
    sequences: readonly PolicySequence[],
    objective: PolicyObjective,
  ): Promise<readonly Learned[]>;
  /** Single numbers as they are: of the weights, or of the gradient that the next step would use. */
  peek(of: 'weights' | 'gradients', elements: readonly Element[]): Promise<readonly number[]>;
  /** All weights as they are, by name; not to be written to, and good until the next step. */
  look(): Promise<ReadonlyMap<string, Floats>>;
  /** A copy of everything that the next step depends on. */
  state(): Promise<TrainingState>;
  /**
   * Goes on from `state`, bit for bit on the same provider; then that is what `undo` goes back to.
   * @throws UserError 'checkpoint' when it is of another model
   */
  restore(state: TrainingState): Promise<void>;
  /**
   * The file as it was, with the weights as they are now; adapters are merged into weights that are floats, and stand
   * beside those that are quantised.
   */
  export(): Promise<Uint8Array<ArrayBuffer>>;
  /**
   * The adapters as files that PEFT reads; undefined where the weights themselves are trained.
   * @param base what they belong to, as people know it
   */
  adapter(base: string): Promise<ReadonlyMap<string, Uint8Array<ArrayBuffer>> | undefined>;
  /**
   * The model for decoding with the very weights that are being trained: no copy of them, and every step changes
   * what it writes. Its decoders forget what they have read when the weights change.
   * To be released by the caller, before this.
   * @param name of the checkpoint, for error texts
   * @throws UserError 'checkpoint' when the file is no decoder with cache
   */
  decoder(name: string, config: DecoderConfig): Promise<OnnxModel>;
  release(): Promise<void>;
}

/** @throws UserError 'checkpoint' when the state is not one of these weights, given as name and length */
export function checkState(
  state: TrainingState,
  weights: readonly (readonly [name: string, length: number])[],
): void {
  const fits = weights.every(([name, length]) =>
    STATE_KINDS.every((kind) => state.tensors.get(name)?.[kind].length === length),
  );
  if (fits && state.tensors.size === weights.length) return;
  throw new UserError(
    'checkpoint',
    'The saved training state belongs to a model with other weights.',
    'Continue with the model that it was saved for, or begin afresh.',
  );
}

/** Decayed: a matrix, not a bias or a scale. */
export const isMatrix = (dims: readonly number[]): boolean =>
  dims.filter((dim) => dim > 1).length > 1;

/** @throws UserError 'runtime' with what ONNX Runtime said */
export function passFailed(cause: unknown): never {
  throw new UserError(
    'runtime',
    'ONNX Runtime could not run the training graph.',
    'If memory is short, choose a smaller micro-batch.',
    { cause },
  );
}

/** @throws UserError 'onnx' with what ONNX Runtime said */
export function graphRefused(cause: unknown): never {
  throw new UserError(
    'onnx',
    'ONNX Runtime could not load the training graph of this model.',
    'The details name the operator; another export of the model may avoid it.',
    { cause },
  );
}

export const noPolicy = () => new Error('this model was not made to be a policy');

/** What a session asks for. */
export function only(
  tensors: Readonly<Record<string, Tensor>>,
  { inputNames }: InferenceSession,
): Record<string, Tensor> {
  return Object.fromEntries(
    inputNames.map((name) => {
      const tensor = tensors[name];
      if (tensor === undefined) throw new Error(`no training input ${name}`);
      return [name, tensor];
    }),
  );
}
