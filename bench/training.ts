// What a step of training costs: against the same model's inference, against a decoder written by hand in jax-js, and
// what the family's two sizes cost per token. Rows of one length, so that nothing is padded; one thread.

import { uniforms } from '../src/core/rng.ts';
import type { TokenRow, Update } from '../src/core/trainable.ts';
import { createTrainable } from '../src/models/createTrainable.ts';
import { type Architecture, decoderGraph } from '../src/models/decoderGraph.ts';
import { OnnxModel } from '../src/models/onnxModel.ts';
import type { OrtRuntime, Tensor } from '../src/models/runtime.ts';
import { writeModel } from '../src/onnx/model.ts';
import { modelFrom } from '../src/onnx/proto.ts';
import type { JaxGpt } from './jaxGpt.ts';
import { type Clock, type Contender, type TurnOptions, takeTurns } from './turns.ts';

/** The family's characters. */
const VOCABULARY = 79;
const [ROWS, COLUMNS] = [32, 64] as const;
const SEED = 1;
export const SHAPES: readonly Architecture[] = [
  { layers: 2, width: 64, heads: 4, context: COLUMNS, vocabulary: VOCABULARY },
  { layers: 4, width: 128, heads: 4, context: COLUMNS, vocabulary: VOCABULARY },
];
/** Rows of one pass: all of the batch, and what is usual. */
export const PASSES = [ROWS, 8] as const;
/** Steps over which both implementations must have the same losses. */
const SAME_STEPS = 8;
const SAME = 1e-4;

const UPDATE: Update = {
  learningRate: 1e-3,
  beta1: 0.9,
  beta2: 0.99,
  epsilon: 1e-8,
  weightDecay: 0.01,
  clip: 1,
};

/** Milliseconds. */
export interface StepCost {
  readonly shape: Architecture;
  readonly parameters: number;
  /** Logits of all rows in one pass of the inference graph. */
  readonly forward: number;
  /** Gradients, norm, clipping and AdamW, by PASSES. */
  readonly steps: readonly number[];
  /** Norm, clipping and AdamW, and the copy that `undo` goes back to. */
  readonly update: number;
  readonly jax?: {
    readonly step: number;
    /** Largest difference of the two losses in the first steps, in nats. */
    readonly apart: number;
  };
}

export interface StepOptions {
  /** Makes the yardstick, where it runs. */
  readonly jax?: typeof import('./jaxGpt.ts').jaxGpt;
  readonly shapes?: readonly Architecture[];
}

export async function benchSteps(
  runtime: OrtRuntime,
  clock: Clock,
  { jax, shapes = SHAPES }: StepOptions = {},
): Promise<StepCost[]> {
  const costs: StepCost[] = [];
  for (const shape of shapes) costs.push(await stepCost(runtime, clock, shape, jax));
  return costs;
}

/** On a GPU, what was queued is waited for. */
const turnsOn = ({ device }: OrtRuntime): TurnOptions => ({
  rounds: 5,
  blockMs: 400,
  ...(device && { settle: () => device.queue.onSubmittedWorkDone() }),
});

async function stepCost(
  runtime: OrtRuntime,
  clock: Clock,
  shape: Architecture,
  makeJax?: typeof import('./jaxGpt.ts').jaxGpt,
): Promise<StepCost> {
  const graph = decoderGraph(shape, SEED);
  const bytes = writeModel(modelFrom(graph));
  const rows = randomRows();
  const tokens = Int32Array.from(rows.flatMap((row) => row.tokens));
  const targets = Int32Array.from(rows.flatMap((row) => row.targets));
  const session = await runtime.createSession(bytes);
  const models = [];
  for (const microBatch of PASSES) {
    models.push(await createTrainable(bytes, runtime, { contextLength: COLUMNS, microBatch }));
  }
  const [first] = models;
  const weights = new Map(
    [...(await first!.state()).tensors].map(([name, { weights: values }]) => {
      return [name, { dims: graph.initializers.get(name)!.dims, values }] as const;
    }),
  );
  const jax: JaxGpt | undefined = await makeJax?.(
    shape,
    weights,
    [ROWS, COLUMNS],
    UPDATE,
    runtime.provider,
  );
  try {
    let apart = 0;
    for (let k = 0; jax && k < SAME_STEPS; k++) {
      const logProbs = await first!.accumulate(rows);
      await first!.step(UPDATE);
      const loss =
        logProbs.reduce((sum, row) => row.reduce((s, x) => s - x, sum), 0) / tokens.length;
      apart = Math.max(apart, Math.abs(loss - (await jax.step(tokens, targets))));
    }
    if (!(apart <= SAME))
      throw new Error(`the losses of jax-js are ${apart} nats off: not the same model`);
    const feeds = inferenceFeeds(runtime, shape, rows);
    const contenders: Contender[] = [
      { name: 'forward', run: async () => dispose(await session.run(feeds, ['logits'])) },
      ...models.map((model, i) => ({
        name: `step ${PASSES[i]}`,
        async run() {
          await model.accumulate(rows);
          await model.step(UPDATE);
        },
      })),
      { name: 'update', run: () => first!.step(UPDATE) },
      ...(jax ? [{ name: 'jax', run: () => jax.step(tokens, targets) }] : []),
    ];
    const times = await takeTurns(contenders, clock, turnsOn(runtime));
    return {
      shape,
      parameters: first!.size,
      forward: times.get('forward')!,
      steps: PASSES.map((size) => times.get(`step ${size}`)!),
      update: times.get('update')!,
      ...(jax && { jax: { step: times.get('jax')!, apart } }),
    };
  } finally {
    jax?.dispose();
    for (const model of models) await model.release();
    await session.release();
  }
}

function randomRows(): TokenRow[] {
  const next = uniforms(SEED, 0);
  const token = () => Math.floor(next() * VOCABULARY);
  return Array.from({ length: ROWS }, () => {
    const tokens = Array.from({ length: COLUMNS }, token);
    const weights = tokens.map(() => -1 / (ROWS * COLUMNS));
    return { tokens, targets: [...tokens.slice(1), token()], weights };
  });
}

/** All rows, with an empty cache. */
function inferenceFeeds(
  { Tensor }: OrtRuntime,
  { layers, width, heads }: Architecture,
  rows: readonly TokenRow[],
): Record<string, Tensor> {
  const dims = [ROWS, COLUMNS];
  const ids = (of: (row: number, column: number) => number) =>
    new Tensor(
      'int64',
      BigInt64Array.from({ length: ROWS * COLUMNS }, (_, i) =>
        BigInt(of(Math.floor(i / COLUMNS), i % COLUMNS)),
      ),
      dims,
    );
  const empty = () => new Tensor('float32', new Float32Array(), [ROWS, heads, 0, width / heads]);
  const caches = Array.from({ length: layers }, (_, layer) =>
    ['key', 'value'].map((what) => [`past_key_values.${layer}.${what}`, empty()] as const),
  );
  return {
    input_ids: ids((row, column) => rows[row]!.tokens[column]!),
    attention_mask: ids(() => 1),
    position_ids: ids((_, column) => column),
    ...Object.fromEntries(caches.flat()),
  };
}

function dispose(outputs: Readonly<Record<string, Tensor>>): void {
  for (const output of Object.values(outputs)) output.dispose();
}

/** What one pass over one token costs, averaged over a text that is read token by token with its cache. */
export interface PassCost {
  readonly name: string;
  readonly shape: Architecture;
  readonly ms: number;
}

const TEXT = 96;

/** @param architectures of the checkpoints to compare, by name */
export async function benchPasses(
  runtime: OrtRuntime,
  clock: Clock,
  architectures: Readonly<Record<string, Omit<Architecture, 'vocabulary'>>>,
): Promise<PassCost[]> {
  const next = uniforms(SEED, 1);
  const text = Array.from({ length: TEXT }, () => Math.floor(next() * VOCABULARY));
  const models: { name: string; shape: Architecture; model: OnnxModel }[] = [];
  try {
    for (const [name, architecture] of Object.entries(architectures)) {
      const shape = { ...architecture, vocabulary: VOCABULARY };
      const bytes = writeModel(modelFrom(decoderGraph(shape, SEED)));
      const config = { contextLength: shape.context, eos: [], bos: 1 };
      const model = await OnnxModel.create(name, name, config, runtime, bytes);
      models.push({ name, shape, model });
    }
    const contenders = models.map(({ name, model }): Contender => {
      const decoder = model.decoder(VOCABULARY);
      return {
        name,
        async run() {
          decoder.forget();
          for (let length = 1; length <= TEXT; length++) {
            (await decoder.logits(text.slice(0, length), length)).dispose();
          }
        },
      };
    });
    const times = await takeTurns(contenders, clock, turnsOn(runtime));
    return models.map(({ name, shape }) => ({ name, shape, ms: times.get(name)! / TEXT }));
  } finally {
    for (const { model } of models) await model.release();
  }
}
