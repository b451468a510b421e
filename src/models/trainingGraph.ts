// From a decoder to the files of its training graphs. Where weights are arrays, forward and backward are one graph; on
// a GPU they are two, and the loss is a kernel of ours between them (docs/autodiff.md). Where logits would be too many
// bytes the head is a graph of its own (cutGraph.ts).

import { type Joint, withCotangents, withScores, withTokenLogProbs } from '../autodiff/joint.ts';
import { lower, type Provider } from '../autodiff/lower.ts';
import { type Policy, partition } from '../autodiff/partition.ts';
import { symbolsOf } from '../onnx/dim.ts';
import type { Graph } from '../onnx/graph.ts';
import { writeModel } from '../onnx/model.ts';
import type { Normalized } from '../onnx/normalize.ts';
import { modelFrom } from '../onnx/proto.ts';
import type { BatchInputs } from './trainingBatch.ts';
import {
  type Bytes,
  inputsOf,
  namesOf,
  type Source,
  type SourceOptions,
  sourceFrom,
  vocabularyOf,
} from './trainingSource.ts';

export interface Training extends Source {
  /** Parameter -> the output that holds its gradient. */
  readonly gradients: ReadonlyMap<string, string>;
  readonly inputs: BatchInputs;
}

/** Log-probs are the output `logProbs`; `targets` and `weights` are inputs. */
export interface JointFiles {
  /** Forward and backward in one, as an ONNX file. */
  readonly file: Bytes;
  /** Of policies, the forward part alone: outputs `logProbs` and `entropies`, no input `weights`. */
  readonly scoring?: Bytes;
}
export type JointGraph = Training & JointFiles;

export interface SplitFiles {
  /** Outputs: what somebody else goes on with (of a decoder, `logits`), and what the backward part needs. */
  readonly forward: Bytes;
  /** Takes that one's gradient (`dlogits`) and what the forward part has left. Outputs: the gradients. */
  readonly backward: Bytes;
}
export type SplitGraph = Training & SplitFiles;

/** Sizes of a usual pass, at which bytes are weighed. */
export interface NominalSizes {
  readonly rows: number;
  readonly columns: number;
}

/** @throws UserError 'onnx' for what cannot be read, differentiated, fed or kept apart */
export const jointGraph = (bytes: Bytes, options: SourceOptions = {}): JointGraph =>
  jointFrom(sourceFrom(bytes, options), options);

/** @throws UserError 'onnx' for what cannot be differentiated or fed */
export function jointFrom(source: Source, options: SourceOptions): JointGraph {
  const names = namesOf(source);
  const { graph, gradients, files } = jointFiles(source.normalized.graph, names, options);
  return { ...source, gradients, inputs: inputsOf(graph, [...names, 'weights']), ...files };
}

/** @throws UserError 'onnx' for what cannot be differentiated or fed */
export function splitFrom(source: Source, policy: Policy, nominal: NominalSizes): SplitGraph {
  const names = namesOf(source);
  const joint = withCotangents(source.normalized.graph, names);
  const { graph, files } = splitFiles(joint, 'webgpu', policy, nominal);
  const inputs = inputsOf(graph, [...names, ...joint.seeds]);
  return { ...source, gradients: joint.gradients, inputs, ...files };
}

/** The graph with its gradients, and as files. */
export function jointFiles(
  plain: Graph,
  wrt: readonly string[],
  { temperature }: Pick<SourceOptions, 'temperature'>,
) {
  const scored = temperature === undefined ? {} : { temperature, entropies: true };
  const { graph: joint, gradients } = withTokenLogProbs(plain, wrt, scored);
  const graph = lower(joint, { provider: 'wasm' });
  const files: JointFiles = {
    file: fileOf(graph),
    ...(temperature !== undefined && {
      scoring: fileOf(lower(withScores(plain, scored), { provider: 'wasm' })),
    }),
  };
  return { graph, gradients, files };
}

/** Lowered, and in two files. */
export function splitFiles(
  joint: Joint,
  provider: Provider,
  policy: Policy,
  nominal: NominalSizes,
): { readonly graph: Graph; readonly files: SplitFiles } {
  const graph = lower(joint.graph, { provider });
  const parts = partition({ ...joint, graph }, policy, symbolValues(graph, nominal));
  return { graph, files: { forward: fileOf(parts.forward), backward: fileOf(parts.backward) } };
}

/** dL/dlogits is the input `dlogits`; outputs are `logits` and the gradients. */
export type CotangentGraph = Pick<JointGraph, 'file' | 'gradients' | 'inputs' | 'vocab'>;

/** @throws UserError 'onnx' for what cannot be differentiated or fed */
export function cotangentGraph(normalized: Normalized, provider: Provider): CotangentGraph {
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
