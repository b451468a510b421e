// Checkpoints of gigabytes in Chromium, size by size, with what they take of the machine's memory: while they are kept, and
// while a session is made of them and a few tokens are written, which are compared with those of ONNX Runtime in Node.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, CDPSession, Page } from 'playwright';
import { written } from '../cli/accuracy.ts';
import { diskFolder, loadNodeRuntime } from '../cli/nodeRuntime.ts';
import { loadCheckpoint } from '../src/models/checkpoint.ts';
import { writeLarge } from './largeFiles.ts';
import { forgetMost, processesOf, resident } from './processes.ts';

/** Bytes beyond what was there before, at most and in the end. */
interface Taken {
  readonly most: number;
  readonly after: number;
  /** Of JavaScript in the worker: objects, and the arrays that they own. */
  readonly javascript: number;
  readonly arrays: number;
  readonly ms: number;
}

export interface LargeRow {
  readonly layers: number;
  readonly bytes: number;
  readonly keep?: Taken;
  readonly load?: Taken;
  readonly again?: number;
  readonly tokens?: readonly number[];
  /** ONNX Runtime in Node writes the same. */
  readonly same?: boolean;
  /** Why it could not be done. */
  readonly why?: string;
  readonly verdict?: string;
}

const TOKENS = 4;

/** Asks the workers' heaps again and again; a worker that computes answers when it is done. */
async function watchHeaps(page: Page) {
  const session = await page.context().newCDPSession(page);
  const most = { javascript: 0, arrays: 0 };
  let over = false;
  const workers = new Set<string>();
  let number = 0;
  session.on('Target.attachedToTarget', ({ sessionId }) => workers.add(sessionId));
  session.on('Target.detachedFromTarget', ({ sessionId }) => workers.delete(sessionId));
  session.on('Target.receivedMessageFromTarget', ({ message }) => {
    const { result } = JSON.parse(message);
    if (typeof result?.usedSize !== 'number') return;
    most.javascript = Math.max(most.javascript, result.usedSize);
    most.arrays = Math.max(most.arrays, result.backingStorageSize ?? 0);
  });
  await session.send('Target.setAutoAttach', {
    autoAttach: true,
    waitForDebuggerOnStart: false,
    flatten: false,
  });
  const asking = (async () => {
    while (!over) {
      for (const sessionId of workers) {
        const message = JSON.stringify({ id: ++number, method: 'Runtime.getHeapUsage' });
        await session.send('Target.sendMessageToTarget', { sessionId, message }).catch(() => {});
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  })();
  return {
    take() {
      const found = { ...most };
      most.javascript = 0;
      most.arrays = 0;
      return found;
    },
    async end() {
      over = true;
      await asking;
      await session.detach();
    },
  };
}

export async function benchLarge(
  browser: Browser,
  devtools: CDPSession,
  address: string,
  root: string,
  sizes: readonly number[],
): Promise<LargeRow[]> {
  const rows: LargeRow[] = [];
  for (const layers of sizes) {
    const folder = mkdtempSync(join(tmpdir(), 'large-'));
    const context = await browser.newContext();
    try {
      const { files, bytes } = await writeLarge(folder, layers, root);
      const page = await context.newPage();
      page.setDefaultTimeout(0);
      page.on('console', (message) => console.error(message.text()));
      await page.goto(address);
      await page.waitForFunction(() => 'bench' in window);
      await page.evaluate(() => window.bench.large.field());
      await page.locator('input').setInputFiles([...files]);
      rows.push({ layers, bytes, ...(await measure(page, devtools, folder)) });
    } finally {
      await context.close();
      rmSync(folder, { recursive: true });
    }
  }
  return rows;
}

async function measure(
  page: Page,
  devtools: CDPSession,
  folder: string,
): Promise<Omit<LargeRow, 'layers' | 'bytes'>> {
  const heaps = await watchHeaps(page);
  const pids = await processesOf(devtools, 'renderer');
  async function during<T>(work: () => Promise<T>): Promise<[T, Taken]> {
    forgetMost(pids);
    heaps.take();
    const before = resident(pids).now;
    const begun = performance.now();
    const value = await work();
    const ms = performance.now() - begun;
    const { now, most } = resident(pids);
    return [value, { most: most - before, after: now - before, ...heaps.take(), ms }];
  }
  let found: Omit<LargeRow, 'layers' | 'bytes'> = {};
  try {
    const [{ id }, keep] = await during(() => page.evaluate(() => window.bench.large.keep()));
    const preflight = await page.evaluate((one) => window.bench.large.card(one), id);
    found = { keep, verdict: preflight.cpu.can ? 'runs' : preflight.cpu.why };
    const [{ tokens }, load] = await during(() =>
      page.evaluate(([one, n]) => window.bench.large.run(one, n), [id, TOKENS] as const),
    );
    found = { ...found, load, tokens };
    const runtime = await loadNodeRuntime();
    const checkpoint = await loadCheckpoint(diskFolder(folder), runtime);
    const prompt = checkpoint.tokenizer.encode('say 7: ');
    const expected = await written(checkpoint, prompt, TOKENS, 0);
    await checkpoint.release();
    return { ...found, same: expected.join() === tokens.join() };
  } catch (error) {
    return { ...found, why: error instanceof Error ? error.message.split('\n')[0]! : `${error}` };
  } finally {
    await heaps.end();
    await page.evaluate(() => window.bench.large.close()).catch(() => {});
  }
}
