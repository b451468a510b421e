// LanguageModel over a session with a KV cache. It remembers which tokens the cache holds, feeds only what is
// new, and crops the cache when the caller's sequence has become shorter or different. For small models a
// pass takes a few hundred microseconds, so the way there avoids copies, conversions and BigInts.

import { DeviceLogits, type LogitsLayout } from '../backend/logits.ts';
import { UserError } from '../core/errors.ts';
import type { LanguageModel, Logits, PassCount } from '../core/languageModel.ts';
import { alignBatch, type Batch, cutBatch, fillBatch, holds, planBatch } from './batch.ts';
import { gatherRows } from './gatherRows.ts';
import { IdBuffer } from './idBuffer.ts';
import { KvCache } from './kvCache.ts';
import type { OnnxModel } from './onnxModel.ts';
import type { Tensor } from './runtime.ts';

export class Decoder implements LanguageModel {
  readonly vocab: number;
  readonly contextLength: number;
  readonly eos: ReadonlySet<number>;
  /** Shared with all others who read with it. */
  readonly model: OnnxModel;
  readonly #cache: KvCache;
  /** What #cache holds. */
  #read: number[] = [];
  readonly #batchCache: KvCache;
  /** What #batchCache holds. */
  #batch: Batch | undefined;
  /** Reused from pass to pass, as are the feeds: a pass is over before the next begins. */
  #ids: IdBuffer;
  readonly #feeds: Record<string, Tensor> = {};
  /** Of the weights that what is held was read with. */
  #version: number;
  #passes = 0;
  #positions = 0;

  /** Without a cache everything is read again at every pass. */
  readonly #remembers: boolean;
  /** Can it be told which columns on the left are padding? */
  readonly #canPad: boolean;

  constructor(model: OnnxModel, vocab: number) {
    const { signature, runtime, config } = model;
    this.vocab = vocab;
    this.contextLength = config.contextLength;
    this.eos = new Set(config.eos);
    this.model = model;
    this.#version = model.version;
    this.#remembers = signature.caches.length > 0;
    this.#canPad =
      !model.countsFromCache && Boolean(signature.attentionMask && signature.positionIds);
    this.#cache = new KvCache(signature.caches, runtime);
    this.#batchCache = new KvCache(signature.caches, runtime);
    this.#ids = new IdBuffer(signature.inputIds.type, 64);
  }

  /** A second reader of the same model, which knows nothing of what this one has read. */
  fork(vocab = this.vocab): Decoder {
    return this.model.decoder(vocab);
  }

  get bytesPerToken(): number {
    return this.model.cacheBytes;
  }

  get mostBytes(): number {
    return this.model.mostCacheBytes;
  }

  get count(): PassCount {
    return { passes: this.#passes, positions: this.#positions };
  }

  reset(): void {
    this.#passes = 0;
    this.#positions = 0;
    this.forget();
  }

  /** Gives up what was read, but not the counts. */
  forget(): void {
    this.#cache.clear();
    this.#batchCache.clear();
    this.#read = [];
    this.#batch = undefined;
  }

  async logits(y: readonly number[], from: number): Promise<Logits> {
    if (!(Number.isInteger(from) && from >= 1 && from <= y.length)) {
      throw new Error(`logits: from = ${from}, expected an integer in [1, ${y.length}]`);
    }
    this.#checkLength(y.length);
    this.#followWeights();
    const read = this.#read;
    const most = this.#remembers ? Math.min(read.length, from - 1) : 0;
    let kept = 0;
    while (kept < most && read[kept] === y[kept]) kept++;
    const fed = y.length - kept;
    for (let i = kept; i < y.length; i++) this.#checkToken(y[i]);

    this.#cache.crop(kept);
    read.length = kept;
    const { signature, runtime } = this.model;
    const { inputIds, attentionMask, positionIds } = signature;
    if (this.#ids.length < fed) this.#ids = new IdBuffer(inputIds.type, 2 * fed);
    for (let i = 0; i < fed; i++) this.#ids.set(i, y[kept + i] as number);
    const feeds = this.#feeds;
    const shape = [1, fed];
    feeds[inputIds.name] = this.#ids.tensor(runtime, 0, shape);
    if (attentionMask) {
      const ones = this.model.ones(attentionMask.type, y.length);
      feeds[attentionMask.name] = ones.tensor(runtime, 0, [1, y.length]);
    }
    if (positionIds) {
      const ramp = this.model.ramp(positionIds.type, y.length);
      feeds[positionIds.name] = ramp.tensor(runtime, kept, shape);
    }
    this.#cache.feed(feeds, 1);
    const logits = await this.#pass(this.#cache, 1, fed);
    if (this.#remembers) for (let i = kept; i < y.length; i++) read.push(y[i] as number);
    return this.#rows(logits, {
      rows: y.length - from + 1,
      rowStart: from - 1 - kept,
      rowStep: 1,
    });
  }

  async nextLogits(batch: readonly (readonly number[])[]): Promise<Logits> {
    this.#checkBatch(batch);
    if (!this.#canPad && batch.some((y) => y.length !== batch[0]?.length)) {
      return this.#readRagged(batch);
    }
    const next = alignBatch(batch, this.#batch);
    const plan = planBatch(next, this.#batch);
    const anew = this.#mustReadAnew(batch.length, next.length - plan.kept);
    const { order, kept } = anew ? planBatch(next) : plan;
    const { logits, fed } = await this.#readBatch(next, order, kept);
    return this.#rows(logits, { rows: batch.length, rowStart: fed - 1, rowStep: fed });
  }

  async batchLogits(batch: readonly (readonly number[])[], from: number): Promise<Logits> {
    const whole = fillBatch(batch, from);
    this.#checkBatch(whole.sequences);
    const wanted = whole.length - from + 1;
    if (this.#mustReadAnew(batch.length, wanted)) {
      const { order } = planBatch(whole);
      const { logits } = await this.#readBatch(whole, order, 0);
      const rows = batch.flatMap((_, row) =>
        Array.from({ length: wanted }, (_, i) => row * whole.length + from - 1 + i),
      );
      return gatherRows(logits, rows, this.vocab, this.model.runtime);
    }
    const begun = cutBatch(whole, from - 1);
    if (begun.length > 0 && !holds(this.#batch, begun)) {
      // What all have in common is read once, as a batch of one.
      const [first] = begun.sequences;
      const same = begun.sequences.every((y) => y.every((token, i) => token === first?.[i]));
      const prefix = same ? { ...begun, sequences: begun.sequences.slice(0, 1), pads: [0] } : begun;
      const { order, kept } = planBatch(prefix, this.#batch);
      const { logits } = await this.#readBatch(prefix, order, kept);
      logits.dispose();
    }
    const { order } = planBatch(whole, this.#batch);
    const { logits, fed } = await this.#readBatch(whole, order, begun.length);
    return this.#rows(logits, { rows: batch.length * fed, rowStart: 0, rowStep: 1 });
  }

  /** Reads what is new in `next`, of which row i goes on from row order[i], whose first `kept` columns stay. */
  async #readBatch(
    next: Batch,
    order: readonly number[],
    kept: number,
  ): Promise<{ readonly logits: Tensor; readonly fed: number }> {
    const { signature, runtime } = this.model;
    const { inputIds, attentionMask, positionIds } = signature;
    this.#batch = undefined;
    this.#batchCache.reorder(order, kept);

    const rows = next.sequences.length;
    const total = next.length;
    const fed = total - kept;
    const ids = new IdBuffer(inputIds.type, rows * fed);
    const positions = positionIds && new IdBuffer(positionIds.type, rows * fed);
    const mask = attentionMask && new IdBuffer(attentionMask.type, rows * total);
    next.sequences.forEach((y, row) => {
      const pad = next.pads[row] as number;
      for (let i = Math.max(kept, pad); i < total; i++) {
        const at = row * fed + i - kept;
        ids.set(at, y[i - pad] as number);
        positions?.set(at, i - pad);
      }
      for (let i = pad; i < total; i++) mask?.set(row * total + i, 1);
    });
    const feeds = this.#feeds;
    feeds[inputIds.name] = ids.tensor(runtime, 0, [rows, fed]);
    if (mask && attentionMask) {
      feeds[attentionMask.name] = mask.tensor(runtime, 0, [rows, total]);
    }
    if (positions && positionIds) {
      feeds[positionIds.name] = positions.tensor(runtime, 0, [rows, fed]);
    }
    this.#batchCache.feed(feeds, rows);
    const logits = await this.#pass(this.#batchCache, rows, fed);
    if (this.#remembers) this.#batch = next;
    return { logits, fed };
  }

  /**
   * Sequences of different lengths for a model that cannot be told about padding on the left: all from the start, with
   * padding behind, where a causal model does not see it. Nothing is remembered.
   */
  async #readRagged(batch: readonly (readonly number[])[]): Promise<Logits> {
    const { signature, runtime } = this.model;
    const { inputIds, attentionMask, positionIds } = signature;
    const rows = batch.length;
    const length = Math.max(...batch.map((y) => y.length));
    const ids = new IdBuffer(inputIds.type, rows * length);
    batch.forEach((y, row) => {
      for (const [i, token] of y.entries()) ids.set(row * length + i, token);
    });
    this.#batch = undefined;
    this.#batchCache.clear();
    const feeds = this.#feeds;
    feeds[inputIds.name] = ids.tensor(runtime, 0, [rows, length]);
    if (attentionMask) {
      const ones = this.model.ones(attentionMask.type, rows * length);
      feeds[attentionMask.name] = ones.tensor(runtime, 0, [rows, length]);
    }
    if (positionIds) {
      const positions = new IdBuffer(positionIds.type, rows * length);
      for (let i = 0; i < rows * length; i++) positions.set(i, i % length);
      feeds[positionIds.name] = positions.tensor(runtime, 0, [rows, length]);
    }
    this.#batchCache.feed(feeds, rows);
    const logits = await this.#pass(this.#batchCache, rows, length);
    this.#batchCache.clear();
    const last = batch.map((y, row) => row * length + y.length - 1);
    return gatherRows(logits, last, this.vocab, runtime);
  }

  /** Is what was read of no use for reading `fed` more tokens of each of so many sequences? */
  #mustReadAnew(rows: number, fed: number): boolean {
    return !this.#remembers || (this.model.countsFromCache && rows > 1 && fed > 1);
  }

  #checkBatch(batch: readonly (readonly number[])[]): void {
    for (const y of batch) {
      this.#checkLength(y.length);
      for (const token of y) this.#checkToken(token);
    }
    this.#followWeights();
  }

  /** Runs the model on the feeds; its cache moves on by `fed` positions. */
  async #pass(cache: KvCache, rows: number, fed: number): Promise<Tensor> {
    const outputs = await this.model.run(this.#feeds);
    this.#passes++;
    this.#positions += rows * fed;
    if (this.#remembers) cache.adopt(outputs, rows, cache.length + fed);
    const logits = outputs[this.model.signature.logits];
    const width = logits?.dims[2];
    if (logits?.dims[0] === rows && logits.dims[1] === fed && width && width >= this.vocab) {
      return logits;
    }
    throw new Error(`logits are [${logits?.dims}]; expected [${rows},${fed},>=${this.vocab}]`);
  }

  #rows(tensor: Tensor, where: Omit<LogitsLayout, 'vocab' | 'stride'>): Logits {
    const layout = { ...where, vocab: this.vocab, stride: tensor.dims[2] as number };
    if (tensor.location === 'gpu-buffer') {
      return new DeviceLogits(tensor.gpuBuffer, layout, () => tensor.dispose());
    }
    const { data } = tensor;
    if (!(data instanceof Float32Array)) throw new Error(`logits are ${tensor.type}`);
    return new DeviceLogits(data, layout);
  }

  /** Weights in training may have changed since the last pass. */
  #followWeights(): void {
    if (this.#version === this.model.version) return;
    this.forget();
    this.#version = this.model.version;
  }

  #checkLength(length: number): void {
    if (length <= this.contextLength && length > 0) return;
    throw new UserError(
      'context',
      `${this.model.name} was asked to read ${length} tokens; its context is ${this.contextLength}.`,
      'Use a shorter prompt or fewer new tokens.',
    );
  }

  /** WebGPU would read some other row of the embedding, without a word. */
  #checkToken(token: number | undefined): void {
    if (Number.isInteger(token) && (token as number) >= 0 && (token as number) < this.vocab) return;
    throw new Error(`${this.model.name}: token ${token} is not in [0, ${this.vocab})`);
  }
}
