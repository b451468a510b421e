// A run is over: what came of it is said, and it is kept if anything did.

import type { RunRecord } from '../core/runRecord.ts';
import { encode } from '../experiment/link.ts';
import { describeInput, describeMethod } from './describe.ts';
import type { Desk } from './desk.ts';
import { finishedNotice } from './notices.ts';
import type { Page } from './page.ts';
import { hasContent, isActive, type Run } from './run.ts';
import { figuresOf } from './runRows.ts';
import { endNotice } from './stayNotice.ts';
import { patch, type Store, told } from './store.ts';

/** What a run is called until somebody names it. */
export const usualName = ({ experiment }: Run): string =>
  `${describeMethod(experiment)}, ${describeInput(experiment)}`;

export function recordOf(run: Run, adapter: string, build: string): RunRecord | undefined {
  const { experiment, status, uses, started, events } = run;
  if (isActive(run) || !uses || !hasContent(run)) return undefined;
  return {
    name: usualName(run),
    recipe: encode(experiment),
    outcome: status as RunRecord['outcome'],
    started,
    place: { ...uses, adapter, build },
    events,
  };
}

export function afterRun(store: Store, desk: Desk, page: Pick<Page, 'build'>, id: number): void {
  const run = store.getState().runs.find((one) => one.id === id);
  if (!run) return;
  patch(store, { notice: endNotice(finishedNotice(run), store.getState().notice) });
  const { hardware } = store.getState();
  const record = run.kept ? undefined : recordOf(run, hardware?.adapter ?? '', page.build);
  if (!record) return;
  desk.send({ type: 'keepRun', record, figures: figuresOf(run) }, record.name, {
    answered(answer) {
      if (answer.type !== 'runKept') return;
      const { run: kept, unsaved } = answer;
      const { runs } = store.getState();
      patch(store, {
        runs: runs.map((one) => (one.id === id ? { ...one, kept: kept.id } : one)),
        ...(unsaved && {
          notice: told(`Run ${id} is in memory only. ${unsaved.message} ${unsaved.remedy}`),
        }),
      });
    },
  });
}
