// A checkpoint laid open: its files read, its graph dissected, its numbers at hand; and, once somebody turns or
// differentiates it, the sessions for that. Made step by step, so that counting needs no runtime.

import { dissect } from '../anatomy/anatomy.ts';
import { floatsOf, storedWeights } from '../anatomy/stored.ts';
import { type Applied, type Plan, Turned } from '../anatomy/turned.ts';
import { type Failure, UserError } from '../core/errors.ts';
import { Attribution } from '../models/attribution.ts';
import type { Decoder } from '../models/decoder.ts';
import { memoryFolder, readJson } from '../models/folder.ts';
import type { OrtRuntime } from '../models/runtime.ts';
import { TurnedModel } from '../models/turnedModel.ts';
import { checkFit } from '../models/vocabulary.ts';
import { readModel } from '../onnx/model.ts';
import { graphFrom } from '../onnx/proto.ts';
import { typeName } from '../onnx/tensor.ts';
import { widened } from '../onnx/widen.ts';
import { type BaseCheckpoint, MODEL } from './trainRoom.ts';

type Floats = Float32Array<ArrayBuffer>;

/** What decodes, twice. */
export interface Pair {
  readonly model: TurnedModel;
  readonly untouched: Decoder;
  readonly turned: Decoder;
}

export class OpenedModel {
  readonly base: BaseCheckpoint;
  readonly dissected: ReturnType<typeof dissect>;
  readonly #source: ReturnType<typeof readModel>;
  readonly #files: ReadonlyMap<string, Floats>;
  readonly #turned: Turned;
  readonly #pairs = new Map<OrtRuntime, Promise<Pair>>();
  readonly #attributions = new Map<OrtRuntime, Promise<Attribution>>();
  /** What the pairs have not been told yet. */
  #plan = '';
  #applied: Applied = { changed: [], failures: new Map(), touched: 0 };
  /** Logits of what follows a text, with the file's numbers. */
  #row: { readonly key: string; readonly row: Floats } | undefined;

  private constructor(
    base: BaseCheckpoint,
    source: ReturnType<typeof readModel>,
    config: Readonly<Record<string, unknown>>,
  ) {
    this.base = base;
    // Half-precision weights are turned and differentiated as what they are in float32.
    this.#source = widened(source);
    const types = new Map(
      (source.graph?.initializer ?? []).map(({ name, dataType }) => [name, typeName(dataType)]),
    );
    const raw = graphFrom(this.#source);
    this.dissected = dissect(raw, config, types);
    const { anatomy, normalized } = this.dissected;
    const stored = normalized ? undefined : storedWeights(raw, true);
    this.#files = normalized
      ? new Map(normalized.parameters.map(({ name, tensor }) => [name, floatsOf(tensor)]))
      : lazily(new Map([...(stored ?? [])].map(([name, { values }]) => [name, values])));
    this.#turned = new Turned(anatomy, this.#files);
  }

  /** @param base with all of its weights in one file */
  static async open(base: BaseCheckpoint): Promise<OpenedModel> {
    const folder = memoryFolder(base.name, base.files);
    const config = await readJson(folder, 'config.json');
    return new OpenedModel(base, readModel(new Uint8Array(base.files.get(MODEL)!)), config);
  }

  get anatomy() {
    return this.dissected.anatomy;
  }

  /** The numbers of a tensor with the dials where they are. */
  values(tensor: string): Floats {
    return this.#turned.values(tensor);
  }

  /** Sets the dials. */
  async apply(plan: Plan): Promise<Pick<Applied, 'failures' | 'touched'>> {
    const key = JSON.stringify(plan);
    if (key === this.#plan) return this.#applied;
    const closed = this.anatomy.closed;
    if (closed) {
      const failures = new Map(plan.edits.map((_, i) => [i, closed] as const));
      return { failures, touched: 0 };
    }
    this.#applied = this.#turned.apply(plan);
    this.#plan = key;
    for (const pair of this.#pairs.values()) {
      (await pair).model.write(this.#applied.changed, (tensor) => this.#turned.values(tensor));
    }
    return this.#applied;
  }

  /** @throws UserError with why it cannot be turned */
  async pair(runtime: OrtRuntime): Promise<Pair> {
    const { normalized } = this.dissected;
    if (!normalized) throw asError(this.anatomy.closed);
    const known = this.#pairs.get(runtime) ?? this.#makePair(runtime);
    this.#pairs.set(runtime, known);
    known.catch(() => this.#pairs.delete(runtime));
    return known;
  }

  async #makePair(runtime: OrtRuntime): Promise<Pair> {
    const { name, config, tokenizer } = this.base;
    const normalized = this.dissected.normalized!;
    const source = { model: this.#source, normalized };
    const model = await TurnedModel.create(name, config, runtime, source, this.#files);
    const everything = this.anatomy.parts
      .filter((part) => this.#turned.values(part.name) !== this.#files.get(part.name))
      .map((part) => ({ tensor: part.name, row: 0, rows: 1, column: 0, columns: part.count }));
    model.write(everything, (tensor) => this.#turned.values(tensor));
    const columns = normalized.graph.outputs[0]?.shape.at(-1);
    try {
      const vocab = checkFit(name, tokenizer, Number(columns));
      return {
        model,
        untouched: model.untouched.decoder(vocab),
        turned: model.turned.decoder(vocab),
      };
    } catch (error) {
      await model.release();
      throw error;
    }
  }

  /** Logits of what follows, with the file's numbers and with the turned ones. */
  async rows(
    runtime: OrtRuntime,
    tokens: readonly number[],
    plan: Plan,
  ): Promise<[Floats, Floats]> {
    const { model, untouched, turned } = await this.pair(runtime);
    const key = `${runtime.provider} ${tokens.join(' ')}`;
    if (this.#row?.key !== key) this.#row = { key, row: await model.row(untouched, tokens) };
    const { row } = this.#row;
    const still = plan.bits === 32 && plan.edits.length === 0;
    return [row, still ? row : await model.row(turned, tokens)];
  }

  /** @throws UserError with why it cannot be differentiated */
  async attribution(runtime: OrtRuntime): Promise<Attribution> {
    const { normalized } = this.dissected;
    if (!normalized) throw asError(this.anatomy.closed);
    const known = this.#attributions.get(runtime) ?? Attribution.create(normalized, runtime);
    this.#attributions.set(runtime, known);
    known.catch(() => this.#attributions.delete(runtime));
    return known;
  }

  /** Lets go of what belongs to runtimes; those of a lost GPU may refuse, which does not matter. */
  async rest(): Promise<void> {
    const pairs = [...this.#pairs.values()];
    const attributions = [...this.#attributions.values()];
    this.#pairs.clear();
    this.#attributions.clear();
    this.#row = undefined;
    for (const pair of pairs) await pair.then(({ model }) => model.release()).catch(() => {});
    for (const one of attributions) await one.then((made) => made.release()).catch(() => {});
  }
}

function asError(failure: Failure | undefined): UserError {
  if (!failure || failure.code === 'internal') {
    return new UserError(
      'onnx',
      failure?.message ?? 'This model cannot be turned.',
      failure?.remedy ?? 'Choose another checkpoint.',
    );
  }
  return new UserError(failure.code, failure.message, failure.remedy);
}

/** A map whose values are made when they are first asked for. */
function lazily<K, V>(makers: ReadonlyMap<K, () => V>): ReadonlyMap<K, V> {
  const made = new Map<K, V>();
  return {
    ...({} as ReadonlyMap<K, V>),
    get size() {
      return makers.size;
    },
    has: (key: K) => makers.has(key),
    keys: () => makers.keys() as MapIterator<K>,
    get(key: K) {
      if (!made.has(key) && makers.has(key)) made.set(key, makers.get(key)!());
      return made.get(key);
    },
  } as ReadonlyMap<K, V>;
}
