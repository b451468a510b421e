// Rows of different lengths as the rectangles that a session reads: padded on the right, where causal attention
// never looks back from, and sorted by length, so that little is padded.

import { UserError } from '../core/errors.ts';
import type { TokenRow } from '../core/trainable.ts';
import { IdBuffer } from './idBuffer.ts';
import type { OrtRuntime, Tensor } from './runtime.ts';
import type { IdType } from './signature.ts';

/** What the training graph wants, by input name. */
export interface BatchInputs {
  readonly ids: string;
  readonly mask: string | undefined;
  readonly positions: string | undefined;
  readonly types: ReadonlyMap<string, IdType>;
}

/** @throws UserError 'context' or 'vocabulary' for what the model cannot read */
export function checkRows(
  rows: readonly TokenRow[],
  limits: { readonly vocab: number; readonly contextLength: number },
): void {
  rows.forEach(({ tokens, targets, weights }, row) => {
    if (tokens.length !== targets.length || tokens.length !== weights.length) {
      throw new Error(
        `row ${row}: ${tokens.length} tokens, ${targets.length} targets, ${weights.length} weights`,
      );
    }
    if (tokens.length === 0) throw new Error(`row ${row} is empty`);
    if (tokens.length > limits.contextLength) {
      throw new UserError(
        'context',
        `Example ${row + 1} of the batch has ${tokens.length} tokens; the model reads at most ${limits.contextLength}.`,
        'Leave out or shorten the example, or choose a model with a longer context.',
      );
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

/** Feeds of one micro-batch: everything but the parameters. At least `width` columns. */
export function feedsOf(
  rows: readonly TokenRow[],
  inputs: BatchInputs,
  runtime: OrtRuntime,
  width = 1,
): Record<string, Tensor> {
  const columns = Math.max(width, ...rows.map(({ tokens }) => tokens.length));
  const dims = [rows.length, columns];
  const buffer = (name: string) => new IdBuffer(inputs.types.get(name)!, rows.length * columns);
  const ids = buffer(inputs.ids);
  const targets = buffer('targets');
  const mask = inputs.mask === undefined ? undefined : buffer(inputs.mask);
  const positions = inputs.positions === undefined ? undefined : buffer(inputs.positions);
  const weights = new Float32Array(rows.length * columns);
  rows.forEach((row, r) => {
    row.tokens.forEach((token, t) => {
      const at = r * columns + t;
      ids.set(at, token);
      targets.set(at, row.targets[t]!);
      weights[at] = row.weights[t]!;
      mask?.set(at, 1);
      positions?.set(at, t);
    });
  });
  return {
    [inputs.ids]: ids.tensor(runtime, 0, dims),
    targets: targets.tensor(runtime, 0, dims),
    weights: new runtime.Tensor('float32', weights, dims),
    ...(mask && { [inputs.mask!]: mask.tensor(runtime, 0, dims) }),
    ...(positions && { [inputs.positions!]: positions.tensor(runtime, 0, dims) }),
  };
}
