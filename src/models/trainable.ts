// Any float32 decoder, made trainable where weights are arrays (Node, wasm): its file is normalised, its weights
// are lifted out, and one ONNX Runtime session computes log-probs and gradients together. What was trained goes
// back into the very file it came from.

import { UserError } from '../core/errors.ts';
import type { StepReport, TokenRow, TrainableModel, Update } from '../core/trainable.ts';
import { writeModel } from '../onnx/model.ts';
import { float32Of } from '../onnx/tensor.ts';
import { withWeights } from '../onnx/weights.ts';
import { adamw, globalNorm } from './adamw.ts';
import type { InferenceSession, OrtRuntime, Tensor } from './runtime.ts';
import { checkRows, feedsOf, microBatches } from './trainingBatch.ts';
import { type TrainingGraph, trainingGraph } from './trainingGraph.ts';

type Floats = Float32Array<ArrayBuffer>;

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

export interface TrainingState {
  /** Steps taken. */
  readonly step: number;
  /** Weights and both moments by parameter name, copied. */
  readonly tensors: ReadonlyMap<string, Readonly<Record<StateKind, Floats>>>;
}
export type StateKind = 'weights' | 'mean' | 'square';
export const STATE_KINDS: readonly StateKind[] = ['weights', 'mean', 'square'];

export interface TrainableOptions {
  readonly contextLength: number;
  /** Rows of one pass; more are split by length, and their gradients added up. Eight is fastest (docs/training.md). */
  readonly microBatch?: number;
  /** Fewest columns of one pass; for tests of padding. */
  readonly minColumns?: number;
}

export interface BatchGradients {
  readonly logProbs: readonly Float32Array[];
  readonly gradients: ReadonlyMap<string, Float32Array>;
}

export class OrtTrainable implements TrainableModel {
  readonly vocab: number;
  readonly contextLength: number;
  readonly warnings: readonly string[];
  readonly #runtime: OrtRuntime;
  readonly #session: InferenceSession;
  readonly #graph: TrainingGraph;
  readonly #weights: readonly Weight[];
  readonly #parameterFeeds: Readonly<Record<string, Tensor>>;
  readonly #options: Required<TrainableOptions>;
  /** What `undo` goes back to; its arrays are written over by every step. */
  #before: TrainingState;
  #step = 0;

  private constructor(
    graph: TrainingGraph,
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
        matrix: dims.filter((dim) => dim > 1).length > 1,
        weights,
        gradient: zeros(),
        mean: zeros(),
        square: zeros(),
        tensor: new runtime.Tensor('float32', weights, [...dims]),
      };
    });
    this.#parameterFeeds = Object.fromEntries(this.#weights.map((w) => [w.name, w.tensor]));
    this.#before = this.state();
  }

  /**
   * @param bytes of an ONNX decoder, with or without cache
   * @throws UserError 'onnx' for what cannot be differentiated, 'runtime' where this executor does not run
   */
  static async create(
    bytes: Uint8Array<ArrayBuffer>,
    runtime: OrtRuntime,
    options: TrainableOptions,
  ): Promise<OrtTrainable> {
    if (runtime.provider !== 'wasm') {
      throw new UserError(
        'runtime',
        `Training does not run on ${runtime.provider} yet.`,
        'Choose WebAssembly for training.',
      );
    }
    const graph = trainingGraph(bytes, runtime.provider);
    const session = await runtime.createSession(graph.file).catch((cause) => {
      throw new UserError(
        'onnx',
        'ONNX Runtime could not load the training graph of this model.',
        'The details name the operator; another export of the model may avoid it.',
        { cause },
      );
    });
    return new OrtTrainable(graph, runtime, session, options);
  }

  /** Numbers that training changes. */
  get size(): number {
    return this.#weights.reduce((sum, { weights }) => sum + weights.length, 0);
  }

  /** Steps taken. */
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
      const batch = feedsOf(some, this.#graph.inputs, this.#runtime, this.#options.minColumns);
      const outputs = await this.#run({ ...batch, ...this.#parameterFeeds });
      const all = floatsOf(outputs.logProbs);
      const columns = all.length / some.length;
      numbers.forEach((number, r) => {
        const begin = r * columns;
        logProbs[number] = all.slice(begin, begin + rows[number]!.tokens.length);
      });
      for (const { name, gradient } of this.#weights) {
        const more = floatsOf(outputs[this.#graph.gradients.get(name)!]);
        for (let i = 0; i < gradient.length; i++) gradient[i]! += more[i]!;
      }
      for (const output of Object.values(outputs)) output.dispose();
    }
    return logProbs;
  }

  /** The gradient of sum(weights * log p(targets)) alone; what was accumulated before is forgotten. */
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
    this.restore(this.#before);
  }

  /** A copy of everything that the next step depends on. */
  state(): TrainingState {
    const tensors = new Map(
      this.#weights.map((weight) => [
        weight.name,
        {
          weights: weight.weights.slice(),
          mean: weight.mean.slice(),
          square: weight.square.slice(),
        },
      ]),
    );
    return { step: this.#step, tensors };
  }

  /** Goes on from `state`, bit for bit; then that is what `undo` goes back to. @throws UserError 'checkpoint' when it is of another model */
  restore(state: TrainingState): void {
    const fits = this.#weights.every(({ name, weights }) =>
      STATE_KINDS.every((kind) => state.tensors.get(name)?.[kind].length === weights.length),
    );
    if (!fits || state.tensors.size !== this.#weights.length) {
      throw new UserError(
        'checkpoint',
        'The saved training state belongs to a model with other weights.',
        'Continue with the model that it was saved for, or begin afresh.',
      );
    }
    for (const weight of this.#weights) {
      const saved = state.tensors.get(weight.name)!;
      for (const kind of STATE_KINDS) weight[kind].set(saved[kind]);
    }
    this.#step = state.step;
    this.#remember();
    this.forget();
  }

  /** The file as it was, with the weights as they are now. */
  export(): Uint8Array<ArrayBuffer> {
    const { model, normalized } = this.#graph;
    return writeModel(withWeights(model, normalized, this.weights));
  }

  async release(): Promise<void> {
    await this.#session.release();
  }

  #remember(): void {
    const { tensors } = this.#before;
    for (const weight of this.#weights) {
      const saved = tensors.get(weight.name)!;
      for (const kind of STATE_KINDS) saved[kind].set(weight[kind]);
    }
    this.#before = { step: this.#step, tensors };
  }

  async #run(feeds: Readonly<Record<string, Tensor>>) {
    try {
      return await this.#session.run(feeds);
    } catch (cause) {
      throw new UserError(
        'runtime',
        'ONNX Runtime could not run the training graph.',
        'If memory is short, choose a smaller micro-batch.',
        { cause },
      );
    }
  }
}

function floatsOf(tensor: Tensor | undefined): Float32Array {
  if (tensor?.data instanceof Float32Array) return tensor.data;
  throw new Error(`a training output is ${tensor?.type ?? 'missing'}`);
}
