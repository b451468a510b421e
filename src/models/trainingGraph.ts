// From a decoder's file to the files of its training graphs, with what is needed to feed them and to write weights
// back into the file. Where weights are arrays, forward and backward are one graph; on a GPU they are two, and the
// loss is a kernel of ours between them (docs/autodiff.md).

import { type Joint, withCotangents, withTokenLogProbs } from '../autodiff/joint.ts';
import { lower } from '../autodiff/lower.ts';
import { type Policy, partition } from '../autodiff/partition.ts';
import { SEGMENTS, separateSegments } from '../autodiff/segments.ts';
import { UserError } from '../core/errors.ts';
import { symbolsOf } from '../onnx/dim.ts';
import type { Graph, Port } from '../onnx/graph.ts';
import { type ModelProto, readModel, writeModel } from '../onnx/model.ts';
import { type Normalized, normalize } from '../onnx/normalize.ts';
import { graphFrom, modelFrom } from '../onnx/proto.ts';
import { DataType } from '../onnx/tensor.ts';
import type { BatchInputs } from './trainingBatch.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** A decoder that can be trained. */
export interface Source {
  /** As it was read. */
  readonly model: ModelProto;
  readonly normalized: Normalized;
  /** Columns of the head. */
  readonly vocab: number;
}

interface Training extends Source {
  /** Parameter -> the output that holds its gradient. */
  readonly gradients: ReadonlyMap<string, string>;
  readonly inputs: BatchInputs;
}

/** Log-probs are the output `logProbs`; `targets` and `weights` are inputs. */
export interface JointGraph extends Training {
  /** Forward and backward in one, as an ONNX file. */
  readonly file: Bytes;
}

export interface SplitGraph extends Training {
  /** Outputs: `logits`, and what the backward part needs. */
  readonly forward: Bytes;
  /** Takes `dlogits` and what the forward part has left. Outputs: the gradients. */
  readonly backward: Bytes;
  /** Names of what is left by the one for the other. */
  readonly residuals: readonly string[];
}

/** Sizes of a usual pass, at which bytes are weighed. */
export interface NominalSizes {
  readonly rows: number;
  readonly columns: number;
}

/**
 * @param packed whether a row may hold several texts
 * @throws UserError 'onnx' for what cannot be read, differentiated, fed or kept apart
 */
export function jointGraph(bytes: Bytes, packed = false): JointGraph {
  const source = sourceFrom(bytes, packed);
  const { graph: joint, gradients } = withTokenLogProbs(source.normalized.graph, namesOf(source));
  const graph = lower(joint, { provider: 'wasm' });
  const inputs = inputsOf(graph, [...namesOf(source), 'weights']);
  return { ...source, gradients, inputs, file: fileOf(graph) };
}

/**
 * @param packed whether a row may hold several texts
 * @throws UserError 'onnx' for what cannot be read, differentiated, fed or kept apart
 */
export function splitGraph(
  bytes: Bytes,
  policy: Policy,
  nominal: NominalSizes,
  packed = false,
): SplitGraph {
  const source = sourceFrom(bytes, packed);
  const joint = withCotangents(source.normalized.graph, namesOf(source));
  const lowered: Joint = { ...joint, graph: lower(joint.graph, { provider: 'webgpu' }) };
  const parts = partition(lowered, policy, symbolValues(lowered.graph, nominal));
  return {
    ...source,
    gradients: joint.gradients,
    inputs: inputsOf(lowered.graph, [...namesOf(source), ...joint.seeds]),
    forward: fileOf(parts.forward),
    backward: fileOf(parts.backward),
    residuals: parts.residuals,
  };
}

/** dL/dlogits is the input `dlogits`; outputs are `logits` and the gradients. */
export type CotangentGraph = Pick<JointGraph, 'file' | 'gradients' | 'inputs' | 'vocab'>;

/** @throws UserError 'onnx' for what cannot be differentiated or fed */
export function cotangentGraph(
  normalized: Normalized,
  provider: 'wasm' | 'webgpu',
): CotangentGraph {
  const names = normalized.parameters.map(({ name }) => name);
  const joint = withCotangents(normalized.graph, names);
  const graph = lower(joint.graph, { provider });
  return {
    gradients: joint.gradients,
    vocab: vocabularyOf(normalized.graph),
    inputs: inputsOf(graph, [...names, ...joint.seeds]),
    file: fileOf(graph),
  };
}

function sourceFrom(bytes: Bytes, packed: boolean): Source {
  // Slices of Node's Buffer share memory and its alignment; those of a plain view are copies.
  const view = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const model = readModel(view);
  const plain = normalize(graphFrom(model));
  const normalized = packed ? { ...plain, graph: separateSegments(plain.graph) } : plain;
  return { model, normalized, vocab: vocabularyOf(normalized.graph) };
}

const namesOf = ({ normalized }: Source) => normalized.parameters.map(({ name }) => name);
const fileOf = (graph: Graph): Bytes => writeModel(modelFrom(graph));

/** Integers are (rows, columns): the first axis is the batch, all others are as long as the text. */
function symbolValues(graph: Graph, { rows, columns }: NominalSizes): Record<string, number> {
  const values: Record<string, number> = {};
  for (const { shape } of graph.inputs) {
    shape.forEach((dim, axis) => {
      for (const symbol of symbolsOf([dim])) values[symbol] ??= axis === 0 ? rows : columns;
    });
  }
  return values;
}

function vocabularyOf(graph: Graph): number {
  const columns = graph.outputs[0]?.shape.at(-1);
  if (typeof columns === 'number') return columns;
  throw new UserError(
    'onnx',
    'The model does not say how many tokens its head knows.',
    'Export it with a fixed vocabulary size.',
  );
}

/** @throws UserError 'onnx' for inputs that nobody knows how to fill */
function inputsOf(graph: Graph, others: readonly string[]): BatchInputs {
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
