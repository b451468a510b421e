// Any folder that holds a checkpoint, seen as the one layout that everything else reads: onnx/model.onnx with the files
// beside it, config.json, tokenizer.json, tokenizer_config.json. Nothing is copied or changed; files that are not there
// are answered from those that are.

import { UserError } from '../core/errors.ts';
import { type CheckpointFolder, isRecord, missingFile, readJson } from './folder.ts';
import { beside, checkLocations, type Layout, layoutOf } from './layout.ts';
import { areUsual } from './portNames.ts';
import { externalLocations, portNamesIn } from './protoScan.ts';
import type { BesideFile } from './runtime.ts';

export const MODEL_PATH = 'onnx/model.onnx';

/** A folder in the one layout. */
export interface CanonicalFolder extends CheckpointFolder {
  readonly files: ReadonlySet<string>;
  /** The model's own path, for people. */
  readonly modelPath: string;
  /** Name in the file -> usual name, of inputs and outputs that are called otherwise there. Known once it was read. */
  names(): ReadonlyMap<string, string>;
  /** Files in which the model keeps weights. @throws UserError 'onnx', 'checkpoint' naming one that is missing */
  beside(model: Uint8Array, signal?: AbortSignal): Promise<readonly BesideFile[]>;
}

export const isCanonical = (folder: CheckpointFolder): folder is CanonicalFolder =>
  'beside' in folder;

const bytesOf = (text: string) => new TextEncoder().encode(text);

/**
 * A folder whose files are not known is taken to be in that layout already.
 * @param wanted path of the ONNX file, where there are several
 * @throws UserError 'checkpoint' when there is no model in it
 */
export async function canonical(
  folder: CheckpointFolder,
  wanted?: string,
): Promise<CanonicalFolder | CheckpointFolder> {
  const { files } = folder;
  if (!files || isCanonical(folder)) return folder;
  const layout = layoutOf(files);
  const path = wanted ?? layout.models[0]?.path;
  if (path !== undefined && !files.has(path)) {
    throw missingFile(folder.name, path, 'it is not among its files');
  }
  if (path === undefined && layout.safetensors.length === 0)
    throw noModel(folder.name, layout, files);
  const made = await madeFiles(folder, layout);
  const built = path === undefined ? fromSafetensors(folder, layout) : undefined;
  let names: ReadonlyMap<string, string> = new Map();
  const seen = new Set([...files, ...made.keys(), MODEL_PATH]);

  /** Where the file of this canonical path really is. */
  const real = (asked: string): string => {
    if (asked === MODEL_PATH && path !== undefined) return path;
    const name = asked.replace(/^onnx\//, '');
    if (asked !== name && !files.has(asked)) {
      const near = path === undefined ? name : beside(path, name);
      if (files.has(near)) return near;
    }
    return asked;
  };
  return {
    name: folder.name,
    files: seen,
    modelPath: path ?? layout.safetensors[0]!,
    async read(asked, progress, signal) {
      const own = made.get(asked);
      if (own) return own;
      if (built) {
        if (asked === MODEL_PATH) return (await built()).bytes;
        const name = asked.replace(/^onnx\//, '');
        const weights = (await built()).beside.find((one) => one.path === name);
        if (weights) return new Uint8Array(await new Blob([weights.data as Blob]).arrayBuffer());
      }
      const bytes = await folder.read(real(asked), progress, signal);
      if (asked !== MODEL_PATH) return bytes;
      const ports = portNamesIn(bytes);
      const usual = ports.inputs.length === 0 || areUsual(ports.inputs, ports.outputs);
      if (usual && !folder.ports) return bytes;
      const { withUsualNames } = await import('./renamedModel.ts');
      const model = withUsualNames(bytes, `${folder.name}/${path}`, folder.ports);
      names = model.names;
      return model.bytes;
    },
    names: () => names,
    ...(folder.blob && { blob: (asked: string) => folder.blob!(real(asked)) }),
    async beside(model, signal) {
      if (built) return (await built()).beside;
      const names = externalLocations(model);
      checkLocations(`${folder.name}/${path}`, names);
      const found: BesideFile[] = [];
      for (const name of names) {
        const at = beside(path!, name);
        if (!files.has(at)) throw missingWeights(folder.name, path!, name, files);
        const data = folder.blob ? await folder.blob(at) : await folder.read(at, undefined, signal);
        found.push({ path: name, data });
      }
      return found;
    },
  };
}

/** The files beside a model that came as bytes; none where the folder's files are not known. */
export const besideOf = async (
  folder: CheckpointFolder,
  model: Uint8Array,
  signal?: AbortSignal,
): Promise<readonly BesideFile[]> => (isCanonical(folder) ? folder.beside(model, signal) : []);

/** Files that are not there and follow from others. */
async function madeFiles(
  folder: CheckpointFolder,
  layout: Layout,
): Promise<Map<string, Uint8Array>> {
  const made = new Map<string, Uint8Array>();
  const { genAi, config } = layout;
  if (genAi && !config) {
    made.set(
      'config.json',
      bytesOf(JSON.stringify(genAiConfig(folder.name, await readJson(folder, genAi)))),
    );
  }
  if (layout.tokenizer && !folder.files?.has('tokenizer_config.json')) {
    made.set('tokenizer_config.json', bytesOf('{}'));
  }
  return made;
}

/** genai_config.json in the words of config.json. @throws UserError 'checkpoint' */
export function genAiConfig(name: string, json: Readonly<Record<string, unknown>>) {
  const { model } = json;
  if (!isRecord(model)) {
    throw new UserError(
      'checkpoint',
      `${name}/genai_config.json has no model.`,
      'Use the genai_config.json that the model was exported with.',
    );
  }
  const { context_length, vocab_size, eos_token_id, bos_token_id, type } = model;
  return {
    model_type: type,
    max_position_embeddings: context_length,
    vocab_size,
    eos_token_id,
    bos_token_id,
  };
}

function fromSafetensors(folder: CheckpointFolder, { index, safetensors }: Layout) {
  const build = async () => {
    const { modelFromSafetensors, shardsOf } = await import('./safetensorsModel.ts');
    const config = await readJson(folder, 'config.json');
    const paths = index
      ? shardsOf(folder.name, await readJson(folder, index), folder.files!)
      : safetensors;
    const files = await Promise.all(
      paths.map(async (path) => {
        const data = folder.blob
          ? await folder.blob(path)
          : new Blob([new Uint8Array(await folder.read(path))]);
        return { path, data };
      }),
    );
    return modelFromSafetensors(folder.name, config, files);
  };
  let known: ReturnType<typeof build> | undefined;
  return () => {
    known ??= build();
    return known;
  };
}

function noModel(
  name: string,
  { tokenizer, config }: Layout,
  files: ReadonlySet<string>,
): UserError {
  const is = tokenizer
    ? `holds ${config ? 'a configuration and ' : ''}a tokenizer, but no model`
    : config
      ? 'holds a configuration, but no model'
      : files.size === 0
        ? 'is empty'
        : `holds no model: ${[...files].slice(0, 3).join(', ')}${files.size > 3 ? ` and ${files.size - 3} more` : ''}`;
  return new UserError(
    'checkpoint',
    `${name} ${is}.`,
    'Add the model: onnx/model.onnx, or model.safetensors with its config.json.',
  );
}

function missingWeights(
  name: string,
  model: string,
  file: string,
  files: ReadonlySet<string>,
): UserError {
  const other = [...files].find((path) => /\.onnx[._]data/.test(path));
  return new UserError(
    'onnx',
    `${name}/${model} keeps weights in the file ${file}, which is missing${other ? ` (there is ${other})` : ''}.`,
    `Add ${file}: both belong together.`,
  );
}
