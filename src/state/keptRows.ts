// The table of runs that stay: pinned ones first, then the newest.

import { type KeptRun, RUNS_KEPT } from '../core/runRecord.ts';
import type { Experiment } from '../experiment/experiment.ts';
import { decode } from '../experiment/link.ts';
import { describeInput, describeMethod, describeSettings } from './describe.ts';
import { bytes, plural } from './format.ts';
import { kernelsName, providerName } from './hardware.ts';

export interface KeptRow {
  readonly run: KeptRun;
  readonly method: string;
  readonly settings: string;
  readonly input: string;
  readonly when: string;
}

const read = new Map<string, Experiment>();

/** The experiment of a kept run; decoded once. */
export function experimentOf({ recipe }: Pick<KeptRun, 'recipe'>): Experiment {
  const known = read.get(recipe);
  if (known) return known;
  const { experiment } = decode(recipe);
  read.set(recipe, experiment);
  return experiment;
}

/** "2026-11-24 14:03", the visitor's own time. */
export function momentOf(ms: number): string {
  const date = new Date(ms);
  const two = (value: number) => String(value).padStart(2, '0');
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-');
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

export function keptRows(runs: readonly KeptRun[]): readonly KeptRow[] {
  return runs
    .filter(({ deleted }) => deleted === undefined)
    .toSorted((a, b) => Number(b.pinned) - Number(a.pinned) || b.started - a.started)
    .map((run) => {
      const experiment = experimentOf(run);
      return {
        run,
        method: describeMethod(experiment),
        settings: describeSettings(experiment),
        input: describeInput(experiment),
        when: momentOf(run.started),
      };
    });
}

/** Where a run ran, and with what. */
export const placeText = ({ place: { provider, kernels, adapter, build } }: KeptRun): string =>
  [
    `models on ${providerName(provider)}`,
    `kernels: ${kernelsName(kernels)}`,
    adapter,
    build && `Tandem ${build}`,
  ]
    .filter((part) => part !== '')
    .join('; ');

/** How much is kept, and what happens when it is more than that. */
export function boundText(runs: readonly KeptRun[]): string {
  const here = runs.filter(({ deleted }) => deleted === undefined);
  const size = here.reduce((sum, run) => sum + run.bytes, 0);
  return `${plural(here.length, 'run')}, ${bytes(size)}. Beyond ${RUNS_KEPT.count} runs or ${bytes(RUNS_KEPT.bytes)}, the oldest that are not pinned give way.`;
}
