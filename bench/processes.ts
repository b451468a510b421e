// What the browser's processes take of the machine's memory: resident bytes, and the most since the last question, which
// the kernel keeps and nobody has to watch for.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { CDPSession } from 'playwright';

export interface Resident {
  readonly now: number;
  readonly most: number;
}

export const canMeasure = () => existsSync('/proc/self/clear_refs');

/** @param type `renderer`: the page and its workers; `browser`: what writes their files */
export async function processesOf(browser: CDPSession, type: string): Promise<number[]> {
  const { processInfo } = await browser.send('SystemInfo.getProcessInfo');
  return processInfo.filter((one) => one.type === type).map(({ id }) => id);
}

const field = (status: string, name: string): number =>
  1024 * Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0);

/** Summed over processes. Linux only. */
export function resident(pids: readonly number[]): Resident {
  const all = pids.map((pid) => readFileSync(`/proc/${pid}/status`, 'utf8'));
  const sum = (name: string) => all.reduce((total, status) => total + field(status, name), 0);
  return { now: sum('VmRSS'), most: sum('VmHWM') };
}

/** Makes what is resident now the most. */
export function forgetMost(pids: readonly number[]): void {
  for (const pid of pids) writeFileSync(`/proc/${pid}/clear_refs`, '5');
}
