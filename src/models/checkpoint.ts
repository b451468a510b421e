// A checkpoint made ready: files read and checked, session made, kernels warm. From here on there is a model
// and a tokenizer, and nobody needs to know that there were files.

import { UserError } from '../core/errors.ts';
import type { MeasuredMemory } from '../core/preflight.ts';
import { readModel } from '../onnx/model.ts';
import { checkAddressable } from './addressable.ts';
import { besideOf, canonical, isCanonical, MODEL_PATH } from './canonical.ts';
import { CHAT_TEMPLATE, type ChatWriter, chatWriterOf } from './chat.ts';
import { decoderConfig } from './config.ts';
import { type CheckpointFolder, readJson, readText } from './folder.ts';
import { checkOnnx } from './onnxFile.ts';
import { OnnxModel } from './onnxModel.ts';
import { checkNodes } from './protoScan.ts';
import type { BesideFile, OrtRuntime } from './runtime.ts';
import { makeTokenizer, type Tokenizer } from './tokenizer.ts';
import { checkFit } from './vocabulary.ts';
import { warmUp } from './warmUp.ts';

export interface Checkpoint {
  readonly name: string;
  readonly model: OnnxModel;
  readonly tokenizer: Tokenizer;
  /** Absent where there is no chat template. */
  readonly chat?: ChatWriter;
  /** Columns of the head that name a token. */
  readonly vocab: number;
  /** What loading it took, where that can be measured. */
  readonly memory?: MeasuredMemory;
  release(): Promise<void>;
}

export type CheckpointStage = 'download' | 'session' | 'warmUp';

export interface LoadOptions {
  /** Bytes in the download stage only. */
  readonly progress?: (stage: CheckpointStage, loaded?: number, total?: number) => void;
  readonly signal?: AbortSignal;
  /** Path of the ONNX file within the folder, where there are several. */
  readonly file?: string;
}

/**
 * @throws UserError 'checkpoint', 'onnx', 'tokenizer': what was found, what was expected, what to do
 * @throws DOMException AbortError when `signal` says so
 */
export async function loadCheckpoint(
  given: CheckpointFolder,
  runtime: OrtRuntime,
  { progress, signal, file: wanted }: LoadOptions = {},
): Promise<Checkpoint> {
  const folder = await canonical(given, wanted);
  const file = MODEL_PATH;
  const { name } = folder;
  const json = (path: string) => readJson(folder, path, signal);
  const reading = [
    json('config.json'),
    json('tokenizer.json'),
    json('tokenizer_config.json'),
    folder.read(file, (loaded, total) => progress?.('download', loaded, total), signal),
  ] as const;
  // All at once, but of several failures always the same one is told: the first in this order.
  await Promise.allSettled(reading);
  const [config, tokenizerJson, tokenizerConfig, bytes] = [
    await reading[0],
    await reading[1],
    await reading[2],
    await reading[3],
  ];
  const path = `${name}/${isCanonical(folder) ? folder.modelPath : file}`;
  checkOnnx(bytes, path);
  const beside = await besideOf(folder, bytes, signal);
  if (folder.files) await checkBrought(bytes, path, beside);
  const besides = beside.reduce((sum, { data }) => sum + sizeOf(data), 0);
  checkAddressable(path, bytes.length + besides, runtime.addressable);
  const generation = await generationConfig(folder, config.eos_token_id === undefined, signal);
  const decoder = decoderConfig(name, config, generation);
  const tokenizer = makeTokenizer(name, tokenizerJson, tokenizerConfig, decoder.bos);
  const template = folder.files?.has(CHAT_TEMPLATE)
    ? await readText(folder, CHAT_TEMPLATE, signal)
    : undefined;
  const chat = chatWriterOf(name, tokenizerConfig, { decoder, tokenizer }, template);

  signal?.throwIfAborted();
  progress?.('session');
  const before = runtime.heapBytes?.();
  const model = await OnnxModel.create(name, path, decoder, runtime, bytes, { beside });
  try {
    signal?.throwIfAborted();
    progress?.('warmUp');
    const rows = await warmUp(model);
    const vocab = checkFit(name, tokenizer, rows);
    const all = runtime.heapBytes?.();
    const measured = all !== undefined && before !== undefined;
    return {
      name,
      model,
      tokenizer,
      ...(chat && { chat }),
      vocab,
      ...(measured && { memory: { grown: all - before, all } }),
      release: () => model.release(),
    };
  } catch (error) {
    await model.release();
    throw error;
  }
}

const sizeOf = (data: Uint8Array | Blob) => (data instanceof Blob ? data.size : data.length);

/** What somebody brought is looked through before it is run; what came with the page need not be. */
async function checkBrought(bytes: Uint8Array, path: string, beside: readonly BesideFile[]) {
  const { validate } = await import('../onnx/validate.ts');
  const sizes = beside.map(({ path: name, data }) => [name, sizeOf(data)] as const);
  checkNodes(bytes, path);
  validate(
    readModel(new Uint8Array(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.length)),
    path,
    new Map(sizes),
  );
}

/**
 * generation_config.json, or {} where there is none. Where the files are not known, it is asked for only if
 * it is needed: a missing file is an error line in every browser's console.
 */
async function generationConfig(folder: CheckpointFolder, needed: boolean, signal?: AbortSignal) {
  const path = 'generation_config.json';
  if (!(folder.files?.has(path) ?? needed)) return {};
  try {
    return await readJson(folder, path, signal);
  } catch (error) {
    if (error instanceof UserError && !folder.files) return {};
    throw error;
  }
}
