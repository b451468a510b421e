// What a model in training writes, and how much of it is right: greedy answers to questions that it does not
// learn from.

import { algorithms } from '../algorithms/index.ts';
import { type SftParams, sftRows } from '../algorithms/sft.ts';
import type { AnyAlgorithm } from '../core/algorithm.ts';
import type { TokenRow, TrainableModel } from '../core/trainable.ts';
import type { Experiment } from '../experiment/experiment.ts';
import { loadCheckpoint } from '../models/checkpoint.ts';
import { memoryFolder } from '../models/folder.ts';
import type { OnnxModel } from '../models/onnxModel.ts';
import { microBatches } from '../models/trainingBatch.ts';
import { toExample } from './examples.ts';
import { generateQuietly, type Stopped } from './generation.ts';
import { endOf, MODEL, type TrainRoom } from './trainRoom.ts';

/** Examples that the loss is measured on. */
export const HELD_OUT_EXAMPLES = 64;
/** Answers that are shown. */
const SAMPLES = 6;
/** A right answer is worth this much. */
const RIGHT = 1;

export interface Sample {
  readonly index: number;
  readonly prompt: string;
  readonly expected: string;
  readonly text: string;
  readonly correct: boolean;
}

export interface Measured {
  /** Mean reward. */
  readonly accuracy: number;
  readonly samples: readonly Sample[];
}

/** Milliseconds of computing are added here; a pause in between does not count. */
export type Spend = (ms: number) => void;

/**
 * `model.accumulate` in passes of `size` rows, so that others are heard in between. They are the passes that the
 * model itself would make of all rows: sums are the same to the bit.
 * @param stopped asked before each pass; throws to leave early
 */
export async function inPasses(
  model: TrainableModel,
  rows: readonly TokenRow[],
  size: number,
  stopped: Stopped,
  spend: Spend,
): Promise<readonly Float32Array[]> {
  const logProbs: Float32Array[] = new Array(rows.length);
  for (const numbers of microBatches(rows, size)) {
    await stopped();
    const begun = performance.now();
    const some = await model.accumulate(numbers.map((number) => rows[number]!));
    spend(performance.now() - begun);
    numbers.forEach((number, i) => {
      logProbs[number] = some[i]!;
    });
  }
  return logProbs;
}

/**
 * Mean nats per token on examples that are not learned from. Nothing may be accumulated before; the weights stay.
 * @param stopped may throw to leave early
 */
export async function heldOutLoss(
  { trainable, source }: TrainRoom,
  { prompts, microBatch }: Pick<SftParams, 'prompts'> & { readonly microBatch: number },
  stopped: Stopped,
  spend: Spend = () => {},
): Promise<number> {
  const count = Math.min(HELD_OUT_EXAMPLES, source.heldOuts ?? HELD_OUT_EXAMPLES);
  const examples = Array.from({ length: count }, (_, i) => source.heldOut(i));
  const { rows } = sftRows(examples, prompts);
  try {
    const logProbs = await inPasses(trainable, rows, microBatch, stopped, spend);
    return rows.reduce(
      (sum, { weights }, r) =>
        sum + weights.reduce((s, g, t) => (g ? s + g * logProbs[r]![t]! : s), 0),
      0,
    );
  } finally {
    trainable.forget();
  }
}

/** @param stopped may throw to leave early */
export async function measure(
  experiment: Experiment,
  room: TrainRoom,
  stopped: Stopped,
  spend: Spend,
): Promise<Measured> {
  const { role, source, base, ops, progress } = room;
  const count = Math.min(experiment.problems, source.heldOuts ?? experiment.problems);
  const begun = performance.now();
  const writer = await writerOf(room);
  spend(performance.now() - begun);
  try {
    const { tokenizer } = base;
    const decoder = writer.model.decoder(tokenizer.size);
    const samples: Sample[] = [];
    let sum = 0;
    for (let index = 0; index < count; index++) {
      progress({ stage: 'evaluate', role, loaded: index, total: count });
      const question = source.question(index);
      const { prompt, completion } = toExample(tokenizer, endOf(base), question);
      const answer = await generateQuietly(
        { models: { [role]: decoder }, tokenizer, ops },
        {
          algorithm: algorithms.greedy as AnyAlgorithm,
          params: { model: role },
          prompt,
          // Whoever has not ended a while after the example has does not know how.
          maxTokens: Math.min(
            2 * completion.length,
            experiment.maxTokens,
            base.config.contextLength - prompt.length,
          ),
          seed: experiment.seed,
          run: index,
        },
        stopped,
      );
      if (!answer) break;
      spend(answer.stats.ms);
      const reward = question.reward(answer.text);
      sum += reward;
      if (index >= SAMPLES) continue;
      const { text } = answer;
      const { prompt: asked, answer: expected } = question;
      samples.push({ index, prompt: asked, expected, text, correct: reward === RIGHT });
    }
    decoder.forget();
    return { accuracy: sum / count, samples };
  } finally {
    await writer.release();
  }
}

interface Writer {
  readonly model: OnnxModel;
  release(): Promise<void>;
}

/**
 * A model that writes with the weights as they are. On a GPU the very buffers that are trained; elsewhere a copy,
 * because ONNX Runtime copies weights that are inputs into its memory at every pass (docs/training.md).
 */
async function writerOf({ base, trainable, runtime }: TrainRoom): Promise<Writer> {
  if (runtime.provider === 'webgpu') {
    const model = await trainable.decoder(base.name, base.config);
    return { model, release: () => model.release() };
  }
  const files = new Map(base.files).set(MODEL, await trainable.export());
  return loadCheckpoint(memoryFolder(base.name, files), runtime);
}
