// Training on a GPU, but for the two passes through the model: the loss in place of the logits, gradients added up,
// their norm, and the optimiser's step. Our kernels see arrays with all tensors side by side (docs/decisions.md); a
// runtime wants a buffer for each tensor, so the weights exist twice, and those buffers follow the array after every
// step, on the device. Nothing comes home but log-probs and the norm.

import type { PolicyObjective } from '../core/policyLoss.ts';
import type { StepReport, Update } from '../core/trainable.ts';
import { accumulate } from '../kernels/accumulate.ts';
import { adamw, adamwParams, segmentTable, type TensorSpan } from '../kernels/adamw.ts';
import { BAD, CLIP, gradNorm } from '../kernels/gradNorm.ts';
import { type Fields, type Kernel, readOnly, type ValuesOf } from '../kernels/kernel.ts';
import { BAD_ENTROPY } from '../kernels/tokenLogProbs.ts';
import { tokenLoss } from '../kernels/tokenLoss.ts';
import { policyLoss } from './devicePolicyLoss.ts';
import {
  checkRoom,
  type FirstWeights,
  FlatArrays,
  type FlatState,
  type Floats,
  STATE,
} from './flatArrays.ts';
import { bindGroup, encode } from './pipelines.ts';
import type { PolicyRows, PolicyWords } from './policyWords.ts';
import type { Input } from './runner.ts';
import { WebGpuRunner } from './webgpu.ts';

/** What clips nothing. */
const NO_CLIP = 3e38;

/** `span` is the number of the tensor that is to blame, where no step was made and one is. */
export type DeviceStep = Omit<StepReport, 'tensor'> & { readonly span?: number };

export class DeviceTraining {
  readonly #runner: WebGpuRunner;
  readonly #segments: Uint32Array;
  readonly #flat: FlatArrays;
  #stepBefore = 0;
  #step = 0;
  /** Whether `gradients` holds anything but what was forgotten. */
  #accumulated = false;
  /** Whether something was accumulated that is no number. */
  #poisoned = false;

  /** @throws UserError 'gpu' when the device has no buffer of that size, or no memory */
  static async create(
    device: GPUDevice,
    tensors: readonly FirstWeights[],
  ): Promise<DeviceTraining> {
    checkRoom(
      device.limits,
      tensors.reduce((sum, { values }) => sum + values.byteLength, 0),
    );
    const runner = new WebGpuRunner(device);
    const { result, failure } = runner.scoped(() => new DeviceTraining(runner, tensors));
    try {
      await failure;
      return result;
    } catch (error) {
      result.dispose();
      throw error;
    }
  }

  private constructor(runner: WebGpuRunner, tensors: readonly FirstWeights[]) {
    this.#runner = runner;
    this.#flat = new FlatArrays(runner.device, runner.readBack, tensors);
    this.#segments = segmentTable(this.#flat.spans);
  }

  /** One for each tensor, for those who read weights. */
  get buffers(): readonly GPUBuffer[] {
    return this.#flat.buffers;
  }

  get spans(): readonly TensorSpan[] {
    return this.#flat.spans;
  }

  /** Of all tensors together. */
  get size(): number {
    return this.#flat.size;
  }

  /** Steps taken. */
  get steps(): number {
    return this.#step;
  }

  /**
   * Makes logits their own gradient: of sum_t g_t log p(y_t), with `targets` y and `weights` g row by row. Resolves
   * as soon as that is submitted, so that a backward pass can follow while log-probs are on their way.
   * @param logits rows x vocab
   * @returns log p(y_t) in nats; 0 where a target is no token, NaN where the logits are no numbers
   */
  async lossInPlace(
    logits: GPUBuffer,
    vocab: number,
    targets: Uint32Array,
    weights: Float32Array,
  ): Promise<{ readonly logProbs: Promise<Float32Array> }> {
    const rows = targets.length;
    const range = { buffer: logits, offset: 0, size: 4 * rows * vocab };
    const window = { rows, vocab, base: 0, pitch: vocab };
    const inputs = { targets, weights, logits: range };
    const { outputs } = await this.#runner.start(tokenLoss, window, inputs);
    const arriving = outputs.then(({ logProbs, entropies }) => {
      entropies.forEach((entropy, row) => {
        if (entropy === BAD_ENTROPY) logProbs[row] = Number.NaN;
      });
      // The kernel leaves such rows without a gradient, and WGSL may take a NaN for anything.
      const finite = logProbs.every((x) => !Number.isNaN(x)) && weights.every(Number.isFinite);
      if (!finite) this.#poisoned = true;
      return logProbs;
    });
    return { logProbs: arriving };
  }

  /** The same for a policy's objective (devicePolicyLoss.ts). */
  async policyLossInPlace(
    logits: GPUBuffer,
    vocab: number,
    rows: PolicyRows,
    objective: PolicyObjective,
  ): Promise<{ readonly found: Promise<PolicyWords> }> {
    const { found, good } = await policyLoss(this.#runner, logits, vocab, rows, objective);
    const arriving = Promise.all([found, good]).then(([words, finite]) => {
      if (!finite) this.#poisoned = true;
      return words;
    });
    return { found: arriving };
  }

  /** Adds gradients, one buffer for each tensor; they may be given up as soon as this has resolved. */
  async accumulate(gradients: readonly GPUBuffer[]): Promise<void> {
    const { gradients: sums, fresh } = this.#flat.now;
    const params = { words: this.size };
    const program = await this.#runner.program(accumulate, params);
    const { failure } = this.#runner.scoped(() =>
      this.#flat.submit((encoder) => {
        const target = this.#accumulated ? fresh : sums;
        this.spans.forEach(({ first, length }, i) => {
          encoder.copyBufferToBuffer(gradients[i]!, 0, target, 4 * first, 4 * length);
        });
        if (this.#accumulated) {
          this.#encode(encoder, accumulate, params, program, { more: fresh, sums });
        }
        this.#accumulated = true;
      }),
    );
    await failure;
  }

  /** One step down the accumulated gradient, which is then forgotten. @throws UserError 'gpu' */
  async step(update: Update): Promise<DeviceStep> {
    const { clip: most, weightDecay, limit = Number.POSITIVE_INFINITY } = update;
    const poisoned = this.#poisoned;
    if (!this.#accumulated)
      this.#flat.submit((encoder) => encoder.clearBuffer(this.#flat.now.gradients));
    this.forget();
    if (poisoned) return { gradNorm: Number.NaN, applied: false };
    const { weights, gradients, means, squares } = this.#flat.now;
    const norm = { words: this.size, maxNorm: most > 0 ? Math.min(most, NO_CLIP) : NO_CLIP };
    const options = { ...update, weightDecay, step: this.#step + 1 };
    const params = adamwParams(this.#segments, this.size, options);
    const program = await this.#runner.program(adamw, params);
    // The norm comes home before the step: after bad gradients, what `undo` goes back to must stay.
    const { clip, bad } = await this.#runner.run(gradNorm, norm, {
      gradients: this.#flat.all(gradients),
    });
    const found = clip[CLIP.norm]!;
    if (bad[BAD.flag] || found > limit) {
      const span = await this.#worst(bad[BAD.flag] ? bad[BAD.first] : undefined);
      return { gradNorm: bad[BAD.flag] ? Number.NaN : found, applied: false, span };
    }
    const { failure } = this.#runner.scoped(() =>
      this.#flat.submit((encoder) => {
        this.#flat.remember(encoder);
        const inputs = { gradients, segments: this.#segments, clip, parameters: weights };
        this.#encode(encoder, adamw, params, program, { ...inputs, means, squares });
        this.#flat.publish(encoder);
      }),
    );
    await failure;
    this.#stepBefore = this.#step++;
    return { gradNorm: clip[CLIP.norm]!, applied: true };
  }

  /** The tensor that holds this word of the gradients; without one, the one with the largest norm. */
  async #worst(word: number | undefined): Promise<number> {
    const holds = ({ first, length }: TensorSpan) =>
      word !== undefined && word >= first && word < first + length;
    const named = this.spans.findIndex(holds);
    if (named >= 0) return named;
    const [all] = await this.#flat.read('gradients');
    const norms = this.spans.map(({ first, length }) =>
      all!.subarray(first, first + length).reduce((sum, x) => sum + x * x, 0),
    );
    return norms.indexOf(Math.max(...norms));
  }

  /** Forgets what was accumulated. */
  forget(): void {
    this.#accumulated = false;
    this.#poisoned = false;
  }

  /** Back to what was before the last step, or to what was last written. */
  undo(): void {
    this.#flat.undo();
    this.#step = this.#stepBefore;
    this.forget();
  }

  /** Everything that the next step depends on. @throws UserError 'gpu' when the device is lost */
  async read(): Promise<FlatState & { readonly step: number }> {
    const step = this.#step;
    const [weights, means, squares] = await this.#flat.read(...STATE);
    return { step, weights: weights!, means: means!, squares: squares! };
  }

  /** The weights alone, tensors side by side. */
  async readWeights(): Promise<Floats> {
    return (await this.#flat.read('weights'))[0]!;
  }

  /**
   * Single numbers of the weights, or of what was accumulated; -1 is none, and NaN.
   * @param places in the array of all tensors
   */
  async peek(of: 'weights' | 'gradients', places: readonly number[]): Promise<number[]> {
    const none = of === 'gradients' && !this.#accumulated;
    const found = await this.#flat.peek(of, places);
    return none ? found.map((value) => (Number.isNaN(value) ? value : 0)) : found;
  }

  /** What was accumulated. */
  async readGradients(): Promise<Floats> {
    if (!this.#accumulated) return new Float32Array(this.size);
    return (await this.#flat.read('gradients'))[0]!;
  }

  /** Goes on from this state, which `undo` then goes back to as well. */
  write(state: FlatState, step: number): void {
    this.#flat.write(state);
    this.#stepBefore = step;
    this.#step = step;
    this.forget();
  }

  dispose(): void {
    this.#flat.dispose();
    this.#runner.dispose();
  }

  /** One dispatch of a kernel without outputs of its own. */
  #encode<I extends Fields, O extends Fields, P extends Fields>(
    encoder: GPUCommandEncoder,
    kernel: Kernel<I, O, P>,
    params: ValuesOf<P>,
    program: Parameters<typeof encode>[3],
    given: { readonly [K in keyof I]: Input | GPUBuffer },
  ): void {
    const inputs: Readonly<Record<string, Input | GPUBuffer>> = given;
    const resources = new Map<string, GPUBufferBinding>();
    for (const name of [...readOnly(kernel), ...Object.keys(kernel.outputs)]) {
      const input = inputs[name];
      const binding =
        input instanceof GPUBuffer
          ? this.#flat.all(input)
          : this.#runner.input(`${kernel.name}.${name}`, input);
      resources.set(name, binding);
    }
    resources.set('params', this.#runner.params(kernel, params));
    const group = bindGroup(this.#runner.device, kernel, program, resources);
    encode(encoder, kernel, params, program, group);
  }
}
