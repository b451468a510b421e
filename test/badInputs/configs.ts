// config.json, generation_config.json and genai_config.json that lack something, say it in the wrong type, or contradict
// the weights.

import {
  bytesOf,
  type Files,
  gpt2Json,
  jsonFile,
  llamaJson,
  safetensorsFolder,
  tokenizerFiles,
} from '../families/folders.ts';
import { familyBytes, familyConfig, familyGraph } from '../families/index.ts';

const llama = { ...llamaJson, num_hidden_layers: 1 };
const gpt2 = { ...gpt2Json, n_layer: 1 };

export function configCases(): [string, Files][] {
  const model = familyBytes('llama', 1);
  const weights = safetensorsFolder(familyGraph('llama', 1), llama);
  const gpt2Weights = safetensorsFolder(familyGraph('gpt2', 1), gpt2);
  const onnx = (
    config: Uint8Array<ArrayBuffer> | undefined,
    more: [string, Uint8Array<ArrayBuffer>][] = [],
  ): Files =>
    new Map([
      ...tokenizerFiles(),
      ['model.onnx', model],
      ...(config ? [['config.json', config] as const] : []),
      ...more,
    ]);
  const built = (
    changes: Record<string, unknown>,
    from: Files = weights,
    base: object = llama,
  ): Files => new Map(from).set('config.json', jsonFile({ ...base, ...changes }));
  const genAi = (value: unknown): Files => {
    const files = onnx(undefined, [['genai_config.json', jsonFile(value)]]);
    return files;
  };
  return [
    ['no config.json', onnx(undefined)],
    ['nothing in it', onnx(new Uint8Array(0))],
    ['a list', onnx(jsonFile([]))],
    ['text', onnx(jsonFile('text'))],
    ['a number', onnx(jsonFile(3))],
    ['null', onnx(bytesOf('null'))],
    ['cut off', onnx(bytesOf('{"n_positions": 4'))],
    ['not UTF-8', onnx(Uint8Array.from([0x7b, 0xff, 0x7d]))],
    ['a web page', onnx(bytesOf('<!DOCTYPE html><p>Not found'))],
    [
      'an LFS pointer',
      onnx(bytesOf('version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n')),
    ],
    ['no context', onnx(jsonFile({ model_type: 'llama' }))],
    ['a context of 0', onnx(jsonFile({ n_positions: 0 }))],
    ['a negative context', onnx(jsonFile({ n_positions: -8 }))],
    ['a context with a fraction', onnx(jsonFile({ n_positions: 7.5 }))],
    ['a context as text', onnx(jsonFile({ n_positions: '48' }))],
    ['a context of 1e400', onnx(bytesOf('{"n_positions": 1e400}'))],
    ['comments', onnx(bytesOf('{"n_positions": 48 // tokens\n}'))],
    [
      'generation_config.json cut off',
      onnx(jsonFile(familyConfig), [['generation_config.json', bytesOf('{')]]),
    ],
    [
      'generation_config.json a list',
      onnx(jsonFile(familyConfig), [['generation_config.json', bytesOf('[]')]]),
    ],
    ['genai_config.json without a model', genAi({ search: {} })],
    ['genai_config.json with a list for a model', genAi({ model: [] })],
    ['genai_config.json without a context', genAi({ model: { decoder: {} } })],
    ['genai_config.json with a negative context', genAi({ model: { context_length: -1 } })],
    ['an unknown family', built({ model_type: 'gemma17' })],
    ['no family', built({ model_type: undefined })],
    ['a family that is a number', built({ model_type: 7 })],
    ['no layers', built({ num_hidden_layers: undefined })],
    ['more layers than weights', built({ num_hidden_layers: 2 })],
    ['heads that do not share the width', built({ num_attention_heads: 5, head_dim: undefined })],
    ['key heads that do not share the heads', built({ num_key_value_heads: 3 })],
    ['heads of an odd size', built({ head_dim: 15 })],
    ['a width that the weights do not have', built({ hidden_size: 64 })],
    ['an MLP that the weights do not have', built({ intermediate_size: 64 })],
    ['another vocabulary', built({ vocab_size: 100 })],
    ['another activation', built({ hidden_act: 'relu' })],
    ['a sliding window', built({ model_type: 'mistral', sliding_window: 8 })],
    ['biases that nobody knows', built({ mlp_bias: true })],
    ['an epsilon of 0', built({ rms_norm_eps: 0 })],
    ['positions stretched in an unknown way', built({ rope_scaling: { rope_type: 'yarn' } })],
    ['positions stretched by text', built({ rope_scaling: 'linear' })],
    ['positions stretched by 0', built({ rope_scaling: { type: 'linear', factor: 0 } })],
    ['GPT-2 with heads that do not share the width', built({ n_head: 5 }, gpt2Weights, gpt2)],
    ['GPT-2 with another activation', built({ activation_function: 'relu' }, gpt2Weights, gpt2)],
    ['GPT-2 with more positions than weights', built({ n_positions: 64 }, gpt2Weights, gpt2)],
  ];
}
