// LoRA as a training sees it: which matrices get adapters, by the words that people use for them, and what was learned
// in the form that PEFT reads (adapter_model.safetensors and adapter_config.json).
//
// PEFT (src/peft/utils/save_and_load.py) names a tensor `base_model.model.MODULE.lora_A.weight`, A as (rank, in) and
// B as (out, rank); MODULE is the path of the layer in the PyTorch model. An export keeps that path in the weight's
// name or in the name of the node that uses it.

import { type Adapter, injectLora, type WithLora } from '../autodiff/lora.ts';
import { threefry2x32 } from '../core/rng.ts';
import type { Graph } from '../onnx/graph.ts';
import type { Normalized } from '../onnx/normalize.ts';
import { parameterPlaces } from '../onnx/parameterKinds.ts';
import { writeSafetensors } from './safetensors.ts';

export const LORA_TARGETS = ['all', 'attention', 'queriesValues', 'mlp'] as const;
export type LoraTargets = (typeof LORA_TARGETS)[number];

export interface LoraSettings {
  readonly rank: number;
  readonly alpha: number;
  readonly targets: LoraTargets;
  /** Of the first values of A. */
  readonly seed: number;
}

/** Adapters' draws do not meet those of a model's first weights. */
const STREAM = 0x10a;

/** Standard normal number `index` (Box and Muller), the same whatever was drawn before. */
const normalOf = (seed: number) => (index: number) => {
  const [a, b] = threefry2x32(seed, STREAM, index, 0);
  return Math.sqrt(-2 * Math.log((a + 1) * 2 ** -32)) * Math.cos(2 * Math.PI * b * 2 ** -32);
};

/** Query, value, or one matrix for query, key and value together, as every exporter has it. */
const QUERY_OR_VALUE =
  /[._/](q|v|query|value|q_proj|v_proj|c_attn|qkv|qkv_proj|query_key_value|W_?pack)([._/]|$)/i;

/** Adapters beside the matrices that are asked for. @throws UserError 'onnx' when there are none of them */
export function addLora(normalized: Normalized, settings: LoraSettings): WithLora {
  const graph: Graph = {
    ...normalized.graph,
    initializers: new Map([
      ...normalized.graph.initializers,
      ...normalized.parameters.map(({ name, tensor }) => [name, tensor] as const),
    ]),
  };
  const places = parameterPlaces(graph);
  const users = usersOf(graph);
  const { targets, rank, alpha, seed } = settings;
  const chosen = (weight: string): boolean => {
    const kind = places.get(weight)?.kind;
    const path = `${weight} ${users.get(weight) ?? ''}`;
    switch (targets) {
      case 'all':
        return kind === 'attention' || kind === 'mlp' || kind === 'other';
      case 'queriesValues':
        return kind === 'attention' && QUERY_OR_VALUE.test(path);
      default:
        return kind === targets;
    }
  };
  return injectLora(normalized, { rank, alpha, normal: normalOf(seed), targets: chosen });
}

/** The name of the node that uses a weight, views passed over. */
function usersOf({ nodes }: Pick<Graph, 'nodes'>): ReadonlyMap<string, string> {
  const users = new Map<string, string>();
  for (const { op, name, inputs, outputs } of nodes) {
    const view = op === 'Transpose' || op === 'Identity' || op === 'Cast';
    for (const input of inputs) if (!users.has(input)) users.set(input, view ? outputs[0]! : name);
  }
  // What a view gives on is used further down.
  for (const [weight, user] of users) users.set(weight, users.get(user) ?? user);
  return users;
}

/** The layer's path in PyTorch: `model.layers.0.self_attn.q_proj`. */
export function modulePath(weight: string, user = ''): string {
  const named = /[a-z]/i.test(weight) && !/^(onnx::)?[A-Za-z]*_?\d*$/.test(weight);
  const path = (named ? weight : user)
    .replace(/^\/+/, '')
    .replaceAll('/', '.')
    .replace(
      /\.(weight|MatMul|Gemm|MatMulNBits|MatMul_Q4|qweight|weight_quant\w*|weight_Q4\w*)(_\d+)?$/gi,
      '',
    )
    .replace(/\.(weight|MatMul|Gemm)(_\d+)?$/gi, '');
  // GPT-2 without its head, and the generator's short name for a Llama's attention.
  const rooted = /^h\.\d/.test(path) ? `transformer.${path}` : path;
  return rooted.replace(/\.attn\.(?=(q|k|v|o|qkv)_proj$)/, '.self_attn.');
}

/** Numbers of A and B, by parameter name. */
export type AdapterValues = ReadonlyMap<string, Float32Array<ArrayBuffer>>;

/** (rows, columns) as (columns, rows) */
function turned(values: Float32Array, rows: number, columns: number): Float32Array<ArrayBuffer> {
  const out = new Float32Array(values.length);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) out[c * rows + r] = values[r * columns + c]!;
  }
  return out;
}

/**
 * adapter_model.safetensors and adapter_config.json, by name.
 * @param base what the adapters belong to, as people know it
 */
export function peftFiles(
  { graph, adapters }: Pick<WithLora, 'graph' | 'adapters'>,
  values: AdapterValues,
  { rank, alpha }: Pick<LoraSettings, 'rank' | 'alpha'>,
  base: string,
): Map<string, Uint8Array<ArrayBuffer>> {
  const users = usersOf(graph);
  const tensors = new Map<string, { dims: readonly number[]; values: Float32Array<ArrayBuffer> }>();
  const modules: string[] = [];
  let conv1d = false;
  for (const { weight, transposed, a, b } of adapters) {
    const module = modulePath(weight, users.get(weight));
    const [k = 0, r = 0] = a.dims;
    const n = b.dims[1] ?? 0;
    const key = `base_model.model.${module}.lora_`;
    tensors.set(`${key}A.weight`, { dims: [r, k], values: turned(values.get(a.name)!, k, r) });
    tensors.set(`${key}B.weight`, { dims: [n, r], values: turned(values.get(b.name)!, r, n) });
    modules.push(module);
    // GPT-2's layers keep their weights as (in, out), and PEFT must be told.
    if (/\.c_(attn|proj|fc)$/.test(module) && !transposed) conv1d = true;
  }
  const config = {
    peft_type: 'LORA',
    task_type: 'CAUSAL_LM',
    base_model_name_or_path: base,
    r: rank,
    lora_alpha: alpha,
    lora_dropout: 0,
    bias: 'none',
    fan_in_fan_out: conv1d,
    init_lora_weights: true,
    inference_mode: true,
    // Whole paths, because a short name such as c_proj would also mean layers without an adapter.
    target_modules: modules,
  };
  return new Map([
    ['adapter_model.safetensors', writeSafetensors(tensors, { format: 'pt' })],
    ['adapter_config.json', new TextEncoder().encode(`${JSON.stringify(config, undefined, 2)}\n`)],
  ]);
}

export type { Adapter };
