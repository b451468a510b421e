// From a decoder's file to the file of its training graph, with what is needed to feed the one and to write
// weights back into the other.

import { withTokenLogProbs } from '../autodiff/joint.ts';
import { lower, type Provider } from '../autodiff/lower.ts';
import { UserError } from '../core/errors.ts';
import type { Graph, Port } from '../onnx/graph.ts';
import { type ModelProto, readModel, writeModel } from '../onnx/model.ts';
import { type Normalized, normalize } from '../onnx/normalize.ts';
import { graphFrom, modelFrom } from '../onnx/proto.ts';
import { DataType } from '../onnx/tensor.ts';
import type { BatchInputs } from './trainingBatch.ts';

export interface TrainingGraph {
  /** The decoder as it was read. */
  readonly model: ModelProto;
  readonly normalized: Normalized;
  /** Parameter -> the output that holds its gradient; log-probs are the output `logProbs`. */
  readonly gradients: ReadonlyMap<string, string>;
  readonly inputs: BatchInputs;
  /** Columns of the head. */
  readonly vocab: number;
  /** Forward and backward in one, as an ONNX file. */
  readonly file: Uint8Array<ArrayBuffer>;
}

/** @throws UserError 'onnx' for what cannot be read, differentiated or fed */
export function trainingGraph(bytes: Uint8Array<ArrayBuffer>, provider: Provider): TrainingGraph {
  // Slices of Node's Buffer share memory and its alignment; those of a plain view are copies.
  const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const model = readModel(plain);
  const normalized = normalize(graphFrom(model));
  const names = normalized.parameters.map((parameter) => parameter.name);
  const { graph: joint, gradients } = withTokenLogProbs(normalized.graph, names);
  const graph = lower(joint, { provider });
  return {
    model,
    normalized,
    gradients,
    inputs: inputsOf(graph, names),
    vocab: vocabularyOf(normalized.graph),
    file: writeModel(modelFrom(graph)),
  };
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
function inputsOf(graph: Graph, parameters: readonly string[]): BatchInputs {
  const fed = graph.inputs.filter(({ name }) => !parameters.includes(name) && name !== 'weights');
  const named = (name: string) => fed.find((port) => port.name === name)?.name;
  const expected = ['input_ids', 'attention_mask', 'position_ids', 'targets'];
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
    types: new Map(fed.map((port) => [port.name, typeOf(port)])),
  };
}
