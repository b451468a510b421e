// Any float32 decoder, made trainable on a GPU: a forward session leaves logits and what its backward part needs as
// buffers, the loss kernel writes dL/dlogits in place of the logits, a backward session leaves the gradients as
// buffers, and accumulation, norm and AdamW are kernels. Logits, gradients and weights never leave the device; what
// comes home is the targets' log-probs and the norm.

import type { Policy } from '../autodiff/partition.ts';
import { DeviceTraining } from '../backend/deviceTraining.ts';
import type { Learned, Scores } from '../core/policy.ts';
import type { StepReport, TokenRow, Update } from '../core/trainable.ts';
import { float32Of } from '../onnx/tensor.ts';
import type { DecoderConfig } from './config.ts';
import type { LiveWeights, OnnxModel } from './onnxModel.ts';
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
  microBatches,
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
  readonly #options: Required<Pick<TrainableOptions, 'microBatch' | 'minColumns'>>;

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
    this.#options = { microBatch: 8, minColumns: 1, ...options };
    this.contextLength = options.contextLength;
    this.vocab = graph.vocab;
    this.warnings = graph.normalized.warnings;
    const tensors = graph.normalized.parameters.map(({ name, dims }, i) => {
      const buffer = training.buffers[i]!;
      return [name, runtime.Tensor.fromGpuBuffer(buffer, { dataType: 'float32', dims })];
    });
    this.#live = { tensors: Object.fromEntries(tensors), version: 0 };
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
    for (const numbers of microBatches(rows, this.#options.microBatch)) {
      const some = numbers.map((number) => rows[number]!);
      const columns = columnsOf(some, this.#options.minColumns);
      scatterRows(await this.#pass(some, columns), columns, numbers, rows, logProbs);
    }
    return logProbs;
  }

  /** Log-probs of a micro-batch's rectangle; its gradients are added to what is on the device. */
  async #pass(rows: readonly TokenRow[], columns: number): Promise<Float32Array> {
    const { inputs, gradients, vocab } = this.#graph;
    const given = {
      ...modelFeeds(rows, columns, inputs, this.#runtime),
      ...this.#live.tensors,
    };
    const { forward, backward } = this.#sessions;
    const kept = await forward.run(only(given, forward)).catch(passFailed);
    let results: Record<string, Tensor> = {};
    try {
      const logits = kept.logits!;
      const [targets, weights] = [targetsOf(rows, columns), weightsOf(rows, columns)];
      const { gpuBuffer } = logits;
      const loss = await this.#training.lossInPlace(gpuBuffer, vocab, targets, weights);
      const seeded = only({ ...given, ...kept, dlogits: logits }, backward);
      const [read, ran] = await Promise.allSettled([loss.logProbs, backward.run(seeded)]);
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

  async score(): Promise<readonly Scores[]> {
    throw noPolicy();
  }

  async learn(): Promise<readonly Learned[]> {
    throw noPolicy();
  }

  async step(update: Update): Promise<StepReport> {
    const report = await this.#training.step(update);
    if (report.applied) this.#live.version++;
    return report;
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
