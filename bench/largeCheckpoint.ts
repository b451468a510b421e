// Checkpoints of gigabytes in Chromium, size by size, with what they take of the machine's memory: while they are kept, and
// while a session is made of them and a few tokens are written, which are compared with those of ONNX Runtime in Node.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, CDPSession, Page } from 'playwright';
import { written } from '../cli/accuracy.ts';
import { diskFolder, loadNodeRuntime } from '../cli/nodeRuntime.ts';
import { loadCheckpoint } from '../src/models/checkpoint.ts';
import { type Heap, heapsOf } from './heaps.ts';
import { writeLarge } from './largeFiles.ts';
import { forgetMost, processesOf, resident } from './processes.ts';

/** Bytes beyond what was there before, at most and in the end. */
interface Taken extends Heap {
  readonly most: number;
  readonly after: number;
  readonly ms: number;
}

export interface LargeRow {
  readonly layers: number;
  readonly bytes: number;
  readonly keep?: Taken;
  readonly load?: Taken;
  /** By how much WebAssembly's memory grew. */
  readonly grown?: number;
  readonly tokens?: readonly number[];
  /** ONNX Runtime in Node writes the same. */
  readonly same?: boolean;
  /** Why it could not be done. */
  readonly why?: string;
  readonly verdict?: string;
}

const TOKENS = 4;

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
  const heaps = await heapsOf(page);
  heaps.watch(50);
  const pids = await processesOf(devtools, 'renderer');
  async function during<T>(work: () => Promise<T>): Promise<[T, Taken]> {
    forgetMost(pids);
    heaps.most();
    const before = resident(pids).now;
    const begun = performance.now();
    const value = await work();
    const ms = performance.now() - begun;
    const { now, most } = resident(pids);
    return [value, { most: most - before, after: now - before, ...heaps.most(), ms }];
  }
  let found: Omit<LargeRow, 'layers' | 'bytes'> = {};
  try {
    const [{ id }, keep] = await during(() => page.evaluate(() => window.bench.large.keep()));
    const preflight = await page.evaluate((one) => window.bench.large.card(one), id);
    found = { keep, verdict: preflight.cpu.can ? 'runs' : preflight.cpu.why };
    const [{ tokens }, load] = await during(() =>
      page.evaluate(([one, n]) => window.bench.large.run(one, n), [id, TOKENS] as const),
    );
    const { measured } = await page.evaluate((one) => window.bench.large.card(one), id);
    found = { ...found, load, tokens, ...(measured && { grown: measured.grown }) };
    const runtime = await loadNodeRuntime();
    const checkpoint = await loadCheckpoint(diskFolder(folder), runtime);
    const prompt = checkpoint.tokenizer.encode('say 7: ');
    const expected = await written(checkpoint, prompt, TOKENS, 0);
    await checkpoint.release();
    return { ...found, same: expected.join() === tokens.join() };
  } catch (error) {
    return {
      ...found,
      why:
        error instanceof Error
          ? error.message.split('\n')[0]!.replace(/^page\.evaluate: Error: /, '')
          : `${error}`,
    };
  } finally {
    await heaps.close();
    await page.evaluate(() => window.bench.large.close()).catch(() => {});
  }
}
