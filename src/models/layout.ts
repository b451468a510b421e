// Where in a folder the parts of a checkpoint are. Hub repositories keep several number types beside each other under
// onnx/, exporters write a bare model.onnx, ONNX Runtime GenAI writes a flat folder with genai_config.json, and PyTorch
// models come as safetensors.

import { UserError } from '../core/errors.ts';

/** File name suffix of each number type that exporters write, best first where none was asked for. */
export const DTYPES = {
  '': 'float32',
  _fp16: 'float16',
  _q4: 'int4',
  _q4f16: 'int4, float16',
  _quantized: 'int8',
  _int8: 'int8',
  _uint8: 'uint8',
  _bnb4: 'bnb4',
  _q2: 'int2',
  _q2f16: 'int2, float16',
  _q1: 'int1',
  _q1f16: 'int1, float16',
} as const;
type Suffix = keyof typeof DTYPES;

export interface ModelFile {
  readonly path: string;
  /** In words: `float32`, `int4, float16`. */
  readonly type: string;
}

export interface Layout {
  /** ONNX files, best first. */
  readonly models: readonly ModelFile[];
  /** Weights without a graph, in order. */
  readonly safetensors: readonly string[];
  readonly index: string | undefined;
  readonly config: string | undefined;
  readonly genAi: string | undefined;
  readonly tokenizer: string | undefined;
}

const NAMED =
  /^(?:onnx\/)?(model|decoder_model|decoder_with_past_model|decoder_model_merged)(_[a-z0-9]+)?\.onnx$/;
const NAMES = ['model', 'decoder_model_merged', 'decoder_model', 'decoder_with_past_model'];

/** Is this the name of weights beside a model: `model.onnx_data`, `model.onnx_data_7`, `model.onnx.data`? */
export const isExternalName = (path: string): boolean =>
  /\.onnx[._]data(_\d{1,2})?$|(^|\/)[^/]*weights?\.(bin|pb)$/.test(path);

export function layoutOf(files: Iterable<string>): Layout {
  const all = [...files];
  const has = (path: string) => (all.includes(path) ? path : undefined);
  const rank = (path: string): number => {
    const [, name = '', suffix = ''] = NAMED.exec(path) ?? [];
    const type = Object.keys(DTYPES).indexOf(suffix);
    return (
      (NAMED.test(path) && type >= 0 ? 0 : 1000) + NAMES.indexOf(name) * 50 + Math.max(0, type)
    );
  };
  const models = all
    .filter((path) => /\.onnx$/i.test(path) && path.split('/').length <= 2)
    .sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1))
    .map((path) => {
      const suffix = (NAMED.exec(path)?.[2] ?? '') as Suffix;
      return { path, type: DTYPES[suffix] ?? 'unknown' };
    });
  return {
    models,
    safetensors: all
      .filter((path) => /^(model|pytorch_model)[^/]*\.safetensors$/.test(path))
      .sort(),
    index: has('model.safetensors.index.json'),
    config: has('config.json'),
    genAi: has('genai_config.json'),
    tokenizer: has('tokenizer.json'),
  };
}

/** `onnx/model.onnx` and `model.onnx_data` -> `onnx/model.onnx_data`. */
export const beside = (model: string, name: string): string =>
  `${model.slice(0, model.lastIndexOf('/') + 1)}${name}`;

/** Most parts that exporters write. */
const MOST_PARTS = 100;

/**
 * A file says where its weights are, and may say so to reach other files: a location is the name of a file in the
 * folder and nothing else.
 * @throws UserError 'onnx'
 */
export function checkLocations(model: string, locations: readonly string[]): void {
  if (locations.length > MOST_PARTS) {
    throw new UserError(
      'onnx',
      `${model} keeps its weights in ${locations.length} files; at most ${MOST_PARTS} are read.`,
      'Export it again with fewer, larger files.',
    );
  }
  const bad = locations.find(isOutside);
  if (bad === undefined) return;
  throw new UserError(
    'onnx',
    `${model} says that weights are in ${JSON.stringify(bad.slice(0, 80))}, which is no name of a file beside it.`,
    'Do not trust this file: get it from where it was published.',
  );
}

export const isOutside = (name: string): boolean =>
  name === '' ||
  name === '__proto__' ||
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a zero byte ends a name for ONNX Runtime
  /^[/\\]|(^|[/\\])\.\.([/\\]|$)|[:\\\u0000-\u001f]/.test(name);
