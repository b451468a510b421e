// Of all the files on a server, the sets that make one checkpoint: the same model in other numbers, each with what all
// of them need.

import type { HubFile } from '../worker/protocol.ts';

export interface HubChoice {
  /** Of the model's file. */
  readonly path: string;
  readonly type: string;
  readonly files: readonly HubFile[];
  /** Absent where the server does not say how large all of them are. */
  readonly bytes?: number;
}

const BESIDE =
  /^(config|generation_config|tokenizer|tokenizer_config|special_tokens_map|genai_config|quantize_config)\.json$|^chat_template\.jinja$|^(readme\.md|licen[cs]e(\.\w+)?)$/i;
const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
const folderOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')));

/** By suffix of the file's name (transformers.js, src/utils/dtypes.js). */
const TYPES: readonly (readonly [RegExp, string])[] = [
  [/_q4f16$/, '4 bit with float16'],
  [/_(q4|bnb4|int4)$/, '4 bit'],
  [/_fp16$/, 'float16'],
  [/_(quantized|int8|uint8|q8)$/, '8 bit'],
  [/_q[12]f16$/, '1 or 2 bit with float16'],
  [/_q[12]$/, '1 or 2 bit'],
];

export function choicesOnHub(files: readonly HubFile[]): readonly HubChoice[] {
  const onnx = files.filter(({ path }) => /\.onnx$/i.test(path));
  // One model of several parts (an encoder and a decoder) is not offered part by part, but a decoder is.
  const models = onnx.filter(
    ({ path }) => !/encoder|vision|embed_tokens|audio/i.test(nameOf(path)),
  );
  const found = models.map(({ path }) => {
    const stem = path.replace(/\.onnx$/i, '');
    const data = files.filter((file) => {
      const rest = file.path.startsWith(stem) ? file.path.slice(stem.length) : '';
      return /^\.onnx[._]data(_\d+)?$|^[._]data(_\d+)?$/i.test(rest);
    });
    return choice(path, typeOf(stem), [path, ...data.map((file) => file.path)], files);
  });
  const tensors = files.filter(({ path }) =>
    /^model([.-].*)?\.safetensors(\.index\.json)?$/.test(path),
  );
  const [first] = tensors;
  if (first) {
    const all = tensors.map(({ path }) => path);
    found.push(choice(first.path, 'safetensors', all, files));
  }
  return found.sort((a, b) => rank(a) - rank(b) || (a.bytes ?? 0) - (b.bytes ?? 0));
}

const typeOf = (stem: string): string =>
  TYPES.find(([pattern]) => pattern.test(nameOf(stem)))?.[1] ?? 'float32';

/** Small in float32, then what is smallest. */
const rank = ({ type, bytes = 0 }: HubChoice): number =>
  type === 'safetensors' ? 2 : type === 'float32' && bytes <= 600e6 ? 0 : 1;

function choice(
  path: string,
  type: string,
  weights: readonly string[],
  files: readonly HubFile[],
): HubChoice {
  const folder = folderOf(path);
  const near = new Set(['', folder]);
  const chosen = files.filter(
    (file) =>
      weights.includes(file.path) ||
      (near.has(folderOf(file.path)) && BESIDE.test(nameOf(file.path))),
  );
  const known = chosen.every(({ bytes }) => bytes !== undefined);
  return {
    path,
    type,
    files: chosen,
    ...(known && { bytes: chosen.reduce((sum, { bytes = 0 }) => sum + bytes, 0) }),
  };
}
