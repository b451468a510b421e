// Runs stay, whatever two tabs do with them at once, and give way only as is said.
import { describe, expect, it } from 'vitest';
import { UserError } from '../core/errors.ts';
import { RUNS_KEPT } from '../core/runRecord.ts';
import { parseRunId } from '../experiment/names.ts';
import { drawerOn } from './drawer.ts';
import { createMemoryShelf } from './memoryShelf.ts';
import { runMeta } from './meta.ts';
import { type NewRun, runsIn } from './runs.ts';
import type { Shelf } from './shelf.ts';
import { openStore } from './store.ts';

const file = (text: string) => new TextEncoder().encode(text);
const about = (name = 'a sweep'): NewRun => ({
  name,
  recipe: '#v=1&mode=sweep',
  outcome: 'completed',
  started: 1,
  place: { provider: 'wasm', kernels: 'cpu', adapter: '', build: '0.1.0' },
  result: '97 % of 20',
  speed: '900 tok/s',
  speedUp: '1.70 ×',
});
const browser = (files?: Map<string, Blob>): Shelf => ({
  ...createMemoryShelf(files),
  where: 'browser',
});
/** With bounds that a test can reach. */
function small(shelf: Shelf, bound: { count: number; bytes: number }) {
  let time = 0;
  const drawer = drawerOn(shelf, createMemoryShelf(), 'runs', runMeta);
  return runsIn(drawer, () => ++time, bound);
}

describe('a kept run', () => {
  it('is found by another tab, named, pinned, put away and taken back', async () => {
    const shelf = browser();
    const [one, other] = [await openStore(shelf), await openStore(shelf)];
    const { value, unsaved } = await one.runs.keep(file('events'), about());
    expect(unsaved).toBeUndefined();
    expect(value).toMatchObject({ ...about(), pinned: false, bytes: 6 });
    expect(await other.runs.all()).toEqual([value]);
    expect(await other.runs.read(value.id)).toEqual(file('events'));
    await other.rename(value.id, 'mine/yours');
    await one.runs.pin(value.id, true);
    const [now] = await other.runs.all();
    expect(now).toMatchObject({ name: 'mine-yours', pinned: true });
    await one.delete(value.id);
    expect((await other.runs.all())[0]?.deleted).toBeGreaterThan(0);
    await other.restore(value.id);
    expect((await one.runs.all())[0]?.deleted).toBeUndefined();
    expect((await one.size()).bytes).toBe(6);
  });

  it('that comes a second time is the first one, with its name and its pin, out of the trash', async () => {
    const store = await openStore(browser());
    const { value } = await store.runs.keep(file('x'), about());
    await store.rename(value.id, 'better');
    await store.runs.pin(value.id, true);
    await store.delete(value.id);
    const again = await store.runs.keep(file('x'), about('imported'));
    expect(again.value).toMatchObject({ name: 'better', pinned: true });
    expect(again.value.deleted).toBeUndefined();
    expect(await store.runs.all()).toEqual([again.value]);
  });

  it('for which there is no room stays in memory, and one is told', async () => {
    const full = { ...browser(), write: () => Promise.reject(new UserError('storage', 'no', 'x')) };
    const store = await openStore(full);
    const { value, unsaved } = await store.runs.keep(file('x'), about());
    expect([value.temporary, unsaved?.code]).toEqual([true, 'storage']);
    expect(await store.runs.read(value.id)).toEqual(file('x'));
  });

  it('that is damaged or gone says so', async () => {
    const shelf = browser();
    const store = await openStore(shelf);
    const { value } = await store.runs.keep(file('x'), about());
    await shelf.write(`runs/${parseRunId(value.id)?.sha256}/run.jsonl`, file('y'));
    await expect(store.runs.read(value.id)).rejects.toMatchObject({ code: 'run' });
    const gone = `run:${'0'.repeat(64)}:theirs`;
    await expect(store.runs.read(gone)).rejects.toThrow('The run theirs is not among those');
    await expect(store.runs.pin(gone, true)).rejects.toMatchObject({ code: 'storage' });
    await expect(store.rename(gone, 'x')).rejects.toThrow('theirs is not among what is kept');
  });
});

describe('what is kept is bounded', () => {
  const names = async (runs: ReturnType<typeof small>) =>
    (await runs.all()).map(({ name }) => name).sort();

  it('by number: the oldest that is not pinned goes first', async () => {
    const runs = small(browser(), { count: 2, bytes: 1000 });
    const first = await runs.keep(file('1'), about('1'));
    await runs.pin(first.value.id, true);
    for (const name of ['2', '3', '4']) await runs.keep(file(name), about(name));
    expect(await names(runs)).toEqual(['1', '3', '4']);
  });

  it('by bytes, but what is newest stays however large it is', async () => {
    const runs = small(browser(), { count: 10, bytes: 10 });
    for (const text of ['aaaa', 'bbbb', 'cccc']) await runs.keep(file(text), about(text));
    expect(await names(runs)).toEqual(['bbbb', 'cccc']);
    await runs.keep(file('d'.repeat(50)), about('d'));
    expect(await names(runs)).toEqual(['d']);
  });

  it('a pin of another tab comes in time', async () => {
    const files = new Map<string, Blob>();
    const shelf = browser(files);
    const runs = small(shelf, { count: 1, bytes: 1000 });
    const { value } = await runs.keep(file('1'), about('1'));
    // The other tab pins while this one is about to make room: after it has looked, before it removes.
    const other = small(browser(files), { count: 1, bytes: 1000 });
    const slow = small(
      {
        ...shelf,
        alone: async (name, work) => {
          await other.pin(value.id, true);
          return shelf.alone(name, work);
        },
      },
      { count: 1, bytes: 1000 },
    );
    await slow.keep(file('2'), about('2'));
    expect(await names(runs)).toEqual(['1', '2']);
  });

  it('with room for a working week', () => {
    expect(RUNS_KEPT.count).toBeGreaterThanOrEqual(100);
    expect(RUNS_KEPT.bytes).toBeLessThanOrEqual(200_000_000);
  });
});

it('a crash at any moment leaves a run whole or not there', async () => {
  for (let at = 0; at <= 5; at++) {
    const shelf = browser();
    await (await openStore(shelf)).runs.keep(file('old'), about('old'));
    let changes = 0;
    const alive = <T>(change: () => Promise<T>): Promise<T> =>
      changes++ < at ? change() : Promise.reject(new Error('the tab is gone'));
    const dying = await openStore({
      ...shelf,
      write: (path, contents) => alive(() => shelf.write(path, contents)),
      remove: (path) => alive(() => shelf.remove(path)),
    });
    await dying.runs.keep(file('new'), about('new')).catch(() => {});
    const store = await openStore(shelf);
    const kept = await store.runs.all();
    expect(kept.some(({ name }) => name === 'old')).toBe(true);
    for (const { id } of kept) await store.runs.read(id);
    expect((await shelf.list('runs')).size).toBe(2 * kept.length);
  }
});
