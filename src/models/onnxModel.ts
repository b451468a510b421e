// A decoder's session with what is known about it: one per checkpoint and provider, shared by everyone who
// wants to use the model. What a user of it has read lives in a Decoder, of which there may be many.

import { UserError } from '../core/errors.ts';
import type { DecoderConfig } from './config.ts';
import { Decoder } from './decoder.ts';
import { withFloatLogits } from './floatLogits.ts';
import { IdBuffer } from './idBuffer.ts';
import { hasOperator } from './protoScan.ts';
import type { BesideFile, InferenceSession, OrtRuntime, Tensor } from './runtime.ts';
import { detectSignature, type IdType, type Signature, slotBytes } from './signature.ts';

/** Weights that belong to somebody else (a training) and change while the model is in use. */
export interface LiveWeights {
  /** By the name of the graph's input. */
  readonly tensors: Readonly<Record<string, Tensor>>;
  /** Another number whenever they have changed: what was read with the old ones is worth nothing then. */
  readonly version: number;
}

/** What a KV cache may take where there is nothing to ask: of the 4 GiB that WebAssembly can address, the half. */
const MOST_CACHE_BYTES = 2 ** 31;

/** Growing in steps, so that a context of 131,072 tokens costs nothing until it is used. */
const STEP = 256;

export class OnnxModel {
  readonly name: string;
  readonly config: DecoderConfig;
  readonly signature: Signature;
  readonly runtime: OrtRuntime;
  /**
   * GroupQueryAttention counts positions from the length of the cache: padding on the left would shift them, and with
   * a cache it reads several new tokens of one sequence only.
   */
  readonly countsFromCache: boolean;
  readonly #session: InferenceSession;
  readonly #weights: LiveWeights | undefined;
  readonly #constants = new Map<string, IdBuffer>();
  /** Outputs that are of use. */
  readonly #fetched: readonly string[];

  private constructor(
    name: string,
    config: DecoderConfig,
    runtime: OrtRuntime,
    session: InferenceSession,
    weights: LiveWeights | undefined,
    countsFromCache: boolean,
  ) {
    this.countsFromCache = countsFromCache;
    this.name = name;
    this.config = config;
    this.runtime = runtime;
    this.#session = session;
    this.#weights = weights;
    const own = session.inputMetadata.filter((input) => !(input.name in (weights?.tensors ?? {})));
    this.signature = detectSignature(name, own, session.outputMetadata);
    const { logits, caches } = this.signature;
    this.#fetched = [logits, ...caches.map(({ present }) => present)];
  }

  /**
   * @param file the ONNX file as people know it, for error texts
   * @param bytes of a file that `checkOnnx` has passed
   * @param weights that are inputs of the graph; files that stand beside it
   * @throws UserError 'onnx' when ONNX Runtime refuses it, 'checkpoint' when it is not such a decoder
   */
  static async create(
    name: string,
    file: string,
    config: DecoderConfig,
    runtime: OrtRuntime,
    bytes: Uint8Array,
    { weights, beside }: { weights?: LiveWeights; beside?: readonly BesideFile[] } = {},
  ): Promise<OnnxModel> {
    const session = await runtime.createSession(withFloatLogits(bytes), beside).catch((cause) => {
      throw new UserError(
        'onnx',
        `ONNX Runtime could not load ${file} for ${runtime.provider}.`,
        'The details name the operator or number type; a plain float32 export runs everywhere.',
        { cause },
      );
    });
    try {
      const fused = hasOperator(bytes, 'GroupQueryAttention');
      return new OnnxModel(name, config, runtime, session, weights, fused);
    } catch (error) {
      await session.release();
      throw error;
    }
  }

  /** A state of its own over this session. `vocab` is the number of columns that count. */
  decoder(vocab: number): Decoder {
    return new Decoder(this, vocab);
  }

  /** Another number whenever the weights have changed. */
  get version(): number {
    return this.#weights?.version ?? 0;
  }

  /** Bytes of KV cache for a token. */
  get cacheBytes(): number {
    return this.signature.caches.reduce((sum, slot) => sum + slotBytes(slot), 0);
  }

  /** The most bytes of KV cache: on a GPU every slot is a buffer, and buffers have a limit. */
  get mostCacheBytes(): number {
    const limits = this.runtime.device?.limits;
    const { caches } = this.signature;
    if (!limits || caches.length === 0) return MOST_CACHE_BYTES;
    const one = Math.min(limits.maxBufferSize, limits.maxStorageBufferBindingSize);
    // Slots are equally large but for grouped heads, and the largest of them decides.
    const largest = Math.max(...caches.map(slotBytes));
    return Math.min(MOST_CACHE_BYTES, Math.floor((one / largest) * this.cacheBytes));
  }

  /** One forward pass. The caller disposes what comes out. @throws UserError 'runtime' */
  async run(feeds: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>> {
    try {
      const given = this.#weights ? { ...feeds, ...this.#weights.tensors } : feeds;
      return await this.#session.run(given, this.#fetched);
    } catch (cause) {
      throw new UserError(
        'runtime',
        `ONNX Runtime could not run ${this.name}.`,
        'Run again; if it happens again, choose the other provider or another checkpoint.',
        { cause },
      );
    }
  }

  /** 1 everywhere; at least `length` elements. Shared: not to be written to. */
  ones(type: IdType, length: number): IdBuffer {
    return this.#constant(`1 ${type}`, type, length, () => 1);
  }

  /** 0, 1, 2, ...; at least `length` elements. Shared: not to be written to. */
  ramp(type: IdType, length: number): IdBuffer {
    return this.#constant(`i ${type}`, type, length, (i) => i);
  }

  #constant(key: string, type: IdType, length: number, value: (i: number) => number): IdBuffer {
    const known = this.#constants.get(key);
    if (known && known.length >= length) return known;
    const buffer = new IdBuffer(type, Math.ceil(length / STEP) * STEP);
    for (let i = 0; i < buffer.length; i++) buffer.set(i, value(i));
    this.#constants.set(key, buffer);
    return buffer;
  }

  async release(): Promise<void> {
    await this.#session.release();
  }
}
