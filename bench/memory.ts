// What stays of the machine's memory after checkpoints were loaded and let go of, in Chromium; bench/loadCycles.ts is the
// page's side.

import type { CDPSession, Page } from 'playwright';
import { heapsOf } from './heaps.ts';
import { processesOf, resident } from './processes.ts';

const CYCLES = 200;
/** The first ones fill caches and pools. */
const WARM = 20;

export interface CycleRow {
  readonly cycles: number;
  /** Bytes: of the renderer, of JavaScript in the worker after collecting garbage, of WebAssembly. */
  readonly resident: number;
  readonly objects: number;
  readonly arrays: number;
  readonly wasm: number;
}

export async function benchCycles(page: Page, devtools: CDPSession): Promise<CycleRow[]> {
  const heaps = await heapsOf(page);
  await page.evaluate(() => window.bench.cycles.begin());
  const pids = await processesOf(devtools, 'renderer');
  const rows: CycleRow[] = [];
  for (let cycle = 1; cycle <= CYCLES; cycle++) {
    const wasm = await page.evaluate((number) => window.bench.cycles.cycle(number), cycle);
    if (cycle !== WARM && cycle % 60 !== WARM) continue;
    await heaps.collectGarbage();
    const { objects, arrays } = await heaps.now();
    rows.push({ cycles: cycle, resident: resident(pids).now, objects, arrays, wasm });
    console.error(JSON.stringify(rows.at(-1)));
  }
  await heaps.close();
  return rows;
}
