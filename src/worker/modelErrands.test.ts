// Through the engine as the page does it: files are recognised, kept, tried, taken out again, byte for byte.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { externalize } from '../../test/support/externalize.ts';
import { modelBytes } from '../../test/support/ownDecoder.ts';
import { talk } from '../../test/support/talk.ts';
import type { DroppedFile } from '../core/dropped.ts';
import type { FromWorker } from './protocol.ts';

const read = (path: string) => new Uint8Array(readFileSync(path));
const contents: Readonly<Record<string, Uint8Array<ArrayBuffer>>> = {
  'config.json': new TextEncoder().encode(
    '{"n_positions": 32, "bos_token_id": 1, "eos_token_id": 2}',
  ),
  'tokenizer.json': read('recipes/tokenizer/tokenizer.json'),
  'tokenizer_config.json': read('recipes/tokenizer/tokenizer_config.json'),
  'onnx/model_q4.onnx': modelBytes(),
};
const filesOf = (all: Readonly<Record<string, Uint8Array<ArrayBuffer>>>): DroppedFile[] =>
  Object.entries(all).map(([path, bytes]) => ({ path: `mine/${path}`, file: new Blob([bytes]) }));
const is = <T extends FromWorker['type']>(type: T, answer: FromWorker) => {
  if (answer.type !== type) throw new Error(JSON.stringify(answer));
  return answer as Extract<FromWorker, { type: T }>;
};

it('a folder is looked at, kept, tried, and exported as it came', async () => {
  const { ask, stored } = await talk();
  const files = filesOf(contents);
  const { candidates } = is('looked', await ask({ type: 'look', files }));
  expect(candidates).toMatchObject([{ folder: 'mine', name: 'mine', missing: [] }]);
  const choice = { name: 'mine', variant: 'mine/onnx/model_q4.onnx' };
  const kept = is(
    'checkpointKept',
    await ask({ type: 'keepFiles', files, folder: 'mine', choice }),
  );
  const { id } = kept.checkpoint;
  expect(kept.checkpoint).toMatchObject({ origin: 'dropped', original: 'onnx/model_q4.onnx' });
  expect(stored().checkpoints.map((one) => one.id)).toEqual([id]);
  const said = is('tokenized', await ask({ type: 'tokenize', checkpoint: id, text: 'ab' }));
  expect(said.tokens.map(({ text }) => text).slice(-2)).toEqual(['a', 'b']);
  const { file, name } = is('exported', await ask({ type: 'export', id }));
  expect(name).toBe('mine.zip');
  const zip = Buffer.from(await file.arrayBuffer());
  for (const [path, bytes] of Object.entries(contents)) {
    expect(zip.includes(`mine/${path}`), path).toBe(true);
    expect(zip.includes(Buffer.from(bytes)), path).toBe(true);
  }
});

/** As much of a folder of the disk as is written to. */
function folderOnDisk() {
  const written = new Map<string, Uint8Array>();
  const at = (prefix: string): unknown => ({
    getDirectoryHandle: async (name: string, { create }: { create: boolean }) => {
      if (!create) throw new DOMException('no such folder', 'NotFoundError');
      return at(`${prefix}${name}/`);
    },
    getFileHandle: async (name: string) => ({
      createWritable: async () => ({
        write: async (contents: Blob | Uint8Array<ArrayBuffer>) => {
          const bytes = await new Blob([contents]).arrayBuffer();
          written.set(`${prefix}${name}`, new Uint8Array(bytes));
        },
        close: async () => {},
      }),
    }),
  });
  return { written, handle: at('') as FileSystemDirectoryHandle };
}

it('goes into a folder of the disk file by file, byte for byte, a built-in one too', async () => {
  const { ask } = await talk();
  const choice = { name: 'mine', variant: 'mine/onnx/model_q4.onnx' };
  const answer = await ask({ type: 'keepFiles', files: filesOf(contents), folder: 'mine', choice });
  const { id } = is('checkpointKept', answer).checkpoint;
  const { written, handle } = folderOnDisk();
  is('done', await ask({ type: 'exportInto', id, folder: handle }));
  expect([...written.keys()].sort()).toEqual(Object.keys(contents).sort());
  for (const [path, bytes] of Object.entries(contents))
    expect(written.get(path), path).toEqual(bytes);
  const other = folderOnDisk();
  is('done', await ask({ type: 'exportInto', id: 'base-small', folder: other.handle }));
  expect(other.written.get('onnx/model.onnx')).toEqual(modelBytes());
});

it('weights beside the model are part of what it is known by, and come along', async () => {
  const { ask } = await talk();
  const keepWith = async (fill?: number) => {
    const { model, data } = externalize(modelBytes(), 'model.onnx_data');
    if (fill !== undefined) data.fill(fill, 0, 4);
    const { 'onnx/model_q4.onnx': _, ...texts } = contents;
    const files = filesOf({ ...texts, 'onnx/model.onnx': model, 'onnx/model.onnx_data': data });
    const choice = { name: 'mine', variant: 'mine/onnx/model.onnx' };
    const answer = await ask({ type: 'keepFiles', files, folder: 'mine', choice });
    return is('checkpointKept', answer).checkpoint;
  };
  const [one, other] = [await keepWith(), await keepWith(1)];
  expect(one.id).not.toBe(other.id);
  expect(Object.keys(one.sha256 ?? {})).toEqual(['onnx/model.onnx', 'onnx/model.onnx_data']);
});

it('a folder that is not whole is refused, with what is missing, and nothing is stored', async () => {
  const { ask, stored } = await talk();
  const files = filesOf({ 'onnx/model.onnx': modelBytes() });
  const choice = { name: 'mine', variant: 'mine/onnx/model.onnx', context: 32 };
  const answer = await ask({ type: 'keepFiles', files, folder: 'mine', choice });
  expect(is('refused', answer).failure.message).toContain('There is no tokenizer');
  await ask({ type: 'list' });
  expect(stored().checkpoints).toEqual([]);
});

it('nothing is asked of a server without a door', async () => {
  const { ask } = await talk();
  const address = { base: 'https://hub.example', repo: 'org/tiny', revision: 'main' };
  const answer = is('refused', await ask({ type: 'listHub', address }));
  expect(answer.failure.message).toContain('Nobody has typed an address');
});
