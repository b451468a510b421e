// What a model's parameters are called when they are counted, looked at and turned: one part per tensor, with what
// it is for. Numbers of layers, heads and neurons count from 0.

import type { Failure } from '../core/errors.ts';

/** What a tensor is for. */
export type Purpose =
  | 'tokenEmbedding'
  | 'positionEmbedding'
  | 'query'
  | 'key'
  | 'value'
  /** Query, key and value in one matrix, side by side. */
  | 'queryKeyValue'
  | 'attentionOutput'
  | 'gate'
  | 'up'
  | 'down'
  | 'norm'
  | 'head'
  | 'other';

export type Block = 'embedding' | 'attention' | 'mlp' | 'norms' | 'head' | 'other';
/** The three kinds of parameters; a norm's gain is a weight. */
export type Kind = 'embedding' | 'weight' | 'bias';

/** coefficient * V^a * d^b ...: how many numbers, and why. */
export interface Monomial {
  readonly coefficient: number;
  /** By symbol. */
  readonly powers: Readonly<Record<string, number>>;
}

export interface Part {
  /** In the file. */
  readonly name: string;
  readonly dims: readonly number[];
  readonly count: number;
  readonly kind: Kind;
  readonly purpose: Purpose;
  readonly block: Block;
  /** Absent outside the layers. */
  readonly layer?: number;
  /** Of a matrix: does a column, or a row, belong to one output? Columns for x W, rows for x W^T. */
  readonly outputs: 'columns' | 'rows';
  /** Of a norm: what comes after it. */
  readonly before?: 'attention' | 'mlp' | 'head' | 'heads';
  /** Of how many; they multiply to `count`. */
  readonly formula: Monomial;
  /** As the file holds it: float32, float16, uint8 (4-bit, blocks of 32), ... */
  readonly stored: string;
  /** Its values are not the file's own, but what the file's integers stand for. */
  readonly quantised: boolean;
}

/** Sizes in the formulas, by symbol. */
export type Sizes = Readonly<Record<string, number>>;

export interface Heads {
  /** Query heads, key and value heads, and elements of one. */
  readonly query: number;
  readonly keyValue: number;
  readonly size: number;
}

export interface Anatomy {
  /** Numbers that training changes: of all parts. */
  readonly parameters: number;
  readonly layers: number;
  readonly parts: readonly Part[];
  readonly sizes: Sizes;
  /** Absent where they could not be told. */
  readonly heads?: Heads;
  /** Does the head use the token embedding's matrix? */
  readonly tied: boolean;
  /** Of the file's initialisers that are no parameters: constants, masks, scales of a quantisation. */
  readonly constants: number;
  /** Numbers that the file holds twice, as copies of a parameter, and those that it holds once for two. */
  readonly copies: number;
  readonly merged: number;
  /** Numbers of all initialisers of the file. */
  readonly stored: number;
  /** Why none of it can be turned or differentiated here. */
  readonly closed?: Failure;
}
