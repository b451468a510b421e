// Any float32 decoder, made trainable where weights are arrays (Node, wasm): its file is normalised, its weights
// are lifted out, and one ONNX Runtime session computes log-probs and gradients together. What was trained goes
// back into the very file it came from.

import type { StepReport, TokenRow, Update } from '../core/trainable.ts';
import { float32Of } from '../onnx/tensor.ts';
import { adamw, globalNorm } from './adamw.ts';
import type { DecoderConfig } from './config.ts';
import type { LiveWeights, OnnxModel } from './onnxModel.ts';
import type { InferenceSession, OrtRuntime, Tensor } from './runtime.ts';
import {
  type BatchGradients,
  checkState,
  type Floats,
  graphRefused,
  isMatrix,
  passFailed,
  STATE_KINDS,
  type Trainable,
  type TrainableOptions,
  type TrainingState,
} from './trainable.ts';
import { trainedModel } from './trainedModel.ts';
import {
  checkRows,
  columnsOf,
  lossFeeds,
  microBatches,
  modelFeeds,
  scatterRows,
} from './trainingBatch.ts';
import { adapterFiles, type JointGraph, jointGraph, trainedFile } from './trainingGraph.ts';

/** One weight tensor with everything that training knows of it. */
interface Weight {
  readonly name: string;
  /** Decayed: a matrix, not a bias or a scale. */
  readonly matrix: boolean;
  readonly weights: Floats;
  readonly gradient: Floats;
  readonly mean: Floats;
  readonly square: Floats;
  /** Over `weights`, not a copy. */
  readonly tensor: Tensor;
}

export class OrtTrainable implements Trainable {
  readonly vocab: number;
  readonly contextLength: number;
  readonly warnings: readonly string[];
  readonly #runtime: OrtRuntime;
  readonly #session: InferenceSession;
  readonly #graph: JointGraph;
  readonly #weights: readonly Weight[];
  readonly #live: LiveWeights & { version: number };
  readonly #options: Required<Pick<TrainableOptions, 'microBatch' | 'minColumns'>>;
  /** What `undo` goes back to; its arrays are written over by every step. */
  #before: TrainingState;
  #step = 0;

  private constructor(
    graph: JointGraph,
    runtime: OrtRuntime,
    session: InferenceSession,
    options: TrainableOptions,
  ) {
    this.#graph = graph;
    this.#runtime = runtime;
    this.#session = session;
    this.#options = { microBatch: 8, minColumns: 1, ...options };
    this.contextLength = options.contextLength;
    this.vocab = graph.vocab;
    this.warnings = graph.normalized.warnings;
    this.#weights = graph.normalized.parameters.map(({ name, dims, tensor }) => {
      const weights = float32Of(tensor).slice();
      const zeros = () => new Float32Array(weights.length);
      return {
        name,
        matrix: isMatrix(dims),
        weights,
        gradient: zeros(),
        mean: zeros(),
        square: zeros(),
        tensor: new runtime.Tensor('float32', weights, [...dims]),
      };
    });
    const tensors = Object.fromEntries(this.#weights.map((w) => [w.name, w.tensor]));
    this.#live = { tensors, version: 0 };
    this.#before = this.#copy();
  }

  /**
   * @param bytes of an ONNX decoder, with or without cache
   * @throws UserError 'onnx' for what cannot be differentiated
   */
  static async create(
    bytes: Uint8Array<ArrayBuffer>,
    runtime: OrtRuntime,
    options: TrainableOptions,
  ): Promise<OrtTrainable> {
    const graph = jointGraph(bytes, options);
    const session = await runtime.createSession(graph.file).catch(graphRefused);
    return new OrtTrainable(graph, runtime, session, options);
  }

  get size(): number {
    return this.#weights.reduce((sum, { weights }) => sum + weights.length, 0);
  }

  get steps(): number {
    return this.#step;
  }

  /** The weights by name; not to be written to, and changed by the next step. */
  get weights(): ReadonlyMap<string, Floats> {
    return new Map(this.#weights.map(({ name, weights }) => [name, weights]));
  }

  async accumulate(rows: readonly TokenRow[]): Promise<readonly Float32Array[]> {
    checkRows(rows, this);
    const logProbs: Float32Array[] = new Array(rows.length);
    for (const numbers of microBatches(rows, this.#options.microBatch)) {
      const some = numbers.map((number) => rows[number]!);
      const columns = columnsOf(some, this.#options.minColumns);
      const outputs = await this.#run({
        ...modelFeeds(some, columns, this.#graph.inputs, this.#runtime),
        ...lossFeeds(some, columns, this.#graph.inputs, this.#runtime),
        ...this.#live.tensors,
      });
      scatterRows(floatsOf(outputs.logProbs), columns, numbers, rows, logProbs);
      for (const { name, gradient } of this.#weights) {
        const more = floatsOf(outputs[this.#graph.gradients.get(name)!]);
        for (let i = 0; i < gradient.length; i++) gradient[i]! += more[i]!;
      }
      for (const output of Object.values(outputs)) output.dispose();
    }
    return logProbs;
  }

  async gradients(rows: readonly TokenRow[]): Promise<BatchGradients> {
    this.forget();
    const logProbs = await this.accumulate(rows);
    const gradients = new Map(
      this.#weights.map(({ name, gradient }) => [name, gradient.slice()] as const),
    );
    this.forget();
    return { logProbs, gradients };
  }

  async step(update: Update): Promise<StepReport> {
    const gradNorm = globalNorm(this.#weights.map(({ gradient }) => gradient));
    const applied = Number.isFinite(gradNorm);
    if (applied) {
      const { clip } = update;
      const scale = clip > 0 && gradNorm > clip ? clip / gradNorm : 1;
      this.#remember();
      this.#step++;
      this.#live.version++;
      for (const weight of this.#weights) {
        const weightDecay = weight.matrix ? update.weightDecay : 0;
        adamw(weight, { ...update, weightDecay, step: this.#step, scale });
      }
    }
    this.forget();
    return { gradNorm, applied };
  }

  forget(): void {
    for (const { gradient } of this.#weights) gradient.fill(0);
  }

  undo(): void {
    this.#adopt(this.#before);
  }

  async state(): Promise<TrainingState> {
    return this.#copy();
  }

  async restore(state: TrainingState): Promise<void> {
    checkState(
      state,
      this.#weights.map(({ name, weights }) => [name, weights.length]),
    );
    this.#adopt(state);
    this.#remember();
  }

  async export(): Promise<Uint8Array<ArrayBuffer>> {
    return trainedFile(this.#graph, this.weights);
  }

  async adapter(base: string): Promise<ReadonlyMap<string, Uint8Array<ArrayBuffer>> | undefined> {
    return adapterFiles(this.#graph, this.weights, base);
  }

  decoder(name: string, config: DecoderConfig): Promise<OnnxModel> {
    return trainedModel(name, config, this.#runtime, this.#graph, this.#live);
  }

  async release(): Promise<void> {
    await this.#session.release();
  }

  #copy(): TrainingState {
    const tensors = new Map(
      this.#weights.map(({ name, weights, mean, square }) => [
        name,
        { weights: weights.slice(), mean: mean.slice(), square: square.slice() },
      ]),
    );
    return { step: this.#step, tensors };
  }

  #adopt({ step, tensors }: TrainingState): void {
    for (const weight of this.#weights) {
      const saved = tensors.get(weight.name)!;
      for (const kind of STATE_KINDS) weight[kind].set(saved[kind]);
    }
    this.#step = step;
    this.#live.version++;
    this.forget();
  }

  #remember(): void {
    const { tensors } = this.#before;
    for (const weight of this.#weights) {
      const saved = tensors.get(weight.name)!;
      for (const kind of STATE_KINDS) saved[kind].set(weight[kind]);
    }
    this.#before = { step: this.#step, tensors };
  }

  #run(feeds: Readonly<Record<string, Tensor>>) {
    return this.#session.run(feeds).catch(passFailed);
  }
}

function floatsOf(tensor: Tensor | undefined): Float32Array {
  if (tensor?.data instanceof Float32Array) return tensor.data;
  throw new Error(`a training output is ${tensor?.type ?? 'missing'}`);
}
