// Any float32 decoder, made trainable where weights are arrays (Node, wasm): its file is normalised, its weights
// are lifted out, and ONNX Runtime computes log-probs and gradients together (arrayPass.ts). What was trained goes back
// into the very file it came from.

import type { Learned, PolicySequence, Scores, Sequence } from '../core/policy.ts';
import type { PolicyObjective } from '../core/policyLoss.ts';
import type { StepReport, TokenRow, Update } from '../core/trainable.ts';
import { float32Of } from '../onnx/tensor.ts';
import { adamw, globalNorm, worst } from './adamw.ts';
import { type ArrayPass, arrayPass } from './arrayPass.ts';
import type { DecoderConfig } from './config.ts';
import { type CutJointGraph, cutJointFrom, cutSource } from './cutGraph.ts';
import type { LiveWeights, OnnxModel } from './onnxModel.ts';
import { type Passes, passesOf } from './passes.ts';
import { learnedFrom, needsScores, ofCompletion, rowOf, termsOf } from './policyRows.ts';
import type { OrtRuntime, Tensor } from './runtime.ts';
import {
  type BatchGradients,
  checkState,
  type Element,
  type Floats,
  isMatrix,
  noPolicy,
  STATE_KINDS,
  type Trainable,
  type TrainableOptions,
  type TrainingState,
} from './trainable.ts';
import { trainedModel } from './trainedModel.ts';
import { checkRows, columnsOf, scatterRows } from './trainingBatch.ts';
import { type JointGraph, jointFrom } from './trainingGraph.ts';
import { adapterFiles, sourceFrom, trainedFile } from './trainingSource.ts';
import { explained } from './untrainable.ts';

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
  readonly #pass: ArrayPass;
  readonly #graph: JointGraph | CutJointGraph;
  readonly #weights: readonly Weight[];
  readonly #live: LiveWeights & { version: number };
  /** Weights of the beginning, by name. */
  readonly #reference: Readonly<Record<string, Tensor>> | undefined;
  readonly #passes: Passes;
  /** What `undo` goes back to; its arrays are written over by every step. */
  #before: TrainingState;
  #step = 0;

  private constructor(
    graph: JointGraph | CutJointGraph,
    runtime: OrtRuntime,
    pass: ArrayPass,
    options: TrainableOptions,
  ) {
    this.#graph = graph;
    this.#runtime = runtime;
    this.#pass = pass;
    this.#passes = passesOf(options);
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
    if (options.byReward?.reference) {
      const first = this.#weights.map(({ name, weights, tensor }) => {
        return [name, new runtime.Tensor('float32', weights.slice(), tensor.dims)] as const;
      });
      this.#reference = Object.fromEntries(first);
    }
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
    const asked = { ...options, temperature: options.byReward?.temperature };
    const { microBatch: rows = 8, contextLength: columns, logitsBytes } = options;
    const graph = explained(bytes, asked, () => {
      const source = sourceFrom(bytes, asked);
      const cut = cutSource(source, { rows, columns, logitsBytes });
      return cut ? cutJointFrom(cut, { rows, columns }, asked) : jointFrom(source, asked);
    });
    return new OrtTrainable(graph, runtime, await arrayPass(graph, runtime), options);
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
    return (await this.#accumulate(rows)).map(({ logProbs }) => logProbs);
  }

  #accumulate(rows: readonly TokenRow[]): Promise<readonly Scores[]> {
    checkRows(rows, this);
    return this.#inPasses(rows, this.#live.tensors, (found) => {
      for (const { name, gradient } of this.#weights) {
        for (const more of found.get(name)!) {
          for (let i = 0; i < gradient.length; i++) gradient[i]! += more[i]!;
        }
      }
    });
  }

  /** All rows, in micro-batches. */
  async #inPasses(
    rows: readonly TokenRow[],
    weights: Readonly<Record<string, Tensor>>,
    take?: Parameters<ArrayPass['run']>[3],
  ): Promise<readonly Scores[]> {
    const logProbs: Float32Array[] = new Array(rows.length);
    const entropies: Float32Array[] = new Array(rows.length);
    await this.#passes.each(rows, async (numbers) => {
      const some = numbers.map((number) => rows[number]!);
      const columns = columnsOf(some, this.#passes.minColumns);
      const found = await this.#pass.run(some, columns, weights, take);
      scatterRows(found.logProbs, columns, numbers, rows, logProbs);
      if (found.entropies) scatterRows(found.entropies, columns, numbers, rows, entropies);
    });
    return rows.map((_, r) => ({ logProbs: logProbs[r]!, entropies: entropies[r]! }));
  }

  async score(
    sequences: readonly Sequence[],
    of: 'policy' | 'reference',
  ): Promise<readonly Scores[]> {
    const weights = of === 'policy' ? this.#live.tensors : this.#reference;
    if (!this.#pass.scores || !weights) throw noPolicy();
    const rows = sequences.map((one) => rowOf(one));
    checkRows(rows, this);
    return completionsOf(sequences, await this.#inPasses(rows, weights));
  }

  async learn(
    sequences: readonly PolicySequence[],
    objective: PolicyObjective,
  ): Promise<readonly Learned[]> {
    if (!this.#pass.scores) throw noPolicy();
    const before = needsScores(sequences, objective)
      ? await this.score(sequences, 'policy')
      : undefined;
    const terms = termsOf(sequences, before, objective);
    const rows = sequences.map((one, i) => rowOf(one, terms[i]!.weights));
    const found = completionsOf(sequences, await this.#accumulate(rows));
    return learnedFrom(sequences, terms, found, objective);
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
    const { limit = Number.POSITIVE_INFINITY } = update;
    const applied = Number.isFinite(gradNorm) && gradNorm <= limit;
    const tensor = applied ? undefined : worst(this.#weights);
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
    return { gradNorm, applied, ...(tensor !== undefined && { tensor }) };
  }

  forget(): void {
    for (const { gradient } of this.#weights) gradient.fill(0);
  }

  undo(): void {
    this.#adopt(this.#before);
  }

  async peek(of: 'weights' | 'gradients', elements: readonly Element[]): Promise<number[]> {
    return elements.map(({ name, index }) => {
      const weight = this.#weights.find((one) => one.name === name);
      const values = of === 'weights' ? weight?.weights : weight?.gradient;
      return values?.[index] ?? Number.NaN;
    });
  }

  async look(): Promise<ReadonlyMap<string, Floats>> {
    return this.weights;
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

  release(): Promise<void> {
    return this.#pass.release();
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
}

const completionsOf = (sequences: readonly Sequence[], scores: readonly Scores[]): Scores[] =>
  sequences.map((one, i) => ({
    logProbs: ofCompletion(one, scores[i]!.logProbs),
    entropies: ofCompletion(one, scores[i]!.entropies),
  }));
