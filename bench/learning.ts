// From random weights to sums: what a training in the page learns, and how long it takes. Two-digit addition with 64
// sums held out, each of which must be written without a mistake in the end. The held-out sums occur in no example,
// so that none can be known by heart.

import { type Example, type SftParams, sft, sftParams } from '../src/algorithms/sft.ts';
import { createCpuBackend } from '../src/backend/cpu.ts';
import { defaultsOf } from '../src/core/params.ts';
import type { Problem } from '../src/core/task.ts';
import { createTrainable } from '../src/models/createTrainable.ts';
import { type Architecture, decoderGraph } from '../src/models/decoderGraph.ts';
import type { OrtRuntime } from '../src/models/runtime.ts';
import type { Tokenizer } from '../src/models/tokenizer.ts';
import type { Trainable } from '../src/models/trainable.ts';
import { writeModel } from '../src/onnx/model.ts';
import { modelFrom } from '../src/onnx/proto.ts';
import { addition } from '../src/tasks/addition.ts';
import { toExample } from '../src/worker/examples.ts';
import type { Clock } from './turns.ts';

export const LEARNING = {
  digits: 2,
  heldOut: 64,
  seed: 1,
  shape: { layers: 2, width: 64, heads: 4, context: 24 },
  knobs: {
    steps: 2000,
    batch: 64,
    learningRate: 4e-3,
    warmup: 100,
    floor: 0.02,
    evaluateEvery: 100,
  },
  /** All of a batch in one pass: rows are short and nearly equally long. */
  microBatch: 64,
} as const;

export interface LearningPoint {
  readonly step: number;
  /** Mean nats per token of the last step. */
  readonly loss: number;
  /** Held-out sums that were written without a mistake. */
  readonly right: number;
  /** Seconds since the first step, measuring included: of computing, and on the wall. */
  readonly seconds: number;
  readonly wall: number;
}

export interface LearningReport {
  readonly parameters: number;
  readonly curve: readonly LearningPoint[];
}

/** Trains until every held-out sum is right, or to the last step. */
export async function benchLearning(
  runtime: OrtRuntime,
  tokenizer: Tokenizer,
  eos: number,
  clock: Clock,
  say: (point: LearningPoint) => void = () => {},
): Promise<LearningReport> {
  const { digits, heldOut, seed, microBatch } = LEARNING;
  const shape: Architecture = { ...LEARNING.shape, vocabulary: tokenizer.size };
  const params: SftParams = { ...defaultsOf(sftParams), ...LEARNING.knobs };
  const { held, example } = problems(seed, digits, heldOut);
  const ended = (problem: Problem): Example => toExample(tokenizer, eos, problem);
  const bytes = writeModel(modelFrom(decoderGraph(shape, seed)));
  const model = await createTrainable(bytes, runtime, { contextLength: shape.context, microBatch });
  const curve: LearningPoint[] = [];
  try {
    const begun = { ms: await clock(), wall: performance.now() };
    const right = await measurer(model, tokenizer, held, eos);
    let loss = Number.NaN;
    const examples = (index: number) => ended(example(index));
    const evaluate = async (step: number) => {
      const point = {
        step,
        loss,
        right: await right(),
        seconds: ((await clock()) - begun.ms) / 1000,
        wall: (performance.now() - begun.wall) / 1000,
      };
      curve.push(point);
      say(point);
      return { right: point.right };
    };
    for await (const event of sft({ model, example: examples, params, evaluate })) {
      if (event.type === 'diverged') throw new Error(`diverged at step ${event.step}`);
      if (event.type === 'step') loss = event.loss;
      if (event.type === 'evaluated' && curve.at(-1)?.right === heldOut) break;
    }
    return { parameters: model.size, curve };
  } finally {
    await model.release();
  }
}

/** Sums to hold out, all different, and examples without them. */
function problems(seed: number, digits: number, count: number) {
  const held = new Map<string, Problem>();
  for (let index = 0; held.size < count; index++) {
    const problem = addition.problem(seed + 1, index, digits);
    held.set(problem.prompt, problem);
  }
  /** Far enough apart that no two examples take the same problem. */
  const stride = 2 ** 24;
  const example = (index: number): Problem => {
    for (let attempt = 0; ; attempt++) {
      const problem = addition.problem(seed, index + attempt * stride, digits);
      if (!held.has(problem.prompt)) return problem;
    }
  };
  return { held: [...held.values()], example };
}

/** Greedy answers to all problems at once, with the weights as they are; returns how many are right. */
async function measurer(
  model: Trainable,
  tokenizer: Tokenizer,
  held: readonly Problem[],
  eos: number,
): Promise<() => Promise<number>> {
  const { ops } = createCpuBackend();
  const live = await model.decoder('in training', {
    contextLength: model.contextLength,
    eos: [eos],
    bos: tokenizer.bos,
  });
  const decoder = live.decoder(model.vocab);
  const prompts = held.map(({ prompt }) => tokenizer.encode(prompt));
  const most = Math.max(...held.map(({ answer }) => answer.length)) + 1;
  return async () => {
    const texts = prompts.map((prompt) => [...prompt]);
    for (let t = 0; t < most; t++) {
      const logits = await decoder.nextLogits(texts);
      for (const [i, text] of texts.entries()) text.push((await ops.top1(logits, i)).token);
      logits.dispose();
    }
    const answers = texts.map((text, i) => {
      const own = text.slice(prompts[i]!.length);
      const end = own.indexOf(eos);
      return tokenizer.decode(end < 0 ? own : own.slice(0, end));
    });
    return answers.filter((answer, i) => addition.reward(answer, held[i]!) === 1).length;
  };
}
