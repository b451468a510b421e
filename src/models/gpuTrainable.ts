// Any float32 decoder, made trainable on a GPU: a forward session leaves logits and what its backward part needs as
// buffers, the loss kernel writes dL/dlogits in place of the logits, a backward session leaves the gradients as
// buffers, and accumulation, norm and AdamW are kernels. Logits, gradients and weights never leave the device; what
// comes home is the targets' log-probs and the norm.

import type { Policy } from '../autodiff/partition.ts';
import { DeviceTraining } from '../backend/deviceTraining.ts';
import { learnedAt, policyRows } from '../backend/policyWords.ts';
import type { Learned, PolicySequence, Scores, Sequence } from '../core/policy.ts';
import type { PolicyObjective } from '../core/policyLoss.ts';
import { objectiveOf } from '../core/policyVariants.ts';
import type { StepReport, TokenRow, Update } from '../core/trainable.ts';
import { float32Of } from '../onnx/tensor.ts';
import type { DecoderConfig } from './config.ts';
import type { LiveWeights, OnnxModel } from './onnxModel.ts';
import { type Passes, passesOf } from './passes.ts';
import { rowOf } from './policyRows.ts';
import type { InferenceSession, OrtRuntime, Tensor } from './runtime.ts';
import {
  type BatchGradients,
  checkState,
  type Element,
  type Floats,
  graphRefused,
  isMatrix,
  noPolicy,
  only,
  passFailed,
  type Trainable,
  type TrainableOptions,
  type TrainingState,
} from './trainable.ts';
import { trainedModel } from './trainedModel.ts';
import {
  checkRows,
  columnsOf,
  modelFeeds,
  scatterRows,
  targetsOf,
  weightsOf,
} from './trainingBatch.ts';
import { adapterFiles, type SplitGraph, splitGraph, trainedFile } from './trainingGraph.ts';

export interface GpuTrainableOptions extends TrainableOptions {
  /** What is kept between forward and backward. */
  readonly policy?: Policy;
}

/** What is judged only is not clipped. */
const NO_CLIPPING = { epsilon: 0, epsilonHigh: 0, delta: 0 } as const;

type Sessions = Readonly<Record<'forward' | 'backward', InferenceSession>>;

export class GpuTrainable implements Trainable {
  readonly vocab: number;
  readonly contextLength: number;
  readonly warnings: readonly string[];
  readonly #graph: SplitGraph;
  readonly #runtime: OrtRuntime;
  readonly #sessions: Sessions;
  readonly #training: DeviceTraining;
  readonly #live: LiveWeights & { version: number };
  readonly #passes: Passes;
  /** Of a policy. */
  readonly #temperature: number | undefined;
  /** Weights of the beginning, with buffers of their own. */
  readonly #reference: ReturnType<typeof copied> | undefined;

  private constructor(
    graph: SplitGraph,
    runtime: OrtRuntime,
    sessions: Sessions,
    training: DeviceTraining,
    options: TrainableOptions,
  ) {
    this.#graph = graph;
    this.#runtime = runtime;
    this.#sessions = sessions;
    this.#training = training;
    this.#passes = passesOf(options);
    this.#temperature = options.byReward?.temperature;
    this.contextLength = options.contextLength;
    this.vocab = graph.vocab;
    this.warnings = graph.normalized.warnings;
    const tensors = graph.normalized.parameters.map(({ name, dims }, i) => {
      const buffer = training.buffers[i]!;
      return [name, runtime.Tensor.fromGpuBuffer(buffer, { dataType: 'float32', dims })];
    });
    this.#live = { tensors: Object.fromEntries(tensors), version: 0 };
    if (options.byReward?.reference) this.#reference = copied(graph, runtime);
  }

  /**
   * @param bytes of an ONNX decoder, with or without cache
   * @param device the runtime's
   * @throws UserError 'onnx' for what cannot be differentiated, 'gpu' when it does not fit the device
   */
  static async create(
    bytes: Uint8Array<ArrayBuffer>,
    runtime: OrtRuntime,
    device: GPUDevice,
    options: GpuTrainableOptions,
  ): Promise<GpuTrainable> {
    const { microBatch: rows = 8, contextLength: columns, policy = 'saveAll' } = options;
    const graph = splitGraph(bytes, policy, { rows, columns }, options);
    const tensors = graph.normalized.parameters.map(({ dims, tensor }) => ({
      values: float32Of(tensor),
      decay: isMatrix(dims),
    }));
    const forward = await runtime.createSession(graph.forward).catch(graphRefused);
    try {
      const backward = await runtime.createSession(graph.backward).catch(graphRefused);
      try {
        const training = await DeviceTraining.create(device, tensors);
        return new GpuTrainable(graph, runtime, { forward, backward }, training, options);
      } catch (error) {
        await backward.release();
        throw error;
      }
    } catch (error) {
      await forward.release();
      throw error;
    }
  }

  get size(): number {
    return this.#training.size;
  }

  get steps(): number {
    return this.#training.steps;
  }

  async accumulate(rows: readonly TokenRow[]): Promise<readonly Float32Array[]> {
    checkRows(rows, this);
    const logProbs: Float32Array[] = new Array(rows.length);
    await this.#passes.each(rows, async (numbers) => {
      const some = numbers.map((number) => rows[number]!);
      const columns = columnsOf(some, this.#passes.minColumns);
      const found = await this.#pass(some, columns, this.#live.tensors, async (logits) => {
        const [targets, weights] = [targetsOf(some, columns), weightsOf(some, columns)];
        const { vocab } = this.#graph;
        const { logProbs: found } = await this.#training.lossInPlace(
          logits,
          vocab,
          targets,
          weights,
        );
        return { found };
      });
      scatterRows(found, columns, numbers, rows, logProbs);
    });
    return logProbs;
  }

  /**
   * A micro-batch's rectangle, forwards and, if what `loss` leaves in place of the logits is a gradient, backwards:
   * gradients are added to what is on the device. Resolves to what `loss` brings home.
   * @param loss submits what reads and replaces the logits; what it returns arrives while the backward pass runs
   */
  async #pass<T>(
    rows: readonly TokenRow[],
    columns: number,
    weights: Readonly<Record<string, Tensor>>,
    loss: (logits: GPUBuffer) => Promise<{ readonly found: Promise<T> }>,
    learns = true,
  ): Promise<T> {
    const { inputs, gradients } = this.#graph;
    const given = { ...modelFeeds(rows, columns, inputs, this.#runtime), ...weights };
    const { forward, backward } = this.#sessions;
    const kept = await forward.run(only(given, forward)).catch(passFailed);
    let results: Record<string, Tensor> = {};
    try {
      const logits = kept.logits!;
      const { found } = await loss(logits.gpuBuffer);
      if (!learns) return await found;
      const seeded = only({ ...given, ...kept, dlogits: logits }, backward);
      const [read, ran] = await Promise.allSettled([found, backward.run(seeded)]);
      if (ran.status === 'rejected') throw passFailed(ran.reason);
      results = ran.value;
      if (read.status === 'rejected') throw read.reason;
      const buffers = [...gradients.values()].map((name) => results[name]!.gpuBuffer);
      await this.#training.accumulate(buffers);
      return read.value;
    } finally {
      for (const tensor of [...Object.values(kept), ...Object.values(results)]) tensor.dispose();
    }
  }

  async gradients(rows: readonly TokenRow[]): Promise<BatchGradients> {
    this.forget();
    const logProbs = await this.accumulate(rows);
    const all = await this.#training.readGradients();
    this.forget();
    return { logProbs, gradients: new Map(this.#byName(all)) };
  }

  async score(
    sequences: readonly Sequence[],
    of: 'policy' | 'reference',
  ): Promise<readonly Scores[]> {
    const weights = of === 'policy' ? this.#live.tensors : this.#reference?.tensors;
    if (this.#temperature === undefined || !weights) throw noPolicy();
    const objective = objectiveOf('grpo', NO_CLIPPING, this.#temperature);
    const silent = sequences.map((one) => {
      const zeros = new Float32Array(one.completion.length);
      return { ...one, scales: zeros, advantages: zeros };
    });
    return this.#judge(silent, objective, weights, false);
  }

  async learn(
    sequences: readonly PolicySequence[],
    objective: PolicyObjective,
  ): Promise<readonly Learned[]> {
    if (this.#temperature === undefined) throw noPolicy();
    return this.#judge(sequences, objective, this.#live.tensors, true);
  }

  async #judge(
    sequences: readonly PolicySequence[],
    objective: PolicyObjective,
    weights: Readonly<Record<string, Tensor>>,
    learns: boolean,
  ): Promise<readonly Learned[]> {
    const rows = sequences.map((one) => rowOf(one));
    checkRows(rows, this);
    const learned: Learned[] = new Array(sequences.length);
    await this.#passes.each(rows, async (numbers) => {
      const some = numbers.map((number) => rows[number]!);
      const judged = numbers.map((number) => sequences[number]!);
      const columns = columnsOf(some, this.#passes.minColumns);
      const words = policyRows(judged, columns);
      const { vocab } = this.#graph;
      const loss = (logits: GPUBuffer) =>
        this.#training.policyLossInPlace(logits, vocab, words, objective);
      const found = await this.#pass(some, columns, weights, loss, learns);
      numbers.forEach((number, r) => {
        learned[number] = learnedAt(judged[r]!, found, r * columns);
      });
    });
    return learned;
  }

  async step(update: Update): Promise<StepReport> {
    const { span, ...report } = await this.#training.step(update);
    if (report.applied) this.#live.version++;
    const tensor = span === undefined ? undefined : this.#graph.normalized.parameters[span]?.name;
    return { ...report, ...(tensor !== undefined && { tensor }) };
  }

  forget(): void {
    this.#training.forget();
  }

  undo(): void {
    this.#training.undo();
    this.#live.version++;
  }

  peek(of: 'weights' | 'gradients', elements: readonly Element[]): Promise<number[]> {
    const { parameters } = this.#graph.normalized;
    const places = elements.map(({ name, index }) => {
      const span = this.#training.spans[parameters.findIndex((one) => one.name === name)];
      return span && index >= 0 && index < span.length ? span.first + index : -1;
    });
    return this.#training.peek(of, places);
  }

  async look(): Promise<ReadonlyMap<string, Floats>> {
    return new Map(this.#byName(await this.#training.readWeights()));
  }

  async state(): Promise<TrainingState> {
    const { step, weights, means, squares } = await this.#training.read();
    const [mean, square] = [means, squares].map((all) => new Map(this.#byName(all)));
    const tensors = this.#byName(weights).map(
      ([name, own]) =>
        [name, { weights: own, mean: mean!.get(name)!, square: square!.get(name)! }] as const,
    );
    return { step, tensors: new Map(tensors) };
  }

  async restore(state: TrainingState): Promise<void> {
    const { parameters } = this.#graph.normalized;
    const { spans, size } = this.#training;
    checkState(
      state,
      parameters.map(({ name }, i) => [name, spans[i]!.length]),
    );
    const flat = (kind: 'weights' | 'mean' | 'square') => {
      const all = new Float32Array(size);
      parameters.forEach(({ name }, i) => {
        all.set(state.tensors.get(name)![kind], spans[i]!.first);
      });
      return all;
    };
    const arrays = { weights: flat('weights'), means: flat('mean'), squares: flat('square') };
    this.#training.write(arrays, state.step);
    this.#live.version++;
  }

  async export(): Promise<Uint8Array<ArrayBuffer>> {
    const { weights } = await this.#training.read();
    return trainedFile(this.#graph, new Map(this.#byName(weights)));
  }

  async adapter(base: string): Promise<ReadonlyMap<string, Uint8Array<ArrayBuffer>> | undefined> {
    if (!this.#graph.lora) return undefined;
    const { weights } = await this.#training.read();
    return adapterFiles(this.#graph, new Map(this.#byName(weights)), base);
  }

  decoder(name: string, config: DecoderConfig): Promise<OnnxModel> {
    return trainedModel(name, config, this.#runtime, this.#graph, this.#live);
  }

  async release(): Promise<void> {
    await this.#sessions.forward.release();
    await this.#sessions.backward.release();
    this.#reference?.free();
    this.#training.dispose();
  }

  /** An array over all tensors, cut into copies of each. */
  #byName(all: Floats): [string, Floats][] {
    return this.#graph.normalized.parameters.map(({ name }, i) => {
      const { first, length } = this.#training.spans[i]!;
      return [name, all.slice(first, first + length)];
    });
  }
}

/** The file's weights, in buffers that nobody writes to. */
function copied({ normalized }: SplitGraph, { device, Tensor }: OrtRuntime) {
  if (!device) throw new Error('a GPU is needed');
  const buffers: GPUBuffer[] = [];
  const tensors = normalized.parameters.map(({ name, dims, tensor }) => {
    const values = float32Of(tensor).slice();
    const buffer = device.createBuffer({
      label: 'reference weight',
      size: Math.max(16, Math.ceil(values.length / 4) * 16),
      usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
    });
    device.queue.writeBuffer(buffer, 0, values);
    buffers.push(buffer);
    return [name, Tensor.fromGpuBuffer(buffer, { dataType: 'float32', dims })] as const;
  });
  return {
    tensors: Object.fromEntries(tensors),
    free() {
      for (const buffer of buffers) buffer.destroy();
    },
  };
}
