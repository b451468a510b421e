// The families as files: weights beside the model in several parts, PyTorch's safetensors with their config.json,
// ONNX Runtime GenAI's flat folder.

import { readFileSync } from 'node:fs';
import { writeSafetensors } from '../../src/models/safetensors.ts';
import type { Graph } from '../../src/onnx/graph.ts';
import { writeModel } from '../../src/onnx/model.ts';
import { modelFrom, pointTo } from '../../src/onnx/proto.ts';
import { DataType, float32Of } from '../../src/onnx/tensor.ts';
import { CONTEXT, familyConfig, llamaShape } from './index.ts';

export type Files = Map<string, Uint8Array<ArrayBuffer>>;
export const bytesOf = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);
export const jsonFile = (value: unknown) => bytesOf(JSON.stringify(value));

export const tokenizerFiles = (): Files =>
  new Map(
    ['tokenizer.json', 'tokenizer_config.json'].map((file) => [
      file,
      new Uint8Array(readFileSync(`recipes/tokenizer/${file}`)),
    ]),
  );

/** A model whose larger weights are in `parts` files named as exporters name them. */
export function external(graph: Graph, parts: number, stem = 'model.onnx_data'): Files {
  const model = modelFrom(graph);
  const names = Array.from({ length: parts }, (_, i) => (i === 0 ? stem : `${stem}_${i}`));
  const contents = names.map(() => [] as Uint8Array[]);
  const lengths = names.map(() => 0);
  let next = 0;
  for (const tensor of model.graph!.initializer) {
    if (tensor.rawData.length < 64) continue;
    const at = next++ % parts;
    contents[at]!.push(tensor.rawData);
    const length = tensor.rawData.length;
    pointTo(tensor, names[at]!, lengths[at]!, length);
    lengths[at]! += length;
  }
  const files: Files = new Map([['model.onnx', writeModel(model)]]);
  names.forEach((name, i) => {
    files.set(name, new Uint8Array(Buffer.concat(contents[i]!)));
  });
  return files;
}

/** config.json of the Llama family. */
export const llamaJson = {
  model_type: 'llama',
  hidden_size: llamaShape.width,
  num_hidden_layers: llamaShape.layers,
  num_attention_heads: llamaShape.heads,
  num_key_value_heads: llamaShape.keyHeads,
  head_dim: llamaShape.headSize,
  intermediate_size: llamaShape.inner,
  max_position_embeddings: CONTEXT,
  vocab_size: llamaShape.vocabulary,
  rms_norm_eps: llamaShape.epsilon,
  rope_theta: 10_000,
  hidden_act: 'silu',
  tie_word_embeddings: false,
  bos_token_id: familyConfig.bos_token_id,
  eos_token_id: familyConfig.eos_token_id,
};

export const gpt2Json = {
  model_type: 'gpt2',
  n_layer: 2,
  n_embd: 32,
  n_head: 4,
  n_positions: CONTEXT,
  vocab_size: llamaShape.vocabulary,
  activation_function: 'gelu_new',
  bos_token_id: familyConfig.bos_token_id,
  eos_token_id: familyConfig.eos_token_id,
};

/** Weights of a graph that the project writes itself, under PyTorch's names. */
export function weightsOf(graph: Graph) {
  const learned = [...graph.initializers].filter(
    ([name, { dtype }]) => dtype === DataType.float && /\.(weight|bias)$/.test(name),
  );
  return new Map(
    learned.map(([name, tensor]) => [name, { dims: tensor.dims, values: float32Of(tensor) }]),
  );
}

export const safetensorsFolder = (graph: Graph, config: unknown): Files =>
  new Map([
    ['config.json', jsonFile(config)],
    ...tokenizerFiles(),
    ['model.safetensors', writeSafetensors(weightsOf(graph), { format: 'pt' })],
  ]);
