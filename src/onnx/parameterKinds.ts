// What a weight is for: embedding, attention, MLP, norm or head, and of which layer. Names say it where the exporter
// kept them (`model.layers.0.self_attn.q_proj.weight`, or the path in the node that uses the weight); where it did
// not (`onnx::MatMul_412`), its place says it: what stands between two norms and has a softmax is attention.
// The one place for this, whoever counts, shows or chooses parameters.

import type { ParameterKind } from '../core/modelCard.ts';
import type { Node } from './graph.ts';
import { DataType, isInteger } from './tensor.ts';

export interface ParameterPlace {
  readonly kind: ParameterKind;
  /** From 0; absent for what belongs to no layer. */
  readonly layer?: number;
}

/** As much of a graph as is looked at: no weights are read. */
export interface Outline {
  readonly nodes: readonly Pick<Node, 'name' | 'op' | 'inputs' | 'outputs'>[];
  readonly initializers: ReadonlyMap<
    string,
    { readonly dims: readonly number[]; readonly dtype?: number }
  >;
}

/** The order matters: `post_attention_layernorm` is a norm, `attn.c_proj` is no MLP. */
const NAMES: readonly (readonly [ParameterKind, RegExp])[] = [
  ['norm', /layer_?norm|rms_?norm|(^|[._/])(ln(_?[\w\d]+)?|[a-z_]*norm\d?)([._/]|$)/i],
  ['attention', /attn|attention|[._/](q|k|v|o|qkv|query|key|value|c_attn)(_?proj)?([._/]|$)/i],
  ['mlp', /mlp|ffn|feed_?forward|c_fc|(gate|up|down|gate_up)_?proj|fc\d|experts?[._/]/i],
  ['head', /lm_?head|embed_out|output_projection/i],
  ['embedding', /embed|\b(wte|wpe)\b|word_emb|position_emb/i],
];
const LAYER = /(?:^|[._/])(?:layers?|h|blocks?|decoder)[._/](\d+)(?=[._/]|$)/i;

const MULTIPLIES = new Set(['MatMul', 'Gemm', 'MatMulNBits', 'FusedMatMul', 'MatMulInteger']);
const NORMS = new Set([
  'LayerNormalization',
  'SimplifiedLayerNormalization',
  'RMSNormalization',
  'SkipLayerNormalization',
  'SkipSimplifiedLayerNormalization',
]);
const ATTENTION = new Set([
  'Softmax',
  'Attention',
  'GroupQueryAttention',
  'MultiHeadAttention',
  'PagedAttention',
  'SparseAttention',
]);
const VIEWS = new Set(['Transpose', 'Reshape', 'Unsqueeze', 'Squeeze', 'Cast', 'Identity']);
/** Operators that read rows of a table. */
const GATHERS = new Set(['Gather', 'GatherBlockQuantized']);

const isVector = (dims: readonly number[]): boolean =>
  dims.filter((dim) => dim > 1).length === 1 && (dims.at(-1) ?? 0) > 1;

const kindByName = (text: string): ParameterKind | undefined =>
  NAMES.find(([, pattern]) => pattern.test(text))?.[0];

export function layerByName(text: string): number | undefined {
  const found = LAYER.exec(text)?.[1];
  return found === undefined ? undefined : Number(found);
}

/** Names that carry a meaning: not `onnx::MatMul_412`, `val_7` or `MatMul_3`. */
const speaks = (name: string): boolean => !/^(onnx::)?[A-Za-z]*_?\d*$/.test(name);

interface Use {
  readonly node: Outline['nodes'][number];
  readonly input: number;
  /** Between which norms. */
  readonly segment: number;
}

/** Initialisers by what they are for; those that nobody uses are left out. */
export function parameterPlaces({ nodes, initializers }: Outline): Map<string, ParameterPlace> {
  /** View of an initialiser -> the initialiser. */
  const origin = new Map([...initializers.keys()].map((name) => [name, name]));
  const uses = new Map<string, Use>();
  const attentive = new Set<number>();
  let segment = 0;
  let lastMultiply: string | undefined;
  let width = 0;
  for (const node of nodes) {
    const first = origin.get(node.inputs[0] ?? '');
    if (first !== undefined && VIEWS.has(node.op)) {
      for (const output of node.outputs) origin.set(output, first);
      if (node.op !== 'Identity') continue;
    }
    if (isNorm(node)) segment++;
    if (ATTENTION.has(node.op)) attentive.add(segment);
    node.inputs.forEach((input, index) => {
      const name = origin.get(input);
      if (name === undefined) return;
      if (!uses.has(name)) uses.set(name, { node, input: index, segment });
      if (GATHERS.has(node.op) && width === 0) width = initializers.get(name)?.dims.at(-1) ?? 0;
      if (MULTIPLIES.has(node.op) && index === 1) lastMultiply = name;
    });
  }

  /** A norm of the residual stream; those of queries and keys are narrower and part of attention. */
  function isNorm(node: Outline['nodes'][number]): boolean {
    if (!NORMS.has(node.op) && node.op !== 'Mul') return false;
    const scale = node.inputs
      .map((input) => initializers.get(origin.get(input) ?? '')?.dims)
      .find((dims) => dims !== undefined && isVector(dims));
    return scale !== undefined && (width === 0 || scale.at(-1) === width);
  }

  const places = new Map<string, ParameterPlace>();
  for (const [name, use] of uses) {
    const kind = kindOf(name, use);
    const layer = layerByName(name) ?? layerByName(use.node.name);
    places.set(name, { kind, ...(layer !== undefined && { layer }) });
  }
  return places;

  function kindOf(name: string, { node, input, segment: at }: Use): ParameterKind {
    const { dims = [], dtype } = initializers.get(name) ?? {};
    // Numbers that shapes and masks are made from; quantised weights have other types.
    if (dtype !== undefined && (isInteger(dtype) || dtype === DataType.bool)) return 'other';
    if (dims.reduce((size, dim) => size * dim, 1) <= 1) return 'other';
    if (GATHERS.has(node.op) && input === 0 && dims.length === 2) return 'embedding';
    const named = (speaks(name) ? kindByName(name) : undefined) ?? kindByName(node.name);
    if (named !== undefined && !(named === 'embedding' && name === lastMultiply)) return named;
    if (NORMS.has(node.op) && input > 0) return 'norm';
    if (name === lastMultiply) return 'head';
    const weighs = MULTIPLIES.has(node.op) || node.op === 'Add' || node.op === 'BiasGelu';
    if (weighs && input > 0) return attentive.has(at) ? 'attention' : 'mlp';
    return node.op === 'Mul' && isVector(dims) ? 'norm' : 'other';
  }
}
