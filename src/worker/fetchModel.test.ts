// From a server to files that are here: whole, checked, and never fetched twice.
import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type HubServer, hubServer } from '../../test/support/hubServer.ts';
import { type HubAddress, parseHubAddress } from '../core/hubAddress.ts';
import { listHub } from '../models/hub.ts';
import { downloadsOn } from '../store/downloads.ts';
import { createMemoryShelf } from '../store/memoryShelf.ts';
import { fetchModel } from './fetchModel.ts';
import type { FetchedFile } from './protocol.ts';

const model = new Uint8Array(randomBytes(300_000));
const files = new Map<string, Uint8Array>([
  ['config.json', new TextEncoder().encode('{"n_positions": 32}')],
  ['onnx/model.onnx', model],
]);
let server: HubServer;
let address: HubAddress;
const start = async (options = {}) => {
  server = await hubServer({ files, ...options });
  address = parseHubAddress(`${server.base}/org/tiny`);
};
beforeEach(() => start());
afterEach(() => server.close());

function desk(shelf = createMemoryShelf()) {
  const downloads = downloadsOn(shelf);
  const told: (readonly FetchedFile[])[] = [];
  return {
    downloads,
    told,
    async go({
      signal = new AbortController().signal,
      patience = [1, 1] as readonly number[],
    } = {}) {
      const list = await listHub(address, fetch, signal);
      const held = await downloads.hold('one', 'org/tiny', list);
      try {
        const got = await fetchModel({
          address,
          held,
          carry: fetch,
          signal,
          patience,
          progress: (now) => told.push(now),
        });
        return new Map(
          await Promise.all(
            [...got].map(
              async ([path, file]) => [path, new Uint8Array(await file.arrayBuffer())] as const,
            ),
          ),
        );
      } finally {
        await held.release();
      }
    },
  };
}
/** Vitest compares typed arrays element by element, which takes seconds. */
const same = (
  got: ReadonlyMap<string, Uint8Array>,
  wanted: ReadonlyMap<string, Uint8Array> = files,
) => [...wanted].every(([path, bytes]) => Buffer.from(got.get(path) ?? []).equals(bytes));
const ranges = () => server.asked.filter((one) => one.includes('bytes='));

it('fetches every file once, and says that it has compared the checksum', async () => {
  const { go, told, downloads } = desk();
  expect(same(await go())).toBe(true);
  expect(told.at(-1)).toEqual([
    { path: 'config.json', loaded: 19, total: 19, state: 'done', checked: true },
    { path: 'onnx/model.onnx', loaded: 300_000, total: 300_000, state: 'done', checked: true },
  ]);
  expect(server.asked.filter((one) => one.startsWith('GET /content'))).toHaveLength(1);
  // What is here is not asked for again.
  const before = server.asked.length;
  expect(same(await go())).toBe(true);
  expect(server.asked.slice(before)).toEqual(['GET /api/models/org/tiny/tree/main']);
  expect((await downloads.all())[0]).toMatchObject({ bytes: 300_019, total: 300_019 });
});

it('a server without a list is asked for what models usually have', async () => {
  await server.close();
  await start({ withoutList: true });
  const list = await listHub(address, fetch);
  expect(list.map(({ path, bytes }) => [path, bytes])).toEqual([
    ['config.json', 19],
    ['onnx/model.onnx', 300_000],
  ]);
  expect(list[1]?.sha256).toMatch(/^[0-9a-f]{64}$/);
  expect(same(await desk().go())).toBe(true);
});

it('goes on where the connection broke, as long as it gets on', async () => {
  server.breakAfter = 70_000;
  const { go } = desk();
  expect(same(await go())).toBe(true);
  const [first] = ranges();
  expect(Number(/bytes=(\d+)-/.exec(first ?? '')?.[1])).toBeGreaterThan(0);
});

it('gives up when nothing comes any more, keeps what came, and goes on with it later', async () => {
  server.breakAfter = 100_000;
  const shelf = createMemoryShelf();
  const { go, downloads } = desk(shelf);
  const broken = go({ patience: [] });
  await expect(broken).rejects.toMatchObject({
    message: expect.stringContaining('was interrupted'),
  });
  const [left] = await downloads.all();
  expect(left?.bytes).toBeGreaterThan(19);
  expect(left?.bytes).toBeLessThan(300_000);
  server.breakAfter = undefined;
  // Another tab, another day: the shelf is the same.
  expect(same(await desk(shelf).go())).toBe(true);
  expect(ranges().length).toBeGreaterThan(0);
});

it('is cancelled at once; what came stays', async () => {
  server.holdAfter = 120_000;
  const { go, told, downloads } = desk();
  const abort = new AbortController();
  const going = go({ signal: abort.signal });
  await expect.poll(() => told.at(-1)?.[1]?.loaded ?? 0).toBeGreaterThan(50_000);
  const cancelled = performance.now();
  abort.abort();
  await expect(going).rejects.toMatchObject({ name: 'AbortError' });
  expect(performance.now() - cancelled).toBeLessThan(200);
  expect((await downloads.all())[0]?.bytes).toBeGreaterThan(50_000);
  server.holdAfter = undefined;
  expect(same(await go())).toBe(true);
});

it('a server without ranges sends the whole file again', async () => {
  await server.close();
  await start({ withoutRanges: true });
  server.breakAfter = 100_000;
  const shelf = createMemoryShelf();
  await expect(desk(shelf).go({ patience: [] })).rejects.toThrow('interrupted');
  server.breakAfter = undefined;
  expect(same(await desk(shelf).go())).toBe(true);
});

it('another version of a file is not put behind the first one’s beginning', async () => {
  server.breakAfter = 100_000;
  const shelf = createMemoryShelf();
  await expect(desk(shelf).go({ patience: [] })).rejects.toThrow('interrupted');
  server.breakAfter = undefined;
  const other = new Uint8Array(randomBytes(300_000));
  server.put('onnx/model.onnx', other);
  expect(same(await desk(shelf).go(), new Map([['onnx/model.onnx', other]]))).toBe(true);
});

it('a file that does not have its checksum is refused, and nothing of it stays', async () => {
  server.damaged = 'onnx/model.onnx';
  const { go, downloads } = desk();
  await expect(go()).rejects.toMatchObject({ message: expect.stringContaining('checksum') });
  expect((await downloads.all())[0]?.bytes).toBe(19);
});

it('what is not there is said by the name that was typed', async () => {
  address = parseHubAddress(`${server.base}/org/nothing`);
  await expect(listHub(address, fetch)).rejects.toMatchObject({
    message: expect.stringContaining('org/nothing has no files'),
  });
  address = parseHubAddress('http://127.0.0.1:9/org/nothing');
  await expect(listHub(address, fetch)).rejects.toMatchObject({
    message: expect.stringContaining('127.0.0.1:9 does not answer'),
  });
});

it('two tabs do not fetch the same twice', async () => {
  server.holdAfter = 100;
  const shelf = createMemoryShelf();
  const abort = new AbortController();
  const one = desk(shelf).go({ signal: abort.signal });
  await expect.poll(() => server.asked.length).toBeGreaterThan(1);
  await expect(desk(shelf).go()).rejects.toMatchObject({
    message: expect.stringContaining('another tab'),
  });
  abort.abort();
  await expect(one).rejects.toThrow();
});
