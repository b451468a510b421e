// Rows of different lengths as the rectangles that a pass reads: padded on the right, where causal attention
// never looks back from, and sorted by length, so that little is padded. A row may be several texts end to end.

import { UserError } from '../core/errors.ts';
import { type TokenRow, tooLong } from '../core/trainable.ts';
import { IdBuffer } from './idBuffer.ts';
import type { OrtRuntime, Tensor } from './runtime.ts';
import type { IdType } from './signature.ts';

/** As a word: no token of any vocabulary, which leaves a row of the loss kernel out. */
const NO_TARGET = 0xffffffff;

/** What the training graph wants, by input name. */
export interface BatchInputs {
  readonly ids: string;
  readonly mask: string | undefined;
  readonly positions: string | undefined;
  /** Which text of its row a position belongs to; only where rows may hold several. */
  readonly segments: string | undefined;
  readonly types: ReadonlyMap<string, IdType>;
}

/** @throws UserError 'context' or 'vocabulary' for what the model cannot read */
export function checkRows(
  rows: readonly TokenRow[],
  limits: { readonly vocab: number; readonly contextLength: number },
): void {
  rows.forEach(({ tokens, targets, weights, starts = [0] }, row) => {
    if (tokens.length !== targets.length || tokens.length !== weights.length) {
      throw new Error(
        `row ${row}: ${tokens.length} tokens, ${targets.length} targets, ${weights.length} weights`,
      );
    }
    if (tokens.length === 0) throw new Error(`row ${row} is empty`);
    if (tokens.length > limits.contextLength) {
      throw tooLong(row, tokens.length, limits.contextLength);
    }
    if (starts[0] !== 0 || starts.some((start, i) => start >= (starts[i + 1] ?? tokens.length))) {
      throw new Error(`row ${row}: texts begin at ${starts} among ${tokens.length} tokens`);
    }
    const stray = [...tokens, ...targets].find(
      (token) => !(Number.isInteger(token) && token >= 0 && token < limits.vocab),
    );
    if (stray !== undefined) {
      throw new UserError(
        'vocabulary',
        `Example ${row + 1} of the batch has the token ${stray}; the model knows 0 to ${limits.vocab - 1}.`,
        'Use the tokenizer that belongs to the model.',
      );
    }
  });
}

/** Row numbers, shortest rows first, in groups of at most `size`. */
export function microBatches(rows: readonly TokenRow[], size: number): number[][] {
  const order = rows.map((_, row) => row);
  order.sort((a, b) => rows[a]!.tokens.length - rows[b]!.tokens.length || a - b);
  return Array.from({ length: Math.ceil(order.length / size) }, (_, i) =>
    order.slice(i * size, (i + 1) * size),
  );
}

/** Columns of the rectangle that holds these rows; at least `least`. */
export function columnsOf(rows: readonly TokenRow[], least = 1): number {
  return Math.max(least, ...rows.map(({ tokens }) => tokens.length));
}

/**
 * What the model itself reads: ids, and masks and positions where it has them. Padding is token 0, masked; it
 * belongs to the last text, so that there is something for it to attend to.
 */
export function modelFeeds(
  rows: readonly TokenRow[],
  columns: number,
  inputs: BatchInputs,
  runtime: OrtRuntime,
): Record<string, Tensor> {
  const dims = [rows.length, columns];
  const buffer = (name: string) => new IdBuffer(inputs.types.get(name)!, rows.length * columns);
  const ids = buffer(inputs.ids);
  const mask = inputs.mask === undefined ? undefined : buffer(inputs.mask);
  const positions = inputs.positions === undefined ? undefined : buffer(inputs.positions);
  const segments = inputs.segments === undefined ? undefined : buffer(inputs.segments);
  rows.forEach(({ tokens, starts = [0] }, r) => {
    if (starts.length > 1 && !segments)
      throw new Error('these training graphs take no packed rows');
    let text = 0;
    for (let t = 0; t < columns; t++) {
      const at = r * columns + t;
      if (t === starts[text + 1]) text++;
      segments?.set(at, text);
      if (t >= tokens.length) continue;
      ids.set(at, tokens[t]!);
      mask?.set(at, 1);
      positions?.set(at, t - starts[text]!);
    }
  });
  return {
    [inputs.ids]: ids.tensor(runtime, 0, dims),
    ...(mask && { [inputs.mask!]: mask.tensor(runtime, 0, dims) }),
    ...(positions && { [inputs.positions!]: positions.tensor(runtime, 0, dims) }),
    ...(segments && { [inputs.segments!]: segments.tensor(runtime, 0, dims) }),
  };
}

/** What every position of a rectangle should predict, and what that counts; padding has weight 0. */
export interface LossWords {
  readonly targets: IdBuffer;
  readonly weights: Float32Array<ArrayBuffer>;
}

export function lossWords(
  rows: readonly TokenRow[],
  columns: number,
  inputs: BatchInputs,
): LossWords {
  const targets = new IdBuffer(inputs.types.get('targets')!, rows.length * columns);
  rows.forEach((row, r) => {
    for (const [t, target] of row.targets.entries()) targets.set(r * columns + t, target);
  });
  return { targets, weights: weightsOf(rows, columns) };
}

/** `targets` and `weights` of the joint graph, for the positions from `first` on that make up `dims`. */
export function lossFeeds(
  { targets, weights }: LossWords,
  first: number,
  dims: readonly number[],
  runtime: OrtRuntime,
): Record<string, Tensor> {
  const last = dims.reduce((size, dim) => size * dim, 1) + first;
  return {
    targets: targets.tensor(runtime, first, dims),
    weights: new runtime.Tensor('float32', weights.subarray(first, last), dims),
  };
}

/** So many positions in pieces of at most `most`. */
export const chunksOf = (positions: number, most: number) =>
  Array.from({ length: Math.ceil(positions / most) }, (_, i) => ({
    first: i * most,
    count: Math.min(most, positions - i * most),
  }));

/** g of every position, row by row; padding has weight 0. */
export function weightsOf(rows: readonly TokenRow[], columns: number): Float32Array<ArrayBuffer> {
  const weights = new Float32Array(rows.length * columns);
  rows.forEach((row, r) => {
    weights.set(row.weights, r * columns);
  });
  return weights;
}

/** Targets for the loss kernel; padding has none. */
export function targetsOf(rows: readonly TokenRow[], columns: number): Uint32Array<ArrayBuffer> {
  const targets = new Uint32Array(rows.length * columns).fill(NO_TARGET);
  rows.forEach((row, r) => {
    targets.set(row.targets, r * columns);
  });
  return targets;
}

/** Puts a micro-batch's numbers, `columns` a row, where its rows stand in the whole batch. */
export function scatterRows(
  all: Float32Array,
  columns: number,
  numbers: readonly number[],
  rows: readonly TokenRow[],
  into: Float32Array[],
): void {
  numbers.forEach((number, r) => {
    const begin = r * columns;
    into[number] = all.slice(begin, begin + rows[number]!.tokens.length);
  });
}
