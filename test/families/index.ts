// Tiny decoders of every family and form that people bring, with random weights from fixed seeds and this project's
// tokenizer: what is tested on them holds for their large relatives. `npm run families -- DIR` writes them as folders.

import { decoderGraph } from '../../src/models/decoderGraph.ts';
import { fromSeed } from '../../src/models/graphWriter.ts';
import {
  type LlamaArchitecture,
  llamaGraph,
  rotaryFrequencies,
} from '../../src/models/llamaGraph.ts';
import type { Graph } from '../../src/onnx/graph.ts';
import { writeModel } from '../../src/onnx/model.ts';
import { modelFrom } from '../../src/onnx/proto.ts';
import { contribGraph } from './contrib.ts';
import { narrowed, withoutCache, withoutPositions } from './variants.ts';

export const CONTEXT = 48;
const VOCABULARY = 79;

export const llamaShape: LlamaArchitecture = {
  layers: 2,
  width: 32,
  heads: 4,
  keyHeads: 2,
  headSize: 16,
  inner: 48,
  context: CONTEXT,
  vocabulary: VOCABULARY,
  epsilon: 1e-6,
  frequencies: rotaryFrequencies(16, 10_000),
  biases: false,
  headNorms: false,
  tied: false,
};
const gpt2 = (layers: number): Graph =>
  louder(
    decoderGraph({ layers, width: 32, heads: 4, context: CONTEXT, vocabulary: VOCABULARY }, 11),
    BUSY,
  );
const llama = (layers: number) => llamaGraph({ ...llamaShape, layers }, fromSeed(12));
const qwen2 = (layers: number) =>
  louder(llamaGraph({ ...llamaShape, layers, biases: true, tied: true }, fromSeed(13)), BUSY);
const qwen3 = (layers: number) =>
  louder(llamaGraph({ ...llamaShape, layers, headNorms: true, tied: true }, fromSeed(14)), BUSY);
const contrib = (positions: boolean, int4: boolean) => (layers: number) =>
  contribGraph({ ...llamaShape, layers }, fromSeed(int4 ? 16 : 15), { positions, int4 });

/** The same with some weights multiplied: a fresh model with a tied head writes the last token again and again. */
function louder(graph: Graph, factors: readonly (readonly [RegExp, number])[]): Graph {
  const scaled = [...graph.initializers].map(([name, tensor]) => {
    const factor = factors.find(([pattern]) => pattern.test(name))?.[1];
    if (factor === undefined) return [name, tensor] as const;
    const values = new Float32Array(tensor.bytes.slice().buffer).map((x) => factor * x);
    return [name, { ...tensor, bytes: new Uint8Array(values.buffer) }] as const;
  });
  return { ...graph, initializers: new Map(scaled) };
}
const BUSY = [
  [/^wpe/, 20],
  [/^wte|embed_tokens/, 0.8],
  [/c_proj\.weight|[od](own)?_proj\.weight/, 4],
  [/c_attn\.weight|[qk]_proj\.weight/, 2],
] as const;

const graphs = {
  gpt2,
  'gpt2 without positions': (n) => withoutPositions(gpt2(n)),
  'gpt2 without a cache': (n) => withoutCache(gpt2(n)),
  'gpt2 float16': (n) => narrowed(gpt2(n)),
  llama,
  'llama without positions': (n) => withoutPositions(llama(n)),
  'llama without a cache': (n) => withoutCache(withoutPositions(llama(n))),
  'llama float16': (n) => narrowed(llama(n)),
  qwen2,
  qwen3,
  'contrib llama': contrib(false, false),
  'contrib llama with positions': contrib(true, false),
  'contrib llama float16': (n) => narrowed(contrib(false, false)(n)),
  'contrib llama int4': contrib(false, true),
  'contrib llama int4 with positions': contrib(true, true),
  'contrib llama int4 float16': (n) => narrowed(contrib(true, true)(n)),
} as const satisfies Record<string, (layers: number) => Graph>;

export type Family = keyof typeof graphs;
export const families = Object.keys(graphs) as Family[];

export const familyGraph = (family: Family, layers = 2): Graph => graphs[family](layers);
export const familyBytes = (family: Family, layers = 2): Uint8Array<ArrayBuffer> =>
  writeModel(modelFrom(familyGraph(family, layers)));

/** config.json of a family. */
export const familyConfig = {
  max_position_embeddings: CONTEXT,
  vocab_size: VOCABULARY,
  bos_token_id: 1,
  eos_token_id: 2,
};
