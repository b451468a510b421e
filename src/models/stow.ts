// How a dropped checkpoint is laid out where it is kept: the chosen model as onnx/model.onnx with its external data
// beside it, everything else under its own name. One layout for all, so that nothing else needs to know how they came.

import type { Candidate, DroppedFile, KeepChoice, RecognisedFile } from '../core/dropped.ts';
import { UserError } from '../core/errors.ts';
import { byteTokenizer, characterTokenizer } from './fallbackTokenizer.ts';

export interface Stowed {
  /** By path. */
  readonly files: ReadonlyMap<string, Blob>;
  /** Paths of the files with weights. */
  readonly weights: readonly string[];
  /** The model's file as it was called. */
  readonly original: string;
}

/** Files that have one name wherever they are. */
const NAMES: Readonly<Partial<Record<RecognisedFile['role'], string>>> = {
  config: 'config.json',
  'generation config': 'generation_config.json',
  'genai config': 'genai_config.json',
  tokenizer: 'tokenizer.json',
  'tokenizer config': 'tokenizer_config.json',
  'special tokens': 'special_tokens_map.json',
  'chat template': 'chat_template.jinja',
  'safetensors index': 'model.safetensors.index.json',
};
/** What lies beside (a description, a licence) and is worth keeping. Bytes. */
const LARGEST_BESIDE = 1e6;

const BYTES = 256;

const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** @throws UserError 'checkpoint' when something is missing, 'tokenizer' when the alphabet cannot be one */
export function stow(
  candidate: Candidate,
  { variant: path, tokenizer, context }: KeepChoice,
  dropped: readonly DroppedFile[],
): Stowed {
  const byPath = new Map(dropped.map((one) => [one.path, one.file]));
  const blob = (at: string): Blob => {
    const file = byPath.get(at);
    if (file) return file;
    throw incomplete(candidate, `${nameOf(at)} is not among the files any more.`);
  };
  const variant = candidate.variants.find((one) => one.path === path);
  if (!variant) throw incomplete(candidate, 'No model is among the files.');
  const [missing] = variant.missing;
  if (missing !== undefined) throw incomplete(candidate, `${nameOf(path)} needs ${missing}.`);

  const made = tokenizer && (tokenizer.kind === 'bytes' ? BYTES : [...tokenizer.characters].length);
  if (made && candidate.rows !== undefined && made > candidate.rows) throw tooFew(candidate, made);
  const files = new Map<string, Blob>();
  const put = (at: string, file: Blob) => void (files.has(at) || files.set(at, file));
  const safetensors = variant.type === 'safetensors';
  const main = safetensors ? nameOf(path) : 'onnx/model.onnx';
  put(main, blob(path));
  const prefix = path.slice(0, path.length - nameOf(path).length);
  for (const data of variant.data) {
    const relative = data.startsWith(prefix) ? data.slice(prefix.length) : nameOf(data);
    put(safetensors ? nameOf(data) : `onnx/${relative}`, blob(data));
  }
  const weights = [...files.keys()];
  for (const { path: at, role, bytes } of candidate.files) {
    const name = NAMES[role];
    if (name !== undefined) put(name, blob(at));
    else if (role === 'beside' && bytes <= LARGEST_BESIDE) put(nameOf(at), blob(at));
  }
  for (const [at, value] of madeFiles(files, tokenizer, context)) {
    put(at, new Blob([`${JSON.stringify(value, null, 2)}\n`], { type: 'application/json' }));
  }
  if (!files.has('tokenizer.json')) throw incomplete(candidate, 'There is no tokenizer.');
  return {
    files,
    weights,
    original: `${nameOf(path) === path || safetensors ? '' : 'onnx/'}${nameOf(path)}`,
  };
}

/** Files that are made because they are not there. */
function madeFiles(
  files: ReadonlyMap<string, Blob>,
  tokenizer: KeepChoice['tokenizer'],
  context: number | undefined,
): Map<string, unknown> {
  const all = new Map<string, unknown>();
  if (!files.has('tokenizer.json') && tokenizer) {
    all.set(
      'tokenizer.json',
      tokenizer.kind === 'bytes' ? byteTokenizer() : characterTokenizer(tokenizer.characters),
    );
  }
  if (!files.has('tokenizer_config.json')) {
    const kind = { tokenizer_class: 'PreTrainedTokenizerFast' };
    // Nothing begins a text of bytes or characters.
    all.set(
      'tokenizer_config.json',
      tokenizer ? { ...kind, bos_token: null, add_bos_token: false } : kind,
    );
  }
  if (!files.has('config.json') && context !== undefined) {
    all.set('config.json', { max_position_embeddings: context });
  }
  return all;
}

const incomplete = ({ name }: Candidate, what: string) =>
  new UserError('checkpoint', `${name} cannot be kept yet. ${what}`, 'Drop the missing file too.');

const tooFew = ({ name, rows }: Candidate, made: number) =>
  new UserError(
    'tokenizer',
    `That would be ${made} tokens, and ${name} tells ${rows} apart.`,
    'Drop its tokenizer.json, or let every token be a character, no more of them than that.',
  );
