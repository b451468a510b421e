// What stays of the machine's memory after checkpoints were loaded and let go of, in Chromium; bench/loadCycles.ts is the
// page's side.

import type { CDPSession, Page } from 'playwright';
import { heapsOf } from './heaps.ts';
import type { LargeRow } from './largeCheckpoint.ts';
import { processesOf, resident } from './processes.ts';
import { machine } from './report.ts';

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

const mb = (bytes: number) => `${Math.round(bytes / 1e6).toLocaleString('en-US')} MB`;
const seconds = (ms: number) => `${Math.round(ms / 1000)} s`;

export function memoryReport(cycles: readonly CycleRow[], large: readonly LargeRow[]): string {
  const [first, last] = [cycles[0]!, cycles.at(-1)!];
  const growth = (of: (row: CycleRow) => number) =>
    `${((of(last) / of(first) - 1) * 100).toFixed(1)} %`;
  const taken = (one: LargeRow['keep']) =>
    one ? `${mb(one.most)} | ${mb(one.objects)}; ${mb(one.arrays)} | ${seconds(one.ms)}` : '| |';
  return [
    '# Memory',
    '',
    `Chromium, wasm provider, one thread, ${machine()}. Resident: what the page’s process has of the machine’s memory, as the`,
    'kernel counts it (its most, too); JavaScript: the worker’s objects, and the arrays that they own, as DevTools counts them.',
    '',
    '## 200 loads',
    '',
    'Twelve families in the page’s own compute worker, which holds eight: every run loads one, writes 6 tokens and lets the one',
    'go that was not used for longest. After collecting garbage:',
    '',
    '| loads | resident | objects | arrays | WebAssembly |',
    '|---|---|---|---|---|',
    ...cycles.map(
      (row) =>
        `| ${row.cycles} | ${mb(row.resident)} | ${mb(row.objects)} | ${mb(row.arrays)} | ${mb(row.wasm)} |`,
    ),
    `| growth | ${growth((row) => row.resident)} | ${growth((row) => row.objects)} | ${growth((row) => row.arrays)} | ${growth((row) => row.wasm)} |`,
    '',
    '## A checkpoint of gigabytes',
    '',
    'A Llama as ONNX with all weights in one file beside it, written by a script, dropped as files. It is kept (streamed into the',
    'browser’s file system, hashed on the way), and then loaded and asked for 4 tokens, which ONNX Runtime in Node writes too.',
    'Weights go from the file straight into WebAssembly: JavaScript never has all of them. There ONNX Runtime lays matrices out',
    'anew while it loads and needs 1.4 to 1.5 times their size, so what has more than 2,863 MB of weights is refused before it is',
    'tried; the card says so, and what loading took.',
    '',
    '| weights | keeping: resident beyond what was there, at most | JavaScript at most: objects; arrays | time | loading: resident, at most | JavaScript at most | WebAssembly grew by | time | |',
    '|---|---|---|---|---|---|---|---|---|',
    ...large.map(({ bytes, keep, load, grown, same, why }) => {
      const loading = load
        ? `${mb(load.most)} | ${mb(load.objects)}; ${mb(load.arrays)} | ${mb(grown ?? 0)} | ${seconds(load.ms)}`
        : ' | | | ';
      const end = why ?? (same ? 'the same tokens as in Node' : 'other tokens than in Node');
      return `| ${mb(bytes)} | ${taken(keep)} | ${loading} | ${end} |`;
    }),
    '',
    'Reproduce: `npm run bench -- memory` (with `--layers=8,11`: 268 MB of weights a layer)',
    '',
  ].join('\n');
}
