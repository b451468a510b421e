// What a training needs and does not choose itself: the checkpoint made trainable and able to write with the very
// weights that are being trained, and the examples. Everything that can be wrong with them is found here, before
// the first step.

import { UserError } from '../core/errors.ts';
import type { Role } from '../core/events.ts';
import type { Ops } from '../core/ops.ts';
import type { Experiment } from '../experiment/experiment.ts';
import { parseFileId } from '../experiment/names.ts';
import { type CheckpointParts, readParts } from '../models/checkpoint.ts';
import { createTrainable } from '../models/createTrainable.ts';
import type { Decoder } from '../models/decoder.ts';
import type { CheckpointFolder } from '../models/folder.ts';
import type { OnnxModel } from '../models/onnxModel.ts';
import type { OrtRuntime } from '../models/runtime.ts';
import type { Tokenizer } from '../models/tokenizer.ts';
import type { Trainable } from '../models/trainable.ts';
import { checkFit } from '../models/vocabulary.ts';
import { tasks } from '../tasks/index.ts';
import { readDataFile, refuseProblems } from './dataFile.ts';
import { type Examples, fileExamples, taskExamples } from './examples.ts';
import type { LoadProgress } from './protocol.ts';
import type { Coder } from './toTokens.ts';

type Bytes = Uint8Array<ArrayBuffer>;

export interface TrainingRoom {
  readonly role: Role;
  /** Name of the checkpoint that is trained. */
  readonly name: string;
  readonly model: Trainable;
  /** Reads and writes with the weights as they are. */
  readonly decoder: Decoder;
  readonly tokenizer: Tokenizer;
  readonly ops: Ops;
  readonly examples: Examples;
  /** The checkpoint's other files, which stay what they are. */
  files(): Promise<ReadonlyMap<string, Bytes>>;
  release(): Promise<void>;
}

export interface FurnishTraining {
  readonly experiment: Experiment;
  readonly role: Role;
  /** Examples of one pass. */
  readonly microBatch: number;
  readonly runtime: OrtRuntime;
  readonly ops: Ops;
  readonly folder: CheckpointFolder;
  /** @throws UserError 'data' when there is no such file */
  readonly readData: (id: string) => Promise<Bytes>;
  /** Lets other messages in. */
  readonly breathe: () => Promise<void>;
  readonly progress?: (progress: LoadProgress) => void;
  readonly signal?: AbortSignal;
}

/** What belongs to a checkpoint besides its graph, where it is there. */
const TEXT_FILES = [
  'config.json',
  'generation_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
] as const;
/** Without these it is none. */
const NEEDED = new Set<string>(['config.json', 'tokenizer.json', 'tokenizer_config.json']);

/**
 * @throws UserError 'checkpoint', 'tokenizer', 'onnx' (no gradient, no float32 weights, a part is missing), 'data',
 *   'gpu', 'runtime'; DOMException AbortError when `signal` says so
 */
export async function furnishTraining(request: FurnishTraining): Promise<TrainingRoom> {
  const { experiment, role, microBatch, runtime, ops, folder, progress, signal } = request;
  const id = experiment[role];
  const tell = (stage: LoadProgress['stage'], loaded?: number, total?: number) =>
    progress?.({
      stage,
      role,
      id,
      ...(loaded !== undefined && { loaded }),
      ...(total !== undefined && { total }),
    });
  const parts = await readParts(folder, { progress: tell, ...(signal && { signal }) });
  tell('data');
  const examples = await examplesFor(request, coderOf(parts), (loaded, total) =>
    tell('data', loaded, total),
  );
  signal?.throwIfAborted();
  tell('gradients');
  const { name, config, tokenizer } = parts;
  const { contextLength } = config;
  const held: (Trainable | OnnxModel)[] = [];
  const release = async () => {
    for (const one of held.splice(0).reverse()) await one.release();
  };
  try {
    const bytes = new Uint8Array(parts.bytes);
    const model = await createTrainable(bytes, runtime, { contextLength, microBatch });
    held.push(model);
    const vocab = checkFit(name, tokenizer, model.vocab);
    signal?.throwIfAborted();
    tell('session');
    const writer = await model.decoder(name, config);
    held.push(writer);
    signal?.throwIfAborted();
    tell('ready');
    const decoder = writer.decoder(vocab);
    const files = () => textFiles(folder);
    return { role, name, model, decoder, tokenizer, ops, examples, files, release };
  } catch (error) {
    await release().catch(() => {});
    throw error;
  }
}

export const coderOf = ({
  name,
  config,
  tokenizer,
}: Pick<CheckpointParts, 'name' | 'config' | 'tokenizer'>): Coder => ({
  name,
  tokenizer,
  contextLength: config.contextLength,
  eos: config.eos[0],
});

async function examplesFor(
  { experiment, readData, breathe, signal }: FurnishTraining,
  coder: Coder,
  progress: (loaded: number, total: number) => void,
): Promise<Examples> {
  const { data, task } = experiment;
  if (data === 'task') {
    const examples = taskExamples(tasks[task], experiment, coder);
    // A checkpoint that cannot read the task at all shows it at the first example of either kind.
    examples.example(0);
    examples.heldOut(0);
    return examples;
  }
  const name = parseFileId(data)?.name;
  if (name === undefined) {
    throw new UserError(
      'data',
      'The experiment names neither a task nor a data file to learn from.',
      'Choose the task’s examples, or drop a JSON Lines file.',
    );
  }
  const { examples, report } = await readDataFile(name, await readData(data), {
    coder,
    progress,
    breathe: async () => {
      signal?.throwIfAborted();
      await breathe();
    },
  });
  refuseProblems(report);
  return fileExamples(name, examples, experiment);
}

/** @throws UserError 'checkpoint' when one of those that must be there is missing */
export async function textFiles(folder: CheckpointFolder): Promise<ReadonlyMap<string, Bytes>> {
  const files = new Map<string, Bytes>();
  for (const path of TEXT_FILES) {
    // Where the files are not known, only those are asked for that must be there.
    if (!(folder.files?.has(path) ?? NEEDED.has(path))) continue;
    files.set(path, new Uint8Array(await folder.read(path)));
  }
  return files;
}
