// What a training needs and does not choose itself: the model with its gradients, the files it came from, the
// examples, and where decoding for the measurements runs. The worker furnishes it in the page, the command line
// in Node.

import { UserError } from '../core/errors.ts';
import type { Ops } from '../core/ops.ts';
import type { Role } from '../core/roles.ts';
import type { Experiment } from '../experiment/experiment.ts';
import { canonical } from '../models/canonical.ts';
import { CHAT_TEMPLATE, type ChatWriter, chatWriterOf } from '../models/chat.ts';
import { type DecoderConfig, decoderConfig } from '../models/config.ts';
import { type CheckpointFolder, memoryFolder, readJson } from '../models/folder.ts';
import { checkOnnx } from '../models/onnxFile.ts';
import type { OrtRuntime } from '../models/runtime.ts';
import { makeTokenizer, type Tokenizer } from '../models/tokenizer.ts';
import type { Trainable } from '../models/trainable.ts';
import { tasks } from '../tasks/index.ts';
import { parseJsonLines } from '../tasks/jsonLines.ts';
import { type ExampleSource, fileSource, taskSource, tokenizeLines } from './examples.ts';
import type { LoadProgress } from './protocol.ts';

export type Files = ReadonlyMap<string, Uint8Array>;

/** Goes along where it is known to be there, byte for byte. */
const OPTIONAL = [
  'generation_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  CHAT_TEMPLATE,
  'vocab.json',
  'merges.txt',
  'LICENSE',
  'LICENSE.md',
  'LICENSE.txt',
];
const NEEDED = ['config.json', 'tokenizer.json', 'tokenizer_config.json'] as const;
export const MODEL = 'onnx/model.onnx';

/** A checkpoint as files and what they say. */
export interface BaseCheckpoint {
  readonly id: string;
  readonly name: string;
  readonly files: Files;
  readonly config: DecoderConfig;
  readonly tokenizer: Tokenizer;
  /** Absent where there is no chat template. */
  readonly chat?: ChatWriter;
}

export interface TrainRoom {
  readonly role: Role;
  readonly base: BaseCheckpoint;
  readonly trainable: Trainable;
  readonly source: ExampleSource;
  readonly runtime: OrtRuntime;
  readonly ops: Ops;
  readonly progress: (progress: LoadProgress) => void;
}

/** All but the model: what it takes to read and write its tokens. @throws UserError 'checkpoint', 'tokenizer' */
export async function readTexts(
  id: string,
  given: CheckpointFolder,
  signal?: AbortSignal,
): Promise<BaseCheckpoint> {
  const folder = await canonical(given);
  const { name } = folder;
  const optional = OPTIONAL.filter((path) => folder.files?.has(path));
  const files = new Map<string, Uint8Array>();
  for (const path of [...NEEDED, ...optional]) {
    files.set(path, await folder.read(path, undefined, signal));
  }
  const memory = memoryFolder(name, files);
  const json = (path: string) => readJson(memory, path);
  const generation = optional.includes('generation_config.json')
    ? await json('generation_config.json')
    : {};
  const config = decoderConfig(name, await json('config.json'), generation);
  const tokenizerConfig = await json('tokenizer_config.json');
  const tokenizer = makeTokenizer(name, await json('tokenizer.json'), tokenizerConfig, config.bos);
  const template = files.get(CHAT_TEMPLATE);
  const text = template && new TextDecoder().decode(template);
  const chat = chatWriterOf(name, tokenizerConfig, { decoder: config, tokenizer }, text);
  return { id, name, files, config, tokenizer, ...(chat && { chat }) };
}

/** @throws UserError 'checkpoint', 'onnx', 'tokenizer' */
export async function readBase(
  id: string,
  given: CheckpointFolder,
  progress: (loaded: number, total?: number) => void = () => {},
  signal?: AbortSignal,
): Promise<BaseCheckpoint> {
  const folder = await canonical(given);
  const texts = await readTexts(id, folder, signal);
  const model = await folder.read(MODEL, progress, signal);
  checkOnnx(model, `${folder.name}/${MODEL}`);
  return { ...texts, files: new Map(texts.files).set(MODEL, model) };
}

/** The same with all weights in the model's file. @throws UserError 'onnx' naming a file that is missing */
export async function inOneFile(
  base: BaseCheckpoint,
  given: CheckpointFolder,
  signal?: AbortSignal,
): Promise<BaseCheckpoint> {
  const folder = await canonical(given);
  // What reads ONNX files is not needed before somebody trains.
  const { withoutExternalData } = await import('../models/externalData.ts');
  const beside = MODEL.slice(0, MODEL.lastIndexOf('/') + 1);
  const whole = await withoutExternalData(new Uint8Array(base.files.get(MODEL)!), (name) =>
    folder.read(`${beside}${name}`, undefined, signal),
  );
  return { ...base, files: new Map(base.files).set(MODEL, whole) };
}

/** What ends a completion. */
export const endOf = ({ config }: Pick<BaseCheckpoint, 'config'>): number | undefined =>
  config.eos[0];

/**
 * @param data bytes of the data file, where the experiment names one
 * @throws UserError 'data' naming the line, 'prompt' when the task's text cannot be read, 'context' when it is too long
 */
export async function sourceOf(
  experiment: Experiment,
  base: BaseCheckpoint,
  data: Uint8Array | undefined,
  progress: (progress: LoadProgress) => void,
  breathe: () => Promise<void> | void = () => {},
): Promise<ExampleSource> {
  const { tokenizer, config } = base;
  const { seed, difficulty } = experiment;
  if (data) {
    const lines = await parseJsonLines(new TextDecoder().decode(data), breathe);
    const total = lines.examples.length;
    const said = async (loaded: number) => {
      progress({ stage: 'data', loaded, total });
      await breathe();
    };
    const read = await tokenizeLines(lines, tokenizer, endOf(base), config.contextLength, said);
    return fileSource(read, seed);
  }
  const task = tasks[experiment.task];
  const source = taskSource(task, difficulty, seed, tokenizer, endOf(base));
  const { prompt, completion } = source.example(0);
  if (prompt.length + completion.length - 1 > config.contextLength) {
    throw new UserError(
      'context',
      `An example of ${task.title} has ${prompt.length + completion.length} tokens; ${base.name} reads at most ${config.contextLength}.`,
      'Lower the difficulty, or choose another checkpoint.',
    );
  }
  return source;
}
