// Checkpoints that are brought along: whole or not at all, known by content, never all of it in memory.
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { UserError } from '../core/errors.ts';
import { parseLocalId } from '../experiment/names.ts';
import { contentAddress, createDigest } from './digest.ts';
import { createMemoryShelf } from './memoryShelf.ts';
import type { Shelf } from './shelf.ts';
import { type Brought, openStore } from './store.ts';

const model = new Uint8Array(100_000).fill(7);
const hashOf = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex');
const about: Brought['about'] = { name: 'mine', parameters: 0, origin: 'dropped' };
const brought = (more: Partial<Brought> = {}): Brought => ({
  about,
  files: new Map([
    ['config.json', new Blob(['{}'])],
    ['onnx/model.onnx', new Blob([model])],
  ]),
  weights: ['onnx/model.onnx'],
  ...more,
});
const browser = (changes: Partial<Shelf> = {}, files = new Map<string, Blob>()): Shelf => ({
  ...createMemoryShelf(files),
  where: 'browser',
  ...changes,
});

describe('what a checkpoint is known by', () => {
  it('the digest of pieces is the digest of the whole', () => {
    const digest = createDigest();
    for (let at = 0; at < model.length; at += 977) digest.update(model.subarray(at, at + 977));
    expect(digest.hex()).toBe(hashOf(model));
  });

  it('one file by its own, several by what sha256sum says of them', () => {
    expect(contentAddress({ 'onnx/model.onnx': 'abc' })).toBe('abc');
    expect(contentAddress({ 'onnx/model.onnx': 'abc', 'onnx/model.onnx_data': 'def' })).toBe(
      hashOf('abc  model.onnx\ndef  model.onnx_data\n'),
    );
  });
});

describe('bringing a checkpoint', () => {
  it('it is there, under its name and its content, and gives its files back', async () => {
    const told: number[] = [];
    const store = await openStore(browser());
    const { value, unsaved } = await store.bring(
      brought({ progress: (loaded, total) => told.push(loaded / total) }),
    );
    expect(unsaved).toBeUndefined();
    expect(parseLocalId(value.id)).toEqual({ sha256: hashOf(model), name: 'mine' });
    expect(value).toMatchObject({ bytes: 100_002, origin: 'dropped', step: 0 });
    expect(told.at(-1)).toBe(1);
    const folder = await store.folder(value.id);
    expect((await folder.read('onnx/model.onnx')).length).toBe(100_000);
    expect(await (await folder.blob('config.json')).text()).toBe('{}');
  });

  it('the same weights again are the same checkpoint, under the newer name', async () => {
    const store = await openStore(browser());
    await store.bring(brought());
    await store.bring(brought({ about: { ...about, name: 'other' } }));
    expect((await store.checkpoints()).map(({ name }) => name)).toEqual(['other']);
  });

  it('can be renamed, deleted and taken back', async () => {
    const store = await openStore(browser());
    const { id } = (await store.bring(brought())).value;
    await store.rename(id, 'better');
    await store.delete(id);
    await expect(store.folder(id)).rejects.toThrow('in the trash');
    await store.restore(id);
    expect((await store.folder(id)).name).toBe('better');
  });

  it('a cancel leaves nothing', async () => {
    const files = new Map<string, Blob>();
    const store = await openStore(browser({}, files));
    const abort = new AbortController();
    const bringing = store.bring(brought({ signal: abort.signal, progress: () => abort.abort() }));
    await expect(bringing).rejects.toMatchObject({ name: 'AbortError' });
    expect(await store.checkpoints()).toEqual([]);
    expect([...files.keys()]).toEqual([]);
  });

  it('a file that cannot be read any more is named, and nothing is left', async () => {
    const files = new Map<string, Blob>();
    const store = await openStore(browser({}, files));
    const gone = new Blob([model]);
    const pull = (controller: ReadableByteStreamController) =>
      controller.error(new DOMException('gone', 'NotReadableError'));
    Object.defineProperty(gone, 'stream', {
      value: () => new ReadableStream({ type: 'bytes', pull }),
    });
    const bringing = store.bring(brought({ files: new Map([['onnx/model.onnx', gone]]) }));
    await expect(bringing).rejects.toMatchObject({
      code: 'checkpoint',
      message: expect.stringContaining('onnx/model.onnx could not be read'),
    });
    expect([...files.keys()]).toEqual([]);
  });

  it('where files cannot be read into memory that is there, piece by piece', async () => {
    const plain = new Blob([model]);
    Object.defineProperty(plain, 'stream', {
      value: () => new ReadableStream({ pull: (controller) => controller.error(new Error('no')) }),
    });
    const store = await openStore(browser());
    const { value } = await store.bring(brought({ files: new Map([['onnx/model.onnx', plain]]) }));
    expect(parseLocalId(value.id)?.sha256).toBe(hashOf(model));
  });

  it('where there is no room it is read from where it lies, while the tab is open', async () => {
    const full = new UserError('storage', 'no room', 'Delete something.');
    const shelf = browser({ pour: () => Promise.reject(full) });
    const store = await openStore(shelf);
    const { value, unsaved } = await store.bring(brought());
    expect(unsaved).toBe(full);
    expect(value.temporary).toBe(true);
    expect((await (await store.folder(value.id)).read('onnx/model.onnx')).length).toBe(100_000);
  });

  it('a flipped bit is found when it is read', async () => {
    const files = new Map<string, Blob>();
    const store = await openStore(browser({}, files));
    const { id } = (await store.bring(brought())).value;
    const path = [...files.keys()].find((one) => one.endsWith('model.onnx')) as string;
    files.set(path, new Blob([model.map((byte, i) => (i === 50 ? 6 : byte))]));
    await expect((await store.folder(id)).read('onnx/model.onnx')).rejects.toThrow('other bytes');
  });

  it('what a closed tab left is swept away, what another tab is bringing is not', async () => {
    const files = new Map([
      ['incoming/dead/onnx/model.onnx', new Blob(['x'])],
      ['incoming/alive/onnx/model.onnx', new Blob(['x'])],
    ]);
    const shelf = browser({}, files);
    await shelf.claim('incoming alive');
    await openStore(shelf);
    expect([...files.keys()]).toEqual(['incoming/alive/onnx/model.onnx']);
  });
});
