// The JavaScript heaps of a page's workers, asked over Chromium's DevTools: what their objects take, and the arrays that
// they own, WebAssembly's memory left out.

import type { Page } from 'playwright';

export interface Heap {
  /** Bytes in objects, and in arrays outside of the heap. */
  readonly objects: number;
  readonly arrays: number;
}

export interface Heaps {
  /** Now; a worker that computes answers when it is done. */
  now(): Promise<Heap>;
  /** The most since the last question. */
  most(): Heap;
  /** Asks again and again, so that `most` knows. */
  watch(everyMs: number): void;
  collectGarbage(): Promise<void>;
  close(): Promise<void>;
}

export async function heapsOf(page: Page): Promise<Heaps> {
  const session = await page.context().newCDPSession(page);
  const workers = new Set<string>();
  const waiting = new Map<number, (result: Record<string, number>) => void>();
  let number = 0;
  let most: Heap = { objects: 0, arrays: 0 };
  let timer: ReturnType<typeof setInterval> | undefined;

  session.on('Target.attachedToTarget', ({ sessionId }) => workers.add(sessionId));
  session.on('Target.detachedFromTarget', ({ sessionId }) => workers.delete(sessionId));
  session.on('Target.receivedMessageFromTarget', ({ message }) => {
    const { id, result = {} } = JSON.parse(message);
    waiting.get(id)?.(result);
    waiting.delete(id);
  });
  await session.send('Target.setAutoAttach', {
    autoAttach: true,
    waitForDebuggerOnStart: false,
    flatten: false,
  });

  const ask = (method: string) =>
    Promise.all(
      [...workers].map(async (sessionId) => {
        const id = ++number;
        const answer = new Promise<Record<string, number>>((resolve) => waiting.set(id, resolve));
        const message = JSON.stringify({ id, method });
        await session.send('Target.sendMessageToTarget', { sessionId, message });
        return answer;
      }),
    );
  async function now(): Promise<Heap> {
    const all = await ask('Runtime.getHeapUsage');
    const sum = (key: string) => all.reduce((total, one) => total + (one[key] ?? 0), 0);
    const heap = { objects: sum('usedSize'), arrays: sum('backingStorageSize') };
    most = {
      objects: Math.max(most.objects, heap.objects),
      arrays: Math.max(most.arrays, heap.arrays),
    };
    return heap;
  }
  return {
    now,
    most() {
      const found = most;
      most = { objects: 0, arrays: 0 };
      return found;
    },
    watch(everyMs) {
      timer = setInterval(() => void now().catch(() => {}), everyMs);
    },
    async collectGarbage() {
      await ask('HeapProfiler.collectGarbage');
      await session.send('HeapProfiler.collectGarbage');
    },
    async close() {
      clearInterval(timer);
      await session.detach();
    },
  };
}
