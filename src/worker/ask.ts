// What the page asks about a model's parameters, and what it is told. Every question is small enough to be answered
// between two events of a run, and names all that its answer depends on.

import type { TokenMap } from '../anatomy/embedding.ts';
import type { Anatomy } from '../anatomy/part.ts';
import type { Ranking } from '../anatomy/ranking.ts';
import type { Statistics } from '../anatomy/statistics.ts';
import type { Branch } from '../anatomy/tree.ts';
import type { Plan } from '../anatomy/turned.ts';
import type { Bits } from '../core/dials.ts';
import type { Failure } from '../core/errors.ts';
import type { Experiment, KernelChoice, ProviderChoice } from '../experiment/experiment.ts';

export type { Anatomy, Part } from '../anatomy/part.ts';
export type { Ranked, RankedWeight, Ranking } from '../anatomy/ranking.ts';
export type { Statistics } from '../anatomy/statistics.ts';
export type { Branch } from '../anatomy/tree.ts';
export type { Plan } from '../anatomy/turned.ts';

/** The model that is asked about, and where its dials are. */
export interface AskedModel {
  readonly checkpoint: string;
  readonly provider: ProviderChoice;
  readonly kernels: KernelChoice;
  readonly plan: Plan;
}

export interface Questions {
  anatomy: object;
  statistics: { readonly tensor: string };
  /** Tiles at one level, each by its place: [down, along]. */
  tiles: {
    readonly tensor: string;
    readonly level: number;
    readonly at: readonly (readonly [number, number])[];
  };
  /** All of a tensor, for whoever computes with it elsewhere. */
  values: { readonly tensor: string };
  map: object;
  neighbours: { readonly token: number };
  next: { readonly prompt: string; readonly temperature: number; readonly topP: number };
  /** Goes on with both texts, greedily, for a while. */
  write: {
    readonly prompt: string;
    readonly untouched: readonly number[];
    readonly turned: readonly number[];
    readonly most: number;
    readonly budgetMs: number;
  };
  /** Answers problems from `from` on, greedily, for a while; at least one. */
  answers: {
    readonly task: Experiment['task'];
    readonly difficulty: number;
    readonly seed: number;
    readonly from: number;
    readonly to: number;
    readonly maxTokens: number;
    /** Who answers. */
    readonly by: 'untouched' | 'turned';
    readonly budgetMs: number;
  };
  /** `token`: whose logit; absent: the most probable one. */
  find: { readonly prompt: string; readonly token?: number };
}

export interface Opened {
  readonly name: string;
  readonly anatomy: Anatomy;
  readonly tree: Branch;
  /** Of all parameters, by bits per weight; those of fewer than 32 with their scales. */
  readonly bytes: Readonly<Record<Bits, number>>;
  /** Neurons of each layer's MLP. */
  readonly neurons: readonly number[];
  /** Texts of the first tokens, by id. */
  readonly tokens: readonly string[];
  readonly contextLength: number;
}

export interface Tile {
  readonly down: number;
  readonly along: number;
  /** TILE x TILE cells; NaN outside the matrix. */
  readonly cells: Float32Array;
}

export interface NextToken {
  readonly token: number;
  readonly text: string;
  /** Probabilities with the file's numbers and with the turned ones. */
  readonly untouched: number;
  readonly turned: number;
}

export interface Next {
  readonly prompt: readonly { readonly id: number; readonly text: string }[];
  /** The most probable of either, most probable first. */
  readonly top: readonly NextToken[];
  /** KL(untouched || turned) at temperature 1 and top-p 1. Nats. */
  readonly divergence: number;
  /** Numbers that the edits address, and edits that could not be made, by number. */
  readonly touched: number;
  readonly failures: readonly { readonly edit: number; readonly failure: Failure }[];
  /** Milliseconds in the worker, from the question to this. */
  readonly ms: number;
}

export interface Writing {
  readonly untouched: readonly number[];
  readonly turned: readonly number[];
  readonly untouchedText: string;
  readonly turnedText: string;
  readonly done: boolean;
}

export interface Answered {
  /** Rewards of problems from `from` on. */
  readonly rewards: readonly number[];
  readonly first: { readonly prompt: string; readonly expected: string; readonly text: string };
}

export interface Found extends Ranking {
  readonly token: number;
  readonly text: string;
  readonly logit: number;
  readonly ms: number;
}

export interface Replies {
  anatomy: Opened;
  statistics: Statistics;
  tiles: { readonly tiles: readonly Tile[] };
  values: { readonly values: Float32Array; readonly rows: number; readonly columns: number };
  map: TokenMap;
  neighbours: {
    readonly near: readonly {
      readonly token: number;
      readonly text: string;
      readonly cosine: number;
    }[];
  };
  next: Next;
  write: Writing;
  answers: Answered;
  find: Found;
}

export type What = keyof Questions;
export type Ask = { [W in What]: { readonly what: W } & Questions[W] }[What];
export type Reply = { [W in What]: { readonly what: W } & Replies[W] }[What];
