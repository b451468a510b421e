// A checkpoint's card from its files: figures, not opinions. What can be done with it is preflight.ts.

import { UserError } from '../core/errors.ts';
import type {
  CountedParameters,
  FileCard,
  MappedPort,
  ModelCard,
  ParameterKind,
} from '../core/modelCard.ts';
import type { OnnxSummary } from '../onnx/summary.ts';
import type { DecoderConfig } from './config.ts';
import { isRecord } from './folder.ts';
import type { LoraSettings } from './lora.ts';
import type { Tokenizer } from './tokenizer.ts';
import { jointGraph } from './trainingGraph.ts';

type Json = Readonly<Record<string, unknown>>;

export interface CardSource {
  readonly name: string;
  readonly summary: OnnxSummary;
  readonly mapping: readonly MappedPort[];
  /** Somebody said what inputs and outputs are. */
  readonly chosen: boolean;
  readonly files: readonly FileCard[];
  readonly config: Json;
  readonly decoder: DecoderConfig;
  readonly tokenizer: Tokenizer;
  readonly tokenizerJson: Json;
  readonly chatTemplate: boolean;
  /** README.md, where there is one. */
  readonly readme?: string;
  readonly about: Pick<ModelCard, 'stored'> &
    Partial<Pick<ModelCard, 'licence' | 'source' | 'sha256'>>;
}

export function cardOf(source: CardSource): ModelCard {
  const { name, summary, mapping, files, config, decoder, tokenizer, about } = source;
  const counted = count(summary);
  const family = familyOf(config);
  const licence = about.licence ?? licenceOf(config, source.readme);
  return {
    name,
    ...(family !== undefined && { family }),
    files,
    bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
    parameters: counted.reduce(
      (sum, { kind, numbers }) => sum + (kind === 'other' ? 0 : numbers),
      0,
    ),
    counted,
    graph: {
      producer: summary.producer,
      ir: summary.ir,
      opsets: summary.opsets,
      nodes: summary.nodes,
      operators: summary.operators,
      ports: mapping,
      ...(source.chosen && { chosen: true }),
    },
    layers: layersOf(summary),
    context: decoder.contextLength,
    vocabulary: rowsOf(summary) ?? tokenizer.size,
    tokenizer: {
      tokens: tokenizer.entries.filter((entry) => entry !== undefined).length,
      kind: kindOf(source.tokenizerJson),
      chatTemplate: source.chatTemplate,
    },
    ...(licence !== undefined && { licence }),
    ...(about.source !== undefined && { source: about.source }),
    ...(about.sha256 !== undefined && { sha256: about.sha256 }),
    stored: about.stored,
  };
}

/** By kind, then by number type; what is no weight (masks, shapes, tables) counts as other. */
function count({ weights }: OnnxSummary): CountedParameters[] {
  const order: readonly ParameterKind[] = [
    'embedding',
    'attention',
    'mlp',
    'norm',
    'head',
    'other',
  ];
  const sums = new Map<
    string,
    { kind: ParameterKind; type: string; numbers: number; bytes: number }
  >();
  for (const { kind, type, numbers, bytes } of weights) {
    const key = `${kind} ${type}`;
    const sum = sums.get(key) ?? { kind, type, numbers: 0, bytes: 0 };
    sum.numbers += numbers;
    sum.bytes += bytes;
    sums.set(key, sum);
  }
  return [...sums.values()].sort(
    (a, b) => order.indexOf(a.kind) - order.indexOf(b.kind) || b.bytes - a.bytes,
  );
}

/** Layers with a cache of their own, or with weights that say which layer they are of. */
function layersOf({ inputs, weights }: OnnxSummary): number {
  const cached = inputs.flatMap(({ name }) => /^past_key_values\.(\d+)\./.exec(name)?.[1] ?? []);
  const named = weights.flatMap(({ layer }) => (layer === undefined ? [] : [`${layer}`]));
  return new Set(cached.length > 0 ? cached : named).size;
}

function rowsOf({ outputs }: OnnxSummary): number | undefined {
  const rows = outputs.find(({ name }) => name === 'logits')?.shape.at(-1);
  return typeof rows === 'number' && rows > 0 ? rows : undefined;
}

const FAMILIES: Readonly<Record<string, string>> = {
  gpt2: 'GPT-2',
  gpt_neox: 'GPT-NeoX',
  llama: 'Llama',
  mistral: 'Mistral',
  qwen2: 'Qwen2',
  qwen3: 'Qwen3',
  gemma: 'Gemma',
  phi: 'Phi',
  phi3: 'Phi-3',
  opt: 'OPT',
};

function familyOf({ model_type: type }: Json): string | undefined {
  return typeof type === 'string' ? (FAMILIES[type] ?? type.slice(0, 40)) : undefined;
}

/** The `license` of config.json or of the README's front matter. */
function licenceOf(config: Json, readme = ''): string | undefined {
  if (typeof config.license === 'string') return config.license.slice(0, 80);
  const front = /^---\r?\n([\s\S]{0,4000}?)\r?\n---/.exec(readme)?.[1] ?? '';
  const value = /^licen[sc]e:[ \t]*["']?([\w. -]{1,80}?)["']?[ \t]*$/m.exec(front)?.[1];
  return value === '' ? undefined : value;
}

function kindOf({ model, pre_tokenizer }: Json): string {
  const type = isRecord(model) && typeof model.type === 'string' ? model.type : 'unknown';
  const parts = isRecord(pre_tokenizer)
    ? [
        pre_tokenizer,
        ...(Array.isArray(pre_tokenizer.pretokenizers) ? pre_tokenizer.pretokenizers : []),
      ]
    : [];
  const bytes = parts.some((part) => isRecord(part) && part.type === 'ByteLevel');
  return bytes ? `byte-level ${type}` : type;
}

/** Does the training graph come about? Undefined for yes; a large model takes seconds. */
export function tryTraining(
  bytes: Uint8Array<ArrayBuffer>,
  lora?: LoraSettings,
): UserError | undefined {
  try {
    jointGraph(bytes, lora ? { lora } : {});
    return undefined;
  } catch (error) {
    if (error instanceof UserError) return error;
    return new UserError(
      'onnx',
      'Its graph cannot be differentiated here.',
      'Another export of the model may do better.',
      { cause: error },
    );
  }
}
