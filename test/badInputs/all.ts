// All bad inputs in one list, each with what is done with it: tests ask how it ends, the benchmark how long it takes.

import { candidatesIn } from '../../src/models/candidates.ts';
import { loadCheckpoint } from '../../src/models/checkpoint.ts';
import { memoryFolder } from '../../src/models/folder.ts';
import type { OrtRuntime } from '../../src/models/runtime.ts';
import { headerLength, parseSafetensors } from '../../src/models/safetensors.ts';
import { type Files, jsonFile, tokenizerFiles } from '../families/folders.ts';
import { familyBytes, familyConfig } from '../families/index.ts';
import { configCases } from './configs.ts';
import { type Drop, dropCases } from './drops.ts';
import { onnxCases } from './onnx.ts';
import { safetensorsCheckpoints, safetensorsFiles } from './safetensors.ts';
import { tokenizerCases, tokenizerConfigCases } from './tokenizers.ts';

export type Kind = 'ONNX' | 'safetensors' | 'configuration' | 'tokenizer' | 'drop';

export interface BadInput {
  readonly kind: Kind;
  readonly name: string;
  /** Of all its files. */
  readonly bytes: number;
  /** Of drops: what they are to end with. */
  readonly drop?: Drop;
  /** Ends with an error, but for drops that lack something, which say so. */
  run(runtime: OrtRuntime): Promise<unknown>;
}

const sizeOf = (files: Files) => [...files.values()].reduce((sum, { length }) => sum + length, 0);

export const checkpointInput = (kind: Kind, name: string, files: Files): BadInput => ({
  kind,
  name,
  bytes: sizeOf(files),
  run: async (runtime) => (await loadCheckpoint(memoryFolder('mine', files), runtime)).release(),
});

/** A checkpoint with this model, and two files beside it that models may point to. */
export const withModel = (model: Uint8Array<ArrayBuffer>): Files =>
  new Map([
    ...tokenizerFiles(),
    ['config.json', jsonFile(familyConfig)],
    ['w.bin', new Uint8Array(48 * 32 * 4)],
    ['other.bin', new Uint8Array(48 * 32 * 4)],
    ['model.onnx', model],
  ]);

export function badInputs(): BadInput[] {
  const model = familyBytes('llama', 1);
  const base = (path: string, bytes: Uint8Array<ArrayBuffer>): Files =>
    new Map([
      ...tokenizerFiles(),
      ['config.json', jsonFile(familyConfig)],
      ['model.onnx', model],
      [path, bytes],
    ]);
  return [
    ...onnxCases().map(([name, bytes]) => checkpointInput('ONNX', name, withModel(bytes))),
    ...safetensorsFiles().map(
      ([name, bytes]): BadInput => ({
        kind: 'safetensors',
        name,
        bytes: bytes.length,
        async run() {
          const length = headerLength(bytes.subarray(0, 9), bytes.length, 'mine.safetensors');
          parseSafetensors(bytes.subarray(0, length), bytes.length, 'mine.safetensors');
        },
      }),
    ),
    ...safetensorsCheckpoints().map(([name, files]) => checkpointInput('safetensors', name, files)),
    ...configCases().map(([name, files]) => checkpointInput('configuration', name, files)),
    ...tokenizerCases().map(([name, bytes]) =>
      checkpointInput('tokenizer', name, base('tokenizer.json', bytes)),
    ),
    ...tokenizerConfigCases().map(([name, bytes]) =>
      checkpointInput('tokenizer', name, base('tokenizer_config.json', bytes)),
    ),
    ...dropCases().map(
      ([name, drop]): BadInput => ({
        kind: 'drop',
        name,
        bytes: sizeOf(drop.files),
        drop,
        run: () =>
          candidatesIn([...drop.files].map(([path, bytes]) => ({ path, file: new Blob([bytes]) }))),
      }),
    ),
  ];
}
