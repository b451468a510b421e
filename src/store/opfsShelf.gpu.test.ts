// The browser's own file system, in a browser.
import { afterEach, expect, it } from 'vitest';
import { describeShelf } from '../../test/support/shelfContract.ts';
import { openOpfsShelf } from './opfsShelf.ts';
import { openStore } from './store.ts';

async function open() {
  const shelf = await openOpfsShelf();
  if ('why' in shelf) throw new Error(shelf.why);
  return shelf;
}

async function clear() {
  const top = await navigator.storage.getDirectory();
  await top.removeEntry('tandem', { recursive: true }).catch(() => {});
}

afterEach(clear);

describeShelf('the browser', async () => {
  await clear();
  return open();
});

const checkpoint = {
  name: 'mine',
  files: new Map([
    ['config.json', new Uint8Array([123, 125])],
    ['onnx/model.onnx', new Uint8Array(100_000).fill(7)],
  ]),
  parameters: 25_000,
  step: 3,
  scores: { loss: 0.5 },
  measuredAt: 3,
  base: 'base-small',
  recipe: '#v=1',
};

it('what one store has kept, another one finds', async () => {
  const one = await openStore(await open());
  const { value, unsaved } = await one.keep(checkpoint);
  expect(unsaved).toBeUndefined();
  const other = await openStore(await open());
  expect(await other.checkpoints()).toEqual([value]);
  const folder = await other.folder(value.id);
  expect(await folder.read('onnx/model.onnx')).toEqual(checkpoint.files.get('onnx/model.onnx'));
  const { bytes, free } = await other.size();
  expect(bytes).toBe(100_002);
  expect(free).toBeGreaterThan(0);
});

it('a browser that refuses its file system says so', async () => {
  const { getDirectory } = StorageManager.prototype;
  StorageManager.prototype.getDirectory = () =>
    Promise.reject(new DOMException('private window', 'SecurityError'));
  try {
    expect(await openOpfsShelf()).toEqual({ why: expect.stringContaining('private window') });
  } finally {
    StorageManager.prototype.getDirectory = getDirectory;
  }
});

it('a full disk is told in megabytes, and the old file stays', async () => {
  const shelf = await open();
  await shelf.write('a/x', new Uint8Array([1]));
  const { write } = FileSystemWritableFileStream.prototype;
  FileSystemWritableFileStream.prototype.write = () =>
    Promise.reject(new DOMException('full', 'QuotaExceededError'));
  try {
    await expect(shelf.write('a/x', new Uint8Array(5_000_000))).rejects.toMatchObject({
      code: 'storage',
      message: expect.stringContaining('no room for 5.0 MB'),
    });
  } finally {
    FileSystemWritableFileStream.prototype.write = write;
  }
  expect((await shelf.read('a/x'))?.size).toBe(1);
});
