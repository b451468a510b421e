// From a heap of recognised files to the checkpoints that they make: what lies together belongs together, `onnx` belongs
// to the folder above, and files that lie apart join the one model there is. What is missing is named.

import type { Candidate, DroppedFile, RecognisedFile, Variant } from '../core/dropped.ts';
import { UserError } from '../core/errors.ts';
import { isRecord } from './folder.ts';
import { checkLocations } from './layout.ts';
import { externalLocations, headRows } from './protoScan.ts';
import { recognise } from './recognise.ts';

/** More than this is no checkpoint but a home folder. */
export const MOST_FILES = 2000;
/** Largest ONNX file that is read to see which external data it names; larger ones have their weights inside. */
const LARGEST_GRAPH = 64 * 2 ** 20;

/** What systems and tools leave in folders. */
const LITTER =
  /(^|\/)(\.DS_Store|Thumbs\.db|desktop\.ini|\._[^/]*|__MACOSX|\.git|\.gitattributes|\.gitignore|\.cache|\.locks|\.ipynb_checkpoints)(\/|$)/i;
export const isLitter = (path: string): boolean => LITTER.test(path);

const folderOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')));
const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/**
 * @param breathe called between files
 * @throws UserError 'checkpoint' when there are too many files, or none
 */
export async function candidatesIn(
  files: readonly DroppedFile[],
  breathe: () => Promise<void> | void = () => {},
): Promise<readonly Candidate[]> {
  const wanted = files.filter(({ path }) => !isLitter(path));
  if (wanted.length > MOST_FILES) throw tooMany(wanted.length);
  if (wanted.length === 0) throw nothing();
  const byPath = new Map(wanted.map((one) => [one.path, one.file]));
  const groups = new Map<string, RecognisedFile[]>();
  for (const one of wanted) {
    const said = await recognise(one);
    const group = homeOf(one.path);
    groups.set(group, [...(groups.get(group) ?? []), said]);
    await breathe();
  }
  const found: Candidate[] = [];
  for (const [folder, group] of joined(groups)) found.push(await candidate(folder, group, byPath));
  return found;
}

/** The folder of the checkpoint that a file at `path` is of. */
function homeOf(path: string): string {
  const folder = folderOf(path);
  return nameOf(folder).toLowerCase() === 'onnx' ? folderOf(folder) : folder;
}

const MODELS: readonly RecognisedFile['role'][] = ['model', 'safetensors'];
const isModel = ({ role }: RecognisedFile) => MODELS.includes(role);

/** Folders without a model join the nearest one above that has one, or the only one there is. */
function joined(groups: ReadonlyMap<string, RecognisedFile[]>): Map<string, RecognisedFile[]> {
  const homes = [...groups].filter(([, files]) => files.some(isModel)).map(([folder]) => folder);
  if (homes.length === 0) {
    const common = commonFolder([...groups.keys()]);
    return new Map([[common, [...groups.values()].flat()]]);
  }
  const result = new Map(homes.map((home) => [home, [...(groups.get(home) ?? [])]]));
  for (const [folder, files] of groups) {
    if (result.has(folder)) continue;
    const above = homes
      .filter((home) => home === '' || folder.startsWith(`${home}/`))
      .sort((a, b) => b.length - a.length)[0];
    // What lies beside or above a single model is its tokenizer and configuration.
    const home =
      above !== undefined && above !== '' ? above : homes.length === 1 ? homes[0] : above;
    if (home === undefined) result.set(folder, [...files]);
    else result.get(home)?.push(...files);
  }
  return result;
}

function commonFolder(folders: readonly string[]): string {
  const [first = '', ...others] = folders.map((folder) => folder.split('/'));
  const parts = first === '' ? [] : first;
  const end = parts.findIndex((part, at) => others.some((other) => other[at] !== part));
  return (end < 0 ? parts : parts.slice(0, end)).join('/');
}

async function candidate(
  folder: string,
  recognised: readonly RecognisedFile[],
  byPath: ReadonlyMap<string, Blob>,
): Promise<Candidate> {
  let files = recognised;
  const of = (role: RecognisedFile['role']) => files.filter((file) => file.role === role);
  const variants: Variant[] = [];
  for (const model of of('model')) {
    try {
      variants.push(await variantOf(model, files, byPath));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      const { message, remedy } = error;
      const refused = { ...model, role: 'refused', says: message, remedy } as const;
      files = files.map((file) => (file === model ? refused : file));
    }
  }
  variants.sort((a, b) => rank(a) - rank(b) || a.bytes - b.bytes);
  const safetensors = of('safetensors');
  if (variants.length === 0 && safetensors.length > 0) {
    variants.push(await safetensorsVariant(safetensors, of('safetensors index')[0], byPath));
  }
  const config = await recordAt(of('config')[0] ?? of('genai config')[0], byPath);
  const rows = await rowsOf(variants[0], config, byPath);
  const hasTokenizer = of('tokenizer').length > 0;
  return {
    folder,
    name: titleOf(folder, variants[0]),
    files,
    variants,
    missing: missingIn(files, variants),
    needsTokenizer: variants.length > 0 && !hasTokenizer,
    ...(rows !== undefined && { rows }),
    needsContext: variants.length > 0 && !saysContext(config),
  };
}

/** Names that exporters give to the same model in other numbers (transformers.js, src/utils/dtypes.js). */
const SUFFIXES: readonly (readonly [RegExp, string])[] = [
  [/_q4f16$/, '4 bit with float16'],
  [/_q2f16$/, '2 bit with float16'],
  [/_q1f16$/, '1 bit with float16'],
  [/_(q4|bnb4|int4)$/, '4 bit'],
  [/_q2$/, '2 bit'],
  [/_q1$/, '1 bit'],
  [/_fp16$/, 'float16'],
  [/_(quantized|int8|uint8|q8)$/, '8 bit'],
];
const typeOf = (path: string): string => {
  const stem = nameOf(path).replace(/\.onnx$/i, '');
  return SUFFIXES.find(([pattern]) => pattern.test(stem))?.[1] ?? 'float32';
};

/** Everything runs float32, so it is proposed while it is small. */
const SMALL = 600e6;
const rank = ({ type, bytes, missing }: Variant): number =>
  (missing.length > 0 ? 10 : 0) +
  (type === 'float32' && bytes <= SMALL ? 0 : type.includes('float16') ? 2 : 1);

async function variantOf(
  model: RecognisedFile,
  files: readonly RecognisedFile[],
  byPath: ReadonlyMap<string, Blob>,
): Promise<Variant> {
  const names = await externalNames(model, byPath);
  checkLocations(nameOf(model.path), names);
  const beside = new Map(files.map((file) => [file.path, file]));
  const data: string[] = [];
  const missing: string[] = [];
  let bytes = model.bytes;
  for (const name of names) {
    const prefix = folderOf(model.path);
    const here =
      beside.get(prefix === '' ? name : `${prefix}/${name}`) ??
      // Loose files have lost their folders.
      files.find((file) => nameOf(file.path).normalize() === nameOf(name).normalize());
    if (!here || here.role === 'refused') missing.push(name);
    else {
      data.push(here.path);
      bytes += here.bytes;
    }
  }
  return { path: model.path, type: typeOf(model.path), bytes, data, missing };
}

async function externalNames(
  { path, bytes }: RecognisedFile,
  byPath: ReadonlyMap<string, Blob>,
): Promise<readonly string[]> {
  if (bytes > LARGEST_GRAPH) return [];
  const file = byPath.get(path);
  if (!file) return [];
  return externalLocations(new Uint8Array(await file.arrayBuffer()));
}

async function safetensorsVariant(
  files: readonly RecognisedFile[],
  index: RecognisedFile | undefined,
  byPath: ReadonlyMap<string, Blob>,
): Promise<Variant> {
  const map = (await recordAt(index, byPath))?.weight_map;
  const shards = isRecord(map) ? [...new Set(Object.values(map).map(String))] : [];
  const names = new Set(files.map(({ path }) => nameOf(path)));
  const [first, ...others] = [...files].sort((a, b) => (a.path < b.path ? -1 : 1));
  return {
    path: (first as RecognisedFile).path,
    type: 'safetensors',
    bytes: files.reduce((sum, file) => sum + file.bytes, 0),
    data: others.map(({ path }) => path),
    missing: shards.filter((shard) => !names.has(nameOf(shard))),
  };
}

async function recordAt(file: RecognisedFile | undefined, byPath: ReadonlyMap<string, Blob>) {
  const blob = file && byPath.get(file.path);
  if (!blob) return undefined;
  const value: unknown = JSON.parse((await blob.text()).replace(/^\ufeff/, ''));
  return isRecord(value) ? value : undefined;
}

/** Of the head: as the graph says, or the configuration. */
async function rowsOf(
  variant: Variant | undefined,
  config: Readonly<Record<string, unknown>> | undefined,
  byPath: ReadonlyMap<string, Blob>,
): Promise<number | undefined> {
  const file = variant && byPath.get(variant.path);
  if (file && variant.type !== 'safetensors' && file.size <= LARGEST_GRAPH) {
    const rows = headRows(new Uint8Array(await file.arrayBuffer()));
    if (rows !== undefined) return rows;
  }
  const size = config?.vocab_size;
  return typeof size === 'number' && size > 0 ? size : undefined;
}

const CONTEXT =
  /^(max_position_embeddings|n_positions|n_ctx|max_seq_len|max_sequence_length|seq_length|context_length)$/;
/** Somewhere in a config, its nested ones included. */
function saysContext(config: unknown, depth = 0): boolean {
  if (!isRecord(config) || depth > 3) return false;
  return Object.entries(config).some(
    ([key, value]) =>
      (CONTEXT.test(key) && typeof value === 'number') || saysContext(value, depth + 1),
  );
}

function missingIn(files: readonly RecognisedFile[], variants: readonly Variant[]): string[] {
  const said: string[] = [];
  const has = (role: RecognisedFile['role']) => files.some((file) => file.role === role);
  if (variants.length === 0) {
    const pointer = files.find(({ says }) => says.startsWith('Git LFS'));
    if (pointer) {
      said.push(
        `${nameOf(pointer.path)} is a Git LFS pointer, not the file itself: run “git lfs pull” in that folder and drop it again.`,
      );
    } else if (has('tokenizer'))
      said.push('This is the tokenizer; drop model.onnx too (usually in the folder onnx).');
    else if (has('adapter')) {
      said.push(
        'This is a LoRA adapter, which changes a model but is none; drop the model it belongs to.',
      );
    } else if (has('weights'))
      said.push('These are weights without their graph; drop model.onnx too.');
    else if (has('config') || has('genai config'))
      said.push('This is a configuration; drop model.onnx and tokenizer.json too.');
    else if (!has('examples'))
      said.push('No model is among these files; drop model.onnx, or a folder that holds it.');
  } else if (variants.every(({ missing }) => missing.length > 0)) {
    const [first] = variants;
    const names = first?.missing ?? [];
    said.push(
      `${nameOf(first?.path ?? '')} keeps its weights in ${listed(names)}; drop ${names.length === 1 ? 'that file' : 'those files'} too.`,
    );
  }
  if (variants[0]?.type === 'safetensors' && !has('config')) {
    said.push(
      'safetensors hold weights but no graph; drop config.json too, which says what they are the weights of.',
    );
  }
  return said;
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, 3).map(nameOf).join(', ');
  return names.length > 3 ? `${shown} and ${names.length - 3} more` : shown;
}

function titleOf(folder: string, variant: Variant | undefined): string {
  const name = nameOf(folder);
  if (name !== '') return name;
  const stem = nameOf(variant?.path ?? '').replace(/\.(onnx|safetensors)$/i, '');
  return stem === '' ? 'dropped files' : stem;
}

const tooMany = (count: number) =>
  new UserError(
    'checkpoint',
    `${count.toLocaleString('en-US')} files were dropped; a checkpoint has a few dozen.`,
    'Drop the folder of one model, the one that holds config.json.',
  );
const nothing = () =>
  new UserError(
    'checkpoint',
    'There was no file in what was dropped.',
    'Drop model.onnx with its tokenizer.json and config.json, or the folder that holds them.',
  );
