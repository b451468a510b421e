// One decoder twice, over the same graph: with its file's weights, and with weights that somebody turns. In both they
// are inputs of the graph, so that what differs between the two is the weights alone, and equal weights give equal
// logits, bit for bit.

import { DeviceLogits } from '../backend/logits.ts';
import { checkBufferSizes, WeightBuffers } from '../backend/weightBuffers.ts';
import type { ModelProto } from '../onnx/model.ts';
import type { Normalized } from '../onnx/normalize.ts';
import type { DecoderConfig } from './config.ts';
import type { Decoder } from './decoder.ts';
import type { LiveWeights, OnnxModel } from './onnxModel.ts';
import type { OrtRuntime, Tensor } from './runtime.ts';
import { trainedModel } from './trainedModel.ts';

type Floats = Float32Array<ArrayBuffer>;

export interface TurnedSource {
  readonly model: ModelProto;
  readonly normalized: Normalized;
}

/** Some of a tensor: the last axis goes along, the others go down. */
interface Part {
  readonly tensor: string;
  readonly row: number;
  readonly rows: number;
  readonly columns: number;
  readonly column: number;
}

/** Below this many rows, each is written by itself; above, what lies between them is written as well. */
const FEW_ROWS = 64;

export class TurnedModel {
  readonly untouched: OnnxModel;
  readonly turned: OnnxModel;
  /** What the turned model is fed; for others who compute with the same weights. */
  readonly tensors: Readonly<Record<string, Tensor>>;
  readonly #live: LiveWeights & { readonly tensors: Record<string, Tensor>; version: number };
  readonly #runtime: OrtRuntime;
  readonly #buffers: WeightBuffers | undefined;
  /** Tensors that have a buffer of their own by now. */
  readonly #own = new Map<string, GPUBuffer>();
  readonly #dims: ReadonlyMap<string, readonly number[]>;

  private constructor(
    runtime: OrtRuntime,
    { normalized }: TurnedSource,
    models: readonly [OnnxModel, OnnxModel],
    live: LiveWeights & { readonly tensors: Record<string, Tensor>; version: number },
    buffers: WeightBuffers | undefined,
  ) {
    [this.untouched, this.turned] = models;
    this.tensors = live.tensors;
    this.#live = live;
    this.#runtime = runtime;
    this.#buffers = buffers;
    this.#dims = new Map(normalized.parameters.map(({ name, dims }) => [name, dims]));
  }

  /**
   * @param base the file's numbers, by tensor
   * @throws UserError 'gpu' when a tensor does not fit into one buffer, 'onnx' and 'checkpoint' as of any decoder
   */
  static async create(
    name: string,
    config: DecoderConfig,
    runtime: OrtRuntime,
    source: TurnedSource,
    base: ReadonlyMap<string, Floats>,
  ): Promise<TurnedModel> {
    const { device } = runtime;
    if (device) {
      const sizes = [...base].map(([tensor, { byteLength }]) => ({
        name: tensor,
        bytes: byteLength,
      }));
      checkBufferSizes(device.limits, sizes);
    }
    const buffers = device && new WeightBuffers(device);
    const dims = new Map(source.normalized.parameters.map((one) => [one.name, one.dims]));
    const tensors = [...base].map(([tensor, values]) => {
      const shape = [...(dims.get(tensor) ?? [])];
      const fed = buffers
        ? runtime.Tensor.fromGpuBuffer(buffers.create(values), { dataType: 'float32', dims: shape })
        : new runtime.Tensor('float32', values, shape);
      return [tensor, fed] as const;
    });
    const live = { tensors: Object.fromEntries(tensors) as Record<string, Tensor>, version: 0 };
    const still: LiveWeights = { tensors: { ...live.tensors }, version: 0 };
    try {
      const untouched = await trainedModel(name, config, runtime, source, still);
      const turned = await trainedModel(name, config, runtime, source, live).catch(
        async (error) => {
          await untouched.release();
          throw error;
        },
      );
      return new TurnedModel(runtime, source, [untouched, turned], live, buffers);
    } catch (error) {
      buffers?.dispose();
      throw error;
    }
  }

  /** The turned model reads these numbers from now on. @param values a tensor's, as they are to be */
  write(changed: readonly Part[], values: (tensor: string) => Floats): void {
    if (changed.length === 0) return;
    for (const part of changed) {
      const { tensor } = part;
      const all = values(tensor);
      const dims = [...(this.#dims.get(tensor) ?? [])];
      if (!this.#buffers) {
        // Read anew at every pass; another array where a tensor is touched for the first time.
        if (this.#live.tensors[tensor]?.data !== all) {
          this.#live.tensors[tensor] = new this.#runtime.Tensor('float32', all, dims);
        }
        continue;
      }
      const own = this.#own.get(tensor);
      if (own) {
        for (const [start, end] of runs(part, dims.at(-1) ?? 1)) {
          this.#buffers.write(own, all, start, end);
        }
        continue;
      }
      const buffer = this.#buffers.create(all);
      this.#own.set(tensor, buffer);
      this.#live.tensors[tensor] = this.#runtime.Tensor.fromGpuBuffer(buffer, {
        dataType: 'float32',
        dims,
      });
    }
    this.#live.version++;
  }

  /** What the turned model is fed for a tensor, read back. */
  async read(tensor: string): Promise<Floats> {
    const fed = this.#live.tensors[tensor]!;
    const length = fed.dims.reduce((product, n) => product * n, 1);
    return this.#buffers ? this.#buffers.read(fed.gpuBuffer, length) : (fed.data as Floats).slice();
  }

  /** The logits of what follows, `decoder.vocab` of them, as an array. */
  async row(decoder: Decoder, tokens: readonly number[]): Promise<Floats> {
    const logits = await decoder.logits(tokens, tokens.length);
    try {
      if (!(logits instanceof DeviceLogits)) throw new Error('logits of an unknown kind');
      const { source, layout } = logits;
      const first = layout.rowStart * layout.stride;
      if (source instanceof Float32Array) return source.slice(first, first + decoder.vocab);
      return await this.#buffers!.readPart(source, first, decoder.vocab);
    } finally {
      logits.dispose();
    }
  }

  async release(): Promise<void> {
    await this.untouched.release();
    await this.turned.release();
    this.#buffers?.dispose();
  }
}

/** Elements [start, end) that hold a part, in few pieces. */
function runs({ row, rows, column, columns }: Part, width: number): [number, number][] {
  if (columns === width || rows > FEW_ROWS) return [[row * width, (row + rows) * width]];
  return Array.from({ length: rows }, (_, r) => {
    const start = (row + r) * width + column;
    return [start, start + columns];
  });
}
