// config.json of PyTorch's GPT-2 and of Llama, Mistral, Qwen2 and Qwen3, read strictly: a number that is guessed here is
// a wrong model that still writes text.

import { UserError } from '../core/errors.ts';
import type { Architecture, Gpt2Options } from './decoderGraph.ts';
import { isRecord } from './folder.ts';
import { type LlamaArchitecture, rotaryFrequencies } from './llamaGraph.ts';

type Json = Readonly<Record<string, unknown>>;

const wrong = (
  name: string,
  what: string,
  remedy = 'Use the config.json that came with the weights.',
) => new UserError('checkpoint', `${name}/config.json: ${what}.`, remedy);

function reader(name: string, config: Json) {
  const shown = (key: string) => JSON.stringify(config[key])?.slice(0, 60) ?? 'nothing';
  const count = (key: string, otherwise?: number): number => {
    const value = config[key] ?? otherwise;
    if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return value;
    throw wrong(name, `${key} is ${shown(key)}; expected a whole number above 0`);
  };
  const number = (key: string, otherwise: number): number => {
    const value = config[key] ?? otherwise;
    if (typeof value === 'number' && Number.isFinite(value) && value > 0) return value;
    throw wrong(name, `${key} is ${shown(key)}; expected a number above 0`);
  };
  const only = (key: string, ...allowed: readonly unknown[]) => {
    const value = config[key];
    if (value === undefined || value === null || allowed.includes(value)) return;
    throw wrong(
      name,
      `${key} is ${shown(key)}, which is not understood`,
      'Export the model as ONNX.',
    );
  };
  return { count, number, only };
}

/** @param present names of the weights */
export function gpt2Config(
  name: string,
  config: Json,
  present: ReadonlySet<string>,
): { shape: Architecture } & Omit<Gpt2Options, 'weights'> {
  const { count, number, only } = reader(name, config);
  only('activation_function', 'gelu_new', 'gelu_pytorch_tanh', 'gelu_fast');
  only('scale_attn_by_inverse_layer_idx', false);
  only('add_cross_attention', false);
  const shape = {
    layers: count('n_layer', 12),
    width: count('n_embd', 768),
    heads: count('n_head', 12),
    context: count('n_positions', 1024),
    vocabulary: count('vocab_size', 50_257),
  };
  if (shape.width % shape.heads !== 0) {
    throw wrong(name, `n_embd is ${shape.width}, which ${shape.heads} heads cannot share`);
  }
  return {
    shape,
    epsilon: number('layer_norm_epsilon', 1e-5),
    inner: count('n_inner', 4 * shape.width),
    scaled: config.scale_attn_weights !== false,
    ownHead: config.tie_word_embeddings === false && present.has('lm_head.weight'),
  };
}

const FAMILIES = ['llama', 'mistral', 'qwen2', 'qwen3'] as const;

/** @param present names of the weights */
export function llamaConfig(
  name: string,
  config: Json,
  present: ReadonlySet<string>,
): LlamaArchitecture {
  const family = FAMILIES.find((one) => one === config.model_type);
  if (!family) {
    const found =
      config.model_type === undefined ? 'is not given' : `is ${JSON.stringify(config.model_type)}`;
    throw wrong(
      name,
      `model_type ${found}; from safetensors gpt2, ${FAMILIES.join(', ')} can be built`,
      'Use an ONNX export of the model (optimum-cli export onnx).',
    );
  }
  const { count, number, only } = reader(name, config);
  only('hidden_act', 'silu', 'swish');
  only('mlp_bias', false);
  only('use_sliding_window', false);
  if (family === 'llama' || family === 'mistral' || family === 'qwen3')
    only('attention_bias', false);
  const width = count('hidden_size');
  const heads = count('num_attention_heads');
  if (config.head_dim === undefined && width % heads !== 0) {
    throw wrong(name, `hidden_size is ${width}, which ${heads} heads cannot share`);
  }
  const headSize = count('head_dim', width / heads);
  const keyHeads = count('num_key_value_heads', heads);
  if (heads % keyHeads !== 0) {
    throw wrong(name, `${heads} heads cannot share ${keyHeads} heads with keys`);
  }
  if (headSize % 2 !== 0)
    throw wrong(name, `a head has ${headSize} features; rotary positions need an even number`);
  const context = count('max_position_embeddings');
  if (
    family === 'mistral' &&
    typeof config.sliding_window === 'number' &&
    config.sliding_window < context
  ) {
    throw wrong(
      name,
      `sliding_window is ${config.sliding_window}, which is not understood`,
      'Export the model as ONNX.',
    );
  }
  const tied = config.tie_word_embeddings === true || !present.has('lm_head.weight');
  return {
    layers: count('num_hidden_layers'),
    width,
    heads,
    keyHeads,
    headSize,
    inner: count('intermediate_size'),
    context,
    vocabulary: count('vocab_size'),
    epsilon: number('rms_norm_eps', 1e-6),
    frequencies: frequencies(name, config, headSize, number('rope_theta', 10_000), context),
    biases: family === 'qwen2',
    headNorms: family === 'qwen3',
    tied,
  };
}

/** Rotary frequencies, stretched as `rope_scaling` says. */
function frequencies(
  name: string,
  config: Json,
  size: number,
  theta: number,
  context: number,
): number[] {
  const scaling = config.rope_scaling ?? config.rope_parameters;
  const given =
    isRecord(scaling) && typeof scaling.rope_theta === 'number' ? scaling.rope_theta : theta;
  const plain = rotaryFrequencies(size, given);
  if (scaling === undefined || scaling === null) return plain;
  if (!isRecord(scaling)) throw wrong(name, 'rope_scaling is no object');
  const kind = scaling.rope_type ?? scaling.type ?? 'default';
  const own = reader(name, scaling);
  if (kind === 'default') return plain;
  if (kind === 'linear') return plain.map((frequency) => frequency / own.number('factor', 1));
  if (kind !== 'llama3') {
    throw wrong(
      name,
      `rope_scaling is of the kind ${JSON.stringify(kind)}, which is not understood`,
      'Export the model as ONNX.',
    );
  }
  // Llama 3.1: slow features are stretched by `factor`, fast ones stay, and between the two it is blended
  // (transformers, modeling_rope_utils.py, _compute_llama3_parameters).
  const factor = own.number('factor', 8);
  const low = own.number('low_freq_factor', 1);
  const high = own.number('high_freq_factor', 4);
  const before = own.number('original_max_position_embeddings', context);
  return plain.map((frequency) => {
    const length = (2 * Math.PI) / frequency;
    if (length < before / high) return frequency;
    if (length > before / low) return frequency / factor;
    const share = (before / length - low) / (high - low);
    return (1 - share) * (frequency / factor) + share * frequency;
  });
}
