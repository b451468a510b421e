// A checkpoint of our own making, in memory: the decoder graph from a seed beside the family's tokenizer.

import { readFileSync } from 'node:fs';
import type { CheckpointFolder } from '../../src/models/folder.ts';
import { tiny } from './ownDecoder.ts';

export { modelBytes, tiny } from './ownDecoder.ts';

/** The files that loading asks for. */
export function folderOf(model: Uint8Array, context = tiny.context): CheckpointFolder {
  const tokenizer = (file: string) => readFileSync(`recipes/tokenizer/${file}`);
  const files = new Map<string, Uint8Array>([
    [
      'config.json',
      new TextEncoder().encode(
        JSON.stringify({ n_positions: context, bos_token_id: 1, eos_token_id: 2 }),
      ),
    ],
    ['tokenizer.json', tokenizer('tokenizer.json')],
    ['tokenizer_config.json', tokenizer('tokenizer_config.json')],
    ['onnx/model.onnx', model],
  ]);
  return {
    name: 'own',
    files: new Set(files.keys()),
    read: async (path) => {
      const bytes = files.get(path);
      if (bytes === undefined) throw new Error(`no file ${path}`);
      return bytes;
    },
  };
}
