// The door carries bytes and nothing else, chunk by chunk, and only to where it was opened for.
import { expect, it } from 'vitest';
import { keepDoor, throughDoor } from './door.ts';

const BASE = 'https://hub.example';

function doorTo(carry: typeof fetch) {
  const { port1, port2 } = new MessageChannel();
  keepDoor(port1, BASE, carry);
  const close = () => port1.close();
  return { ask: throughDoor(port2), close };
}

it('gives status, headers and body', async () => {
  const asked: unknown[] = [];
  const { ask, close } = doorTo(async (url, init) => {
    asked.push([String(url), init?.method, init?.headers, init?.credentials]);
    return new Response('hello', { status: 206, headers: { etag: '"x"' } });
  });
  const response = await ask(`${BASE}/a`, { headers: { range: 'bytes=1-' } });
  expect([response.status, response.headers.get('etag'), await response.text()]).toEqual([
    206,
    '"x"',
    'hello',
  ]);
  expect(asked).toEqual([[`${BASE}/a`, 'GET', { range: 'bytes=1-' }, 'omit']]);
  close();
});

it('takes no more from the server than is read', async () => {
  let made = 0;
  let cancelled = false;
  const { ask, close } = doorTo(async (_, init) => {
    init?.signal?.addEventListener('abort', () => {
      cancelled = true;
    });
    const body = new ReadableStream({
      pull: (controller) => controller.enqueue(new Uint8Array([made++])),
    });
    return new Response(body);
  });
  const reader = (await ask(`${BASE}/a`)).body!.getReader();
  for (let i = 0; i < 5; i++) expect((await reader.read()).value).toEqual(new Uint8Array([i]));
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(made).toBeLessThan(12);
  await reader.cancel();
  await expect.poll(() => cancelled).toBe(true);
  close();
});

it('refuses what is not below the address that was typed', async () => {
  let carried = 0;
  const { ask, close } = doorTo(async () => {
    carried++;
    return new Response('');
  });
  await expect(ask('https://hub.example.evil/a')).rejects.toThrow('not below');
  await expect(ask('https://elsewhere.example/')).rejects.toThrow('not below');
  expect(carried).toBe(0);
  close();
});

it('a cancelled request ends as one, before and after its answer', async () => {
  const { ask, close } = doorTo(
    (_, init) =>
      new Promise((_, reject) => {
        init?.signal?.addEventListener('abort', () => reject(init.signal?.reason));
      }),
  );
  const abort = new AbortController();
  const waiting = ask(`${BASE}/a`, { signal: abort.signal });
  abort.abort();
  await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
  close();
});

it('says why a server could not be reached', async () => {
  const { ask, close } = doorTo(async () => {
    throw new TypeError('Failed to fetch');
  });
  await expect(ask(`${BASE}/a`)).rejects.toThrow('Failed to fetch');
  close();
});
