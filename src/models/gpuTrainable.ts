// Any float32 decoder, made trainable on a GPU: a forward session leaves logits and what its backward part needs as
// buffers, the loss kernel writes dL/dlogits in place of the logits, a backward session leaves the gradients as
// buffers (devicePass.ts), and accumulation, norm and AdamW are kernels. Logits, gradients and weights never leave the device; what
// comes home is the targets' log-probs and the norm.

import type { Policy } from '../autodiff/partition.ts';
import { DeviceTraining } from '../backend/deviceTraining.ts';
import { learnedAt, type PolicyWords, policyRows, someRows } from '../backend/policyWords.ts';
import type { Learned, PolicySequence, Scores, Sequence } from '../core/policy.ts';
import type { PolicyObjective } from '../core/policyLoss.ts';
import { objectiveOf } from '../core/policyVariants.ts';
import type { StepReport, TokenRow, Update } from '../core/trainable.ts';
import { float32Of } from '../onnx/tensor.ts';
import type { DecoderConfig } from './config.ts';
import { type CutSplitGraph, cutSource, cutSplitFrom } from './cutGraph.ts';
import { type DeviceLoss, type DevicePass, devicePass } from './devicePass.ts';
import type { LiveWeights, OnnxModel } from './onnxModel.ts';
import { type Passes, passesOf } from './passes.ts';
import { rowOf } from './policyRows.ts';
import type { OrtRuntime, Tensor } from './runtime.ts';
import {
  type BatchGradients,
  checkState,
  type Element,
  type Floats,
  isMatrix,
  noPolicy,
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
import { type SplitGraph, splitFrom } from './trainingGraph.ts';
import { adapterFiles, sourceFrom, trainedFile } from './trainingSource.ts';
import { explained } from './untrainable.ts';

export interface GpuTrainableOptions extends TrainableOptions {
  /** What is kept between forward and backward. */
  readonly policy?: Policy;
}

/** What is judged only is not clipped. */
const NO_CLIPPING = { epsilon: 0, epsilonHigh: 0, delta: 0 } as const;

export class GpuTrainable implements Trainable {
  readonly vocab: number;
  readonly contextLength: number;
  readonly warnings: readonly string[];
  readonly #graph: SplitGraph | CutSplitGraph;
  readonly #runtime: OrtRuntime;
  readonly #pass: DevicePass;
  readonly #training: DeviceTraining;
  readonly #live: LiveWeights & { version: number };
  readonly #passes: Passes;
  /** Of a policy. */
  readonly #temperature: number | undefined;
  /** Weights of the beginning, with buffers of their own. */
  readonly #reference: ReturnType<typeof copied> | undefined;

  private constructor(
    graph: SplitGraph | CutSplitGraph,
    runtime: OrtRuntime,
    pass: DevicePass,
    training: DeviceTraining,
    options: TrainableOptions,
  ) {
    this.#graph = graph;
    this.#runtime = runtime;
    this.#pass = pass;
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
    const sizes = { rows, columns };
    const graph = explained(bytes, options, () => {
      const source = sourceFrom(bytes, options);
      const cut = cutSource(source, { ...sizes, logitsBytes: options.logitsBytes });
      return cut ? cutSplitFrom(cut, policy, sizes) : splitFrom(source, policy, sizes);
    });
    const tensors = graph.normalized.parameters.map(({ dims, tensor }) => ({
      values: float32Of(tensor),
      decay: isMatrix(dims),
    }));
    const pass = await devicePass(graph, runtime, device);
    try {
      const training = await DeviceTraining.create(device, tensors);
      return new GpuTrainable(graph, runtime, pass, training, options);
    } catch (error) {
      await pass.release();
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
      const [targets, weights] = [targetsOf(some, columns), weightsOf(some, columns)];
      const pieces = await this.#run(some, columns, async (logits, first, count) => {
        const end = first + count;
        const { logProbs: found } = await this.#training.lossInPlace(
          logits,
          this.vocab,
          targets.subarray(first, end),
          weights.subarray(first, end),
        );
        return { found };
      });
      scatterRows(joined(Float32Array, pieces), columns, numbers, rows, logProbs);
    });
    return logProbs;
  }

  /** A micro-batch's rectangle; gradients are added to what is on the device. Resolves to what `loss` brings home. */
  #run<T>(
    rows: readonly TokenRow[],
    columns: number,
    loss: DeviceLoss<T>,
    { weights = this.#live.tensors, unit = 1, learns = true } = {},
  ): Promise<readonly T[]> {
    const given = { ...modelFeeds(rows, columns, this.#graph.inputs, this.#runtime), ...weights };
    return this.#pass.run({
      given,
      positions: rows.length * columns,
      columns,
      loss,
      unit,
      ...(learns && { take: (gradients) => this.#training.accumulate(gradients) }),
    });
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
      const loss: DeviceLoss<PolicyWords> = (logits, first, count) =>
        this.#training.policyLossInPlace(
          logits,
          this.vocab,
          someRows(words, first, count),
          objective,
        );
      // Tokens that share a ratio are judged together.
      const unit = objective.level === 'sequence' ? columns : 1;
      const pieces = await this.#run(some, columns, loss, { weights, unit, learns });
      const found: PolicyWords = {
        terms: joined(
          Float32Array,
          pieces.map(({ terms }) => terms),
        ),
        clips: joined(
          Uint32Array,
          pieces.map(({ clips }) => clips),
        ),
      };
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
    await this.#pass.release();
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

/** Pieces end to end. */
function joined<A extends Float32Array | Uint32Array>(
  kind: new (length: number) => A,
  pieces: readonly A[],
): A {
  if (pieces.length === 1) return pieces[0]!;
  const all = new kind(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

/** The file's weights, in buffers that nobody writes to. */
function copied({ normalized }: Pick<SplitGraph, 'normalized'>, { device, Tensor }: OrtRuntime) {
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
