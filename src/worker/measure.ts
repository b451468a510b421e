// How good a model in training is on examples that it does not learn from: its loss, and what it writes.

import { algorithms } from '../algorithms/index.ts';
import { type SftParams, sftRows } from '../algorithms/sft.ts';
import type { AnyAlgorithm } from '../core/algorithm.ts';
import type { TokenRow, TrainableModel } from '../core/trainable.ts';
import { microBatches } from '../models/trainingBatch.ts';
import { LOSS_EXAMPLES } from './examples.ts';
import { generateQuietly, type Stopped } from './generation.ts';
import type { TrainingRoom } from './trainingRoom.ts';

/** Milliseconds of computing are added here; a pause within it does not count. */
export type Spend = (ms: number) => void;

/**
 * `model.accumulate` in passes of `size` rows, with `stopped` asked before each. The passes are those that the model
 * itself would make of all rows, so that the sums are the same to the bit. Undefined when stopped.
 */
export async function inPasses(
  model: TrainableModel,
  rows: readonly TokenRow[],
  size: number,
  stopped: Stopped,
  spend: Spend,
): Promise<readonly Float32Array[] | undefined> {
  const logProbs: Float32Array[] = new Array(rows.length);
  for (const numbers of microBatches(rows, size)) {
    if (await stopped()) return undefined;
    const began = performance.now();
    const some = await model.accumulate(numbers.map((number) => rows[number] as TokenRow));
    spend(performance.now() - began);
    numbers.forEach((number, i) => {
      logProbs[number] = some[i] as Float32Array;
    });
  }
  return logProbs;
}

/** Mean nats per token. Nothing may be accumulated before it, and nothing is after it. Undefined when stopped. */
export async function heldOutLoss(
  { model, examples }: TrainingRoom,
  { prompts, microBatch }: Pick<SftParams, 'prompts'> & { readonly microBatch: number },
  stopped: Stopped,
  spend: Spend,
): Promise<number | undefined> {
  const count = Math.min(LOSS_EXAMPLES, examples.heldOutCount);
  const some = Array.from({ length: count }, (_, i) => examples.heldOut(i).example);
  const { rows } = sftRows(some, prompts);
  try {
    const logProbs = await inPasses(model, rows, microBatch, stopped, spend);
    return (
      logProbs &&
      rows.reduce(
        (sum, { weights }, r) =>
          sum + weights.reduce((s, g, t) => (g ? s + g * (logProbs[r]?.[t] ?? Number.NaN) : s), 0),
        0,
      )
    );
  } finally {
    model.forget();
  }
}

/** What the model wrote for a held-out prompt. */
export interface Answer {
  readonly index: number;
  readonly prompt: string;
  readonly expected: string;
  readonly text: string;
  readonly reward: number;
}

/** Greedy answers to the first `count` held-out prompts. Undefined when stopped. */
export async function heldOutAnswers(
  { role, decoder, tokenizer, ops, examples }: TrainingRoom,
  count: number,
  stopped: Stopped,
  spend: Spend,
  progress: (done: number) => void,
): Promise<readonly Answer[] | undefined> {
  const room = { models: { [role]: decoder }, tokenizer, ops };
  const greedy = { algorithm: algorithms.greedy as AnyAlgorithm, params: { model: role } };
  const answers: Answer[] = [];
  try {
    for (let index = 0; index < count; index++) {
      const { prompt, completion, example, reward } = examples.heldOut(index);
      // Whoever has not ended by then is wrong; open-ended text may be longer than its example.
      const most = example.completion.length * (examples.verifiable ? 1 : 2);
      const maxTokens = Math.min(most, decoder.contextLength - example.prompt.length);
      const request = { ...greedy, prompt: example.prompt, maxTokens, seed: 0, run: index };
      const written = await generateQuietly(room, request, stopped);
      if (!written) return undefined;
      spend(written.stats.ms);
      const { text } = written;
      answers.push({ index, prompt, expected: completion, text, reward: reward(text) });
      progress(index + 1);
    }
    return answers;
  } finally {
    decoder.forget();
  }
}
