// What is kept stays, whatever happens while it is written, and what is damaged is said.
import { describe, expect, it } from 'vitest';
import { UserError } from '../core/errors.ts';
import { parseFileId, parseLocalId } from '../experiment/names.ts';
import { createMemoryShelf } from './memoryShelf.ts';
import type { Shelf } from './shelf.ts';
import { openStore } from './store.ts';

const file = (length: number, fill: number) => new Uint8Array(length).fill(fill);
const checkpoint = (fill = 7, name = 'mine') => ({
  name,
  files: new Map([
    ['config.json', file(2, 1)],
    ['tokenizer.json', file(3, 2)],
    ['onnx/model.onnx', file(1000, fill)],
  ]),
  parameters: 250,
  step: 3,
  scores: { loss: 0.5, accuracy: 0.25 },
  measuredAt: 3,
  base: 'base-small',
  recipe: '#v=1&mode=train',
});
/** A browser's shelf as far as anybody can tell. */
const browser = (): Shelf => ({ ...createMemoryShelf(), where: 'browser' });
/** Dies at write number `at`: from then on nothing changes any more. */
function dyingAt(shelf: Shelf, at: number): Shelf {
  let changes = 0;
  const alive = <T>(change: () => Promise<T>): Promise<T> =>
    changes++ < at ? change() : Promise.reject(new Error('the tab is gone'));
  return {
    ...shelf,
    write: (path, contents) => alive(() => shelf.write(path, contents)),
    remove: (path) => alive(() => shelf.remove(path)),
  };
}
const full = (shelf: Shelf): Shelf => ({
  ...shelf,
  write: () => Promise.reject(new UserError('storage', 'no room', 'delete something')),
});

describe('a checkpoint', () => {
  it('is named by its content, listed, and read as it was written', async () => {
    const shelf = browser();
    const store = await openStore(shelf, { now: () => 5 });
    const { value, unsaved } = await store.keep(checkpoint());
    expect(unsaved).toBeUndefined();
    const { files, ...about } = checkpoint();
    expect(value).toEqual({ id: value.id, ...about, bytes: 1005, saved: 5 });
    expect(parseLocalId(value.id)?.name).toBe('mine');
    const again = await openStore(shelf);
    expect(await again.checkpoints()).toEqual([value]);
    const folder = await again.folder(value.id);
    expect([...folder.files].sort()).toEqual([...files.keys()].sort());
    for (const [path, contents] of files) expect(await folder.read(path)).toEqual(contents);
    expect(await again.size()).toEqual({ bytes: 1005 });
  });

  it('is found by content under any name, and renamed without a copy', async () => {
    const store = await openStore(browser());
    const { value } = await store.keep(checkpoint());
    await store.rename(value.id, ' a/b:\u202e c ');
    const [renamed] = await store.checkpoints();
    expect(renamed?.name).toBe('a-b- c');
    expect(parseLocalId(renamed?.id ?? '')?.sha256).toBe(parseLocalId(value.id)?.sha256);
    expect((await store.folder(value.id)).name).toBe('a-b- c');
    const twice = await store.keep(checkpoint(7, 'other'));
    expect((await store.checkpoints()).map(({ name }) => name)).toEqual(['other']);
    expect(parseLocalId(twice.value.id)?.sha256).toBe(parseLocalId(value.id)?.sha256);
  });

  it('goes into the trash and comes back; what stays there is gone at a later start', async () => {
    const shelf = browser();
    let time = 0;
    const now = () => time;
    const store = await openStore(shelf, { now });
    const { value } = await store.keep(checkpoint());
    await store.delete(value.id);
    expect((await store.checkpoints())[0]?.deleted).toBe(0);
    await expect(store.folder(value.id)).rejects.toThrow('mine is in the trash');
    await store.restore(value.id);
    expect(await store.checkpoints()).toEqual([value]);
    await store.delete(value.id);
    time = 9 * 60_000;
    expect((await (await openStore(shelf, { now })).checkpoints()).length).toBe(1);
    time = 11 * 60_000;
    expect(await (await openStore(shelf, { now })).checkpoints()).toEqual([]);
    expect(await shelf.list('checkpoints')).toEqual(new Map());
    await expect(store.restore(value.id)).rejects.toMatchObject({ code: 'storage' });
  });

  it('that is not here is an error with its name', async () => {
    const store = await openStore(browser());
    const id = `local:${'0'.repeat(64)}:theirs`;
    await expect(store.folder(id)).rejects.toMatchObject({
      code: 'checkpoint',
      message: 'The checkpoint theirs is not in this browser.',
    });
    await expect(store.rename(id, 'x')).rejects.toMatchObject({ code: 'storage' });
    await expect(store.delete('nonsense')).rejects.toMatchObject({ code: 'storage' });
  });

  it('whose bytes have changed is not used', async () => {
    const shelf = browser();
    const store = await openStore(shelf);
    const { value } = await store.keep(checkpoint());
    const path = `checkpoints/${parseLocalId(value.id)?.sha256}/onnx/model.onnx`;
    await shelf.write(path, file(999, 7));
    const folder = await store.folder(value.id);
    await expect(folder.read('onnx/model.onnx')).rejects.toThrow('other bytes than were written');
    await shelf.remove(path);
    await expect((await store.folder(value.id)).read('onnx/model.onnx')).rejects.toThrow(
      'has no file onnx/model.onnx',
    );
  });

  it.each(['{', 'null', '{"name": 3}', ''])(
    'with %j said of it is left out, the others are not',
    async (text) => {
      const shelf = browser();
      const store = await openStore(shelf);
      const { value } = await store.keep(checkpoint(7));
      const other = await store.keep(checkpoint(8));
      await shelf.write(
        `checkpoints/${parseLocalId(value.id)?.sha256}/meta.json`,
        new TextEncoder().encode(text),
      );
      expect(await store.checkpoints()).toEqual([other.value]);
      await expect((await openStore(shelf)).checkpoints()).resolves.toEqual([other.value]);
    },
  );

  it('for which there is no room stays in memory, and one is told', async () => {
    const shelf = browser();
    const before = await (await openStore(shelf)).keep(checkpoint(1));
    const store = await openStore(full(shelf));
    const { value, unsaved } = await store.keep(checkpoint(2));
    expect([value.temporary, unsaved?.code]).toEqual([true, 'storage']);
    expect((await store.checkpoints()).map(({ id }) => id).sort()).toEqual(
      [before.value.id, value.id].sort(),
    );
    expect((await (await store.folder(value.id)).read('onnx/model.onnx')).length).toBe(1000);
    await store.rename(value.id, 'renamed');
    expect((await store.checkpoints()).some(({ name }) => name === 'renamed')).toBe(true);
  });

  it('is on a shelf of memory only for as long as the tab is open', async () => {
    const store = await openStore(createMemoryShelf(), { why: 'a private window' });
    expect((await store.keep(checkpoint())).value.temporary).toBe(true);
    expect([store.where, store.why]).toEqual(['memory', 'a private window']);
  });
});

describe('a crash at any moment', () => {
  it('leaves a checkpoint whole or not there, and no rubbish after the next start', async () => {
    for (let at = 0; at <= 6; at++) {
      const shelf = browser();
      const old = await (await openStore(shelf)).keep(checkpoint(1));
      const dying = await openStore(dyingAt(shelf, at));
      await dying.keep(checkpoint(2)).catch(() => {});
      const store = await openStore(shelf);
      const kept = await store.checkpoints();
      expect(kept.map(({ id }) => id)).toContain(old.value.id);
      for (const { id } of kept) {
        const folder = await store.folder(id);
        for (const path of folder.files) await folder.read(path);
        expect(folder.files.size).toBe(3);
      }
      expect((await shelf.list('checkpoints')).size).toBe(4 * kept.length);
    }
  });

  it('leaves the training state of the last save or of the one before', async () => {
    const what = (step: number) => ({ recipe: '#v=1', step, steps: 9 });
    for (let at = 0; at <= 3; at++) {
      const shelf = browser();
      const { trainings } = await openStore(shelf);
      await trainings.save('t', what(1), file(50, 1));
      await trainings.save('t', what(2), file(50, 2));
      const dying = await openStore(dyingAt(shelf, at));
      await dying.trainings.save('t', what(3), file(50, 3)).catch(() => {});
      const after = (await openStore(shelf)).trainings;
      const [saved] = await after.all();
      const { state } = await after.read('t');
      expect(state[0]).toBe(saved?.step);
      expect([2, 3]).toContain(state[0]);
    }
  });
});

describe('a training', () => {
  it('whose last save is damaged goes on from the one before', async () => {
    const shelf = browser();
    const { trainings } = await openStore(shelf);
    for (const step of [1, 2]) {
      await trainings.save('t', { recipe: '#v=1', step, steps: 9 }, file(50, step));
    }
    await shelf.write('trainings/t/b', file(50, 9));
    expect((await trainings.read('t')).state[0]).toBe(1);
    await shelf.write('trainings/t/a', file(50, 9));
    await expect(trainings.read('t')).rejects.toThrow(
      'What was saved of this training is damaged.',
    );
    await expect(trainings.read('none')).rejects.toThrow('There is no saved training');
  });

  it('that goes on somewhere is not offered, and not to be had', async () => {
    const { trainings } = await openStore(browser());
    await trainings.save('t', { recipe: '#v=1', step: 1, steps: 9 }, file(50, 1));
    const release = await trainings.claim('t');
    expect(await trainings.all()).toEqual([]);
    expect(await trainings.ongoing()).toMatchObject([{ id: 't', step: 1, steps: 9 }]);
    await expect(trainings.claim('t')).rejects.toThrow('goes on in another tab');
    await release();
    expect((await trainings.all()).map(({ id }) => id)).toEqual(['t']);
    await trainings.discard('t');
    expect(await trainings.all()).toEqual([]);
  });

  it('for which there is no room keeps the save before', async () => {
    const shelf = browser();
    const { trainings } = await openStore(shelf);
    await trainings.save('t', { recipe: '#v=1', step: 1, steps: 9 }, file(50, 1));
    const after = (await openStore(full(shelf))).trainings;
    await expect(
      after.save('t', { recipe: '#v=1', step: 2, steps: 9 }, file(50, 2)),
    ).rejects.toMatchObject({ code: 'storage' });
    expect((await after.read('t')).state[0]).toBe(1);
  });
});

describe('a data file', () => {
  it('is found by its content, and damage is noticed', async () => {
    const shelf = browser();
    const store = await openStore(shelf, { now: () => 1 });
    const { value } = await store.keepData('sums.jsonl', file(10, 4));
    expect(value).toEqual({ id: value.id, name: 'sums.jsonl', bytes: 10, saved: 1 });
    expect(await store.data()).toEqual([value]);
    expect(await store.readData(value.id)).toEqual(file(10, 4));
    const sha256 = parseFileId(value.id)?.sha256;
    await shelf.write(`data/${sha256}/data.jsonl`, file(10, 5));
    await expect(store.readData(value.id)).rejects.toThrow('sums.jsonl, which was damaged');
    await store.delete(value.id);
    await store.emptyTrash('files');
    await expect(store.readData(value.id)).rejects.toThrow('which is not in this browser');
  });
});
