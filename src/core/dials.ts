// What one looks at, turns and watches among the parameters of two models: plain values, so that a link can carry
// them. Which numbers of which tensors a target means is worked out against a checkpoint (src/anatomy).

/** The two models that are looked at side by side. */
export const LOOKED_AT = ['small', 'large'] as const;
export type LookedAt = (typeof LOOKED_AT)[number];
export const isLookedAt = (role: string): role is LookedAt =>
  (LOOKED_AT as readonly string[]).includes(role);

export const VIEWS = ['count', 'look', 'turn', 'find', 'watch'] as const;
export type View = (typeof VIEWS)[number];

/** Some of a model's numbers, by what they are for. Layers, heads, neurons, rows and columns count from 0. */
export type Target =
  /** Element number `index` of the tensor, row by row. */
  | { readonly kind: 'weight'; readonly tensor: string; readonly index: number }
  | { readonly kind: 'row' | 'column'; readonly tensor: string; readonly index: number }
  | { readonly kind: 'tensor'; readonly tensor: string }
  /** An attention head: its part of the query, key and value projections, and of the output projection. */
  | { readonly kind: 'head'; readonly layer: number; readonly index: number }
  /** A neuron of the MLP: what it listens to, its bias, and what it writes. */
  | { readonly kind: 'neuron'; readonly layer: number; readonly index: number }
  | { readonly kind: 'layer'; readonly layer: number };

/**
 * set: to the amount; scale: times the amount; zero; flip: the other sign; noise: plus normal noise of the amount
 * times the standard deviation of the tensor.
 */
export const ACTIONS = ['set', 'scale', 'zero', 'flip', 'noise'] as const;
export type Action = (typeof ACTIONS)[number];

/** zero and flip need no amount. */
export const takesAmount = (action: Action): boolean => action !== 'zero' && action !== 'flip';

export interface Edit {
  readonly role: LookedAt;
  readonly target: Target;
  readonly action: Action;
  /** Read by set, scale and noise; else 0. */
  readonly amount: number;
}

/** A number that is followed while its model learns. */
export interface Pin {
  readonly role: LookedAt;
  readonly tensor: string;
  /** Element number, row by row. */
  readonly index: number;
}

/** Bits per weight of a whole model; 32 is as it came. */
export const BITS = [32, 8, 4, 3, 2] as const;
export type Bits = (typeof BITS)[number];

export interface Dials {
  readonly view: View;
  readonly model: LookedAt;
  /** Name of the tensor that is looked at; empty: the first. */
  readonly tensor: string;
  /** Made one after the other, after rounding. */
  readonly edits: readonly Edit[];
  readonly smallBits: Bits;
  readonly largeBits: Bits;
  readonly pins: readonly Pin[];
  /** How far a number must be from where it began to have moved. */
  readonly moved: number;
  /** Settings, not parameters: how the next token is drawn. 0 is greedy. */
  readonly temperature: number;
  /** The most probable tokens that together have this much of the probability stay. */
  readonly topP: number;
  /** Stop of the guided tour; 0 is none. */
  readonly tour: number;
}

export const DIAL_LIMITS = {
  edits: 40,
  pins: 12,
  /** Of an amount, either way. */
  amount: 1e6,
  moved: { min: 0, max: 1 },
  temperature: { min: 0, max: 3 },
  topP: { min: 0.01, max: 1 },
  tour: { min: 0, max: 20 },
} as const;

export const defaultDials: Dials = {
  view: 'count',
  model: 'small',
  tensor: '',
  edits: [],
  smallBits: 32,
  largeBits: 32,
  pins: [],
  moved: 0.001,
  temperature: 1,
  topP: 1,
  tour: 0,
};

export const bitsOf = (dials: Dials, role: LookedAt): Bits =>
  role === 'small' ? dials.smallBits : dials.largeBits;

/** Do both mean the same numbers? */
export const sameTarget = (a: Target, b: Target): boolean => keyOf(a) === keyOf(b);

/** One text for one target. */
export function keyOf(target: Target): string {
  switch (target.kind) {
    case 'tensor':
      return `tensor ${target.tensor}`;
    case 'layer':
      return `layer ${target.layer}`;
    case 'head':
    case 'neuron':
      return `${target.kind} ${target.layer}.${target.index}`;
    default:
      return `${target.kind} ${target.index} ${target.tensor}`;
  }
}
