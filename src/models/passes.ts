// Rows in as many passes as memory asks for. A pass that runs out of memory is tried again in two halves, and from then
// on all passes are that small; sums differ by rounding only.

import { UserError } from '../core/errors.ts';
import type { TokenRow } from '../core/trainable.ts';
import type { TrainableOptions } from './trainable.ts';
import { microBatches } from './trainingBatch.ts';

export interface Passes {
  readonly minColumns: number;
  /** Calls `run` with the numbers of the rows of each pass, shortest rows first; it must do nothing if it fails. */
  each(
    rows: readonly TokenRow[],
    run: (numbers: readonly number[]) => Promise<void>,
  ): Promise<void>;
}

export function passesOf({
  microBatch = 8,
  minColumns = 1,
  onSmaller = () => {},
  between = async () => {},
}: Pick<TrainableOptions, 'microBatch' | 'minColumns' | 'onSmaller' | 'between'>): Passes {
  let most = microBatch;

  async function attempt(
    rows: readonly TokenRow[],
    numbers: readonly number[],
    run: (numbers: readonly number[]) => Promise<void>,
  ): Promise<void> {
    if (numbers.length > most) return halves(rows, numbers, run);
    await between();
    try {
      await run(numbers);
    } catch (error) {
      if (!isShortage(error)) throw error;
      if (numbers.length === 1) throw tooMuch(rows[numbers[0]!]!.tokens.length, error);
      most = Math.ceil(numbers.length / 2);
      onSmaller(most);
      return halves(rows, numbers, run);
    }
  }

  async function halves(
    rows: readonly TokenRow[],
    numbers: readonly number[],
    run: (numbers: readonly number[]) => Promise<void>,
  ): Promise<void> {
    const middle = Math.ceil(numbers.length / 2);
    await attempt(rows, numbers.slice(0, middle), run);
    await attempt(rows, numbers.slice(middle), run);
  }

  return {
    minColumns,
    async each(rows, run) {
      for (const numbers of microBatches(rows, most)) await attempt(rows, numbers, run);
    },
  };
}

const tooMuch = (tokens: number, cause: unknown) =>
  new UserError(
    'runtime',
    `There is not enough memory for a pass of one row of ${tokens} tokens; passes were halved until then.`,
    'Allow shorter completions or prompts, train adapters (LoRA), choose a smaller checkpoint, or close other tabs.',
    { cause },
  );

/** Did a pass fail for want of memory? In the words of ONNX Runtime, WebAssembly and JavaScript. */
export function isShortage(error: unknown): boolean {
  const text = (one: unknown): string => (one instanceof Error ? one.message : String(one));
  const cause = error instanceof UserError ? error.cause : undefined;
  return /alloc|out of memory|no memory left|memory access out of bounds|invalid array length/i.test(
    `${text(error)} ${cause === undefined ? '' : text(cause)}`,
  );
}
