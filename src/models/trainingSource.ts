// A decoder's file as something that can be trained, and back: read, widened, normalised, with adapters where they are
// what is trained; and what was learned written into the file it came from.

import { mergeLora, type WithLora } from '../autodiff/lora.ts';
import { SEGMENTS, separateSegments } from '../autodiff/segments.ts';
import { UserError } from '../core/errors.ts';
import { withAdapters } from '../onnx/adapters.ts';
import type { Graph, Port } from '../onnx/graph.ts';
import { type ModelProto, readModel, writeModel } from '../onnx/model.ts';
import { type Normalized, normalize } from '../onnx/normalize.ts';
import { graphFrom } from '../onnx/proto.ts';
import { DataType } from '../onnx/tensor.ts';
import { liftWeights, withWeights } from '../onnx/weights.ts';
import { widened } from '../onnx/widen.ts';
import { type AdapterValues, addLora, type LoraSettings, peftFiles } from './lora.ts';
import type { BatchInputs } from './trainingBatch.ts';

export type Bytes = Uint8Array<ArrayBuffer>;

/** What is added to a decoder instead of changing it. */
export interface LoraSource extends WithLora {
  readonly settings: LoraSettings;
  /** The decoder itself, whose parameters do not change. */
  readonly frozen: Normalized;
}

/** A decoder that can be trained. */
export interface Source {
  /** As it was read. */
  readonly model: ModelProto;
  /** The same as float32, if it was float16. */
  readonly wide: ModelProto;
  /** With what is trained as its parameters: weights, or adapters. */
  readonly normalized: Normalized;
  readonly lora?: LoraSource;
  /** Columns of the head. */
  readonly vocab: number;
}

/** What is asked of a training graph. */
export interface SourceOptions {
  /** Whether a row may hold several texts. */
  readonly packed?: boolean;
  /** Adapters are trained instead of the weights. */
  readonly lora?: LoraSettings;
  /** Of a policy: log-probs are taken at it, and entropies are an output as well. */
  readonly temperature?: number | undefined;
}

/** @throws UserError 'onnx' for what cannot be read or kept apart */
export function sourceFrom(
  bytes: Bytes,
  { packed = false, lora: settings }: SourceOptions,
): Source {
  // Slices of Node's Buffer share memory and its alignment; those of a plain view are copies.
  const view = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const model = readModel(view);
  const wide = widened(model);
  const plain = normalize(graphFrom(wide));
  const apart = packed ? { ...plain, graph: separateSegments(plain.graph) } : plain;
  const lora = settings && { ...addLora(apart, settings), settings, frozen: apart };
  const { ties, warnings } = apart;
  const normalized = lora
    ? { graph: lora.graph, parameters: lora.parameters, ties, warnings }
    : apart;
  const vocab = vocabularyOf(normalized.graph);
  return { model, wide, normalized, vocab, ...(lora && { lora }) };
}

/** The file with what was learned in it: weights, or adapters merged into them where they are floats. */
export function trainedFile({ model, normalized, lora }: Source, learned: AdapterValues): Bytes {
  if (!lora) return writeModel(withWeights(model, normalized, learned));
  const { frozen, adapters } = lora;
  const weights = new Set(frozen.parameters.map(({ name }) => name));
  const floats = adapters.filter(({ weight }) => weights.has(weight));
  const others = adapters.filter(({ weight }) => !weights.has(weight));
  const merged = withWeights(model, frozen, mergeLora(frozen, floats, learned));
  if (others.length === 0) return writeModel(merged);
  const tensors = others.flatMap(({ a, b }) =>
    [a, b].map(({ name, dims }) => {
      const values = learned.get(name)!;
      const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
      return [name, { dtype: DataType.float, dims, bytes }] as const;
    }),
  );
  return writeModel(withAdapters(merged, others, new Map(tensors)));
}

/** What PEFT reads, by file name; undefined where the weights themselves are trained. */
export function adapterFiles({ lora }: Source, learned: AdapterValues, base: string) {
  return lora && peftFiles(lora, learned, lora.settings, base);
}

/** What of a source decoding needs. */
export type LiveSource = Pick<Source, 'model' | 'normalized' | 'lora'> &
  Partial<Pick<Source, 'wide'>>;

/** The file whose inputs are what is being trained. */
export function liveFile({ model, wide = model, normalized, lora }: LiveSource): Bytes {
  return writeModel(lora ? withAdapters(wide, lora.adapters) : liftWeights(wide, normalized));
}

export const namesOf = ({ normalized }: Source) => normalized.parameters.map(({ name }) => name);

export function vocabularyOf(graph: Graph): number {
  const columns = graph.outputs[0]?.shape.at(-1);
  if (typeof columns === 'number') return columns;
  throw new UserError(
    'onnx',
    'The model does not say how many tokens its head knows.',
    'Export it with a fixed vocabulary size.',
  );
}

/** @throws UserError 'onnx' for inputs that nobody knows how to fill */
export function inputsOf(graph: Graph, others: readonly string[]): BatchInputs {
  const fed = graph.inputs.filter(({ name }) => !others.includes(name));
  const named = (name: string) => fed.find((port) => port.name === name)?.name;
  const expected = ['input_ids', 'attention_mask', 'position_ids', SEGMENTS, 'targets'];
  const strange = fed.find(({ name }) => !expected.includes(name));
  if (strange || !named('input_ids')) {
    throw new UserError(
      'onnx',
      strange
        ? `The model has an input that is not understood: ${strange.name}.`
        : 'The model has no input input_ids.',
      'Export it as a causal language model with input_ids, attention_mask and position_ids.',
    );
  }
  const typeOf = ({ dtype }: Port) => (dtype === DataType.int32 ? 'int32' : 'int64');
  return {
    ids: 'input_ids',
    mask: named('attention_mask'),
    positions: named('position_ids'),
    segments: named(SEGMENTS),
    types: new Map(fed.map((port) => [port.name, typeOf(port)])),
  };
}
