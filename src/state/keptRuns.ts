// Runs that stay: opened again, compared, exported, imported. The worker has the shelf; what is
// opened is read there and checked, and has the same charts because it has the same events.

import type { RunRecord } from '../core/runRecord.ts';
import { decode } from '../experiment/link.ts';
import { sameContent } from '../experiment/names.ts';
import type { Actions } from './app.ts';
import type { Desk } from './desk.ts';
import { plural } from './format.ts';
import type { Page } from './page.ts';
import { isActive, newRun, type Run } from './run.ts';
import { figuresOf } from './runRows.ts';
import { heard, patch, type Store, told } from './store.ts';

/** Opened runs that stay in memory; the others are read again. */
const OPENED = 8;

/** A run that was read, as the page has runs. */
export function runOf(record: RunRecord, id: number, kept?: string): Run {
  const { recipe, outcome, started, place, events } = record;
  const { experiment } = decode(recipe);
  const failed = events.find((event) => event.type === 'failed');
  return {
    ...newRun(id, experiment, false, undefined, started),
    status: outcome,
    events,
    uses: { provider: place.provider, kernels: place.kernels },
    ...(failed && { failure: failed.failure }),
    ...(kept !== undefined && { kept }),
  };
}

export function keptRunActions(
  store: Store,
  desk: Desk,
  page: Page,
  { admit, download }: Pick<Actions, 'admit' | 'download'>,
) {
  const say = (text: string) => patch(store, { notice: told(text) });
  const nameOf = (id: string) =>
    store.getState().stored?.runs.find((run) => sameContent(run.id, id))?.name ?? 'the run';

  /** Reads kept runs; those that are in memory are not read again. */
  function load(ids: readonly string[]): Promise<readonly Run[]> {
    const found = (id: string) => {
      const { runs, opened } = store.getState();
      return [...runs, ...opened].find(
        (run) => run.kept !== undefined && !isActive(run) && sameContent(run.kept, id),
      );
    };
    const all = () => ids.flatMap((id) => found(id) ?? []);
    const missing = ids.filter((id) => !found(id));
    if (missing.length === 0) return Promise.resolve(all());
    return new Promise((resolve) => {
      desk.send({ type: 'readRuns', source: { ids: missing } }, nameOf(missing[0]!), {
        answered(answer) {
          if (answer.type !== 'runsRead') return;
          const read = answer.runs.map((record, i) => runOf(record, 0, missing[i]));
          const before = store.getState().opened;
          patch(store, { opened: [...before, ...read].slice(-Math.max(OPENED, ids.length)) });
          resolve(all());
        },
        refused(failure) {
          say(`${failure.message} ${failure.remedy}`);
          resolve(all());
        },
      });
    });
  }

  /** Puts a kept run on the stage. */
  async function openRun(id: string): Promise<void> {
    const [run] = await load([id]);
    if (run) admit((number) => ({ ...run, id: run.id || number }));
  }

  /** Every run of a file is kept, as those of this page are. */
  function importRuns(name: string, file: Blob): void {
    desk.send({ type: 'readRuns', source: { name, file } }, name, {
      answered(answer) {
        if (answer.type !== 'runsRead') return;
        const records = answer.runs;
        let left = records.length;
        for (const record of records) {
          const figures = figuresOf(runOf(record, 0));
          desk.send({ type: 'keepRun', record, figures }, record.name, {
            answered() {
              left--;
              if (left === 0)
                say(
                  `${plural(records.length, 'run')} from ${name} ${records.length === 1 ? 'is' : 'are'} here.`,
                );
            },
          });
        }
      },
      refused: (failure) =>
        patch(store, { importFailure: failure, notice: heard(failure.message) }),
    });
    patch(store, { importFailure: undefined });
  }

  function exportRuns(ids: readonly string[]): void {
    if (ids.length === 0) return;
    desk.send({ type: 'exportRuns', ids }, nameOf(ids[0]!), { answered: download });
  }

  async function exportCsv(ids: readonly string[]): Promise<void> {
    const runs = await load(ids);
    if (runs.length === 0) return;
    const { csvOf } = await import('./csv.ts');
    const named = runs.map((run) => ({ run, name: nameOf(run.kept ?? '') }));
    const name = named.length === 1 ? `${named[0]!.name}.csv` : `${named.length} runs.csv`;
    page.save(name, new Blob([csvOf(named)], { type: 'text/csv' }));
    say(`${name} is being downloaded.`);
  }

  const pin = (id: string, pinned: boolean): void => {
    desk.send({ type: 'pin', id, pinned }, nameOf(id));
  };
  const dismissImport = (): void => patch(store, { importFailure: undefined });

  return { load, openRun, importRuns, exportRuns, exportCsv, pin, dismissImport };
}
