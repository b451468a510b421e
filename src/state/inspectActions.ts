// Looking into a token: which one is selected, and what both models think there. Pointing at many tokens
// in passing asks nothing; answers are kept, since a token's past does not change.

import type { ForPage } from '../worker/protocol.ts';
import type { Client } from './runActions.ts';
import { type Asked, patch, type Store } from './store.ts';
import { newestCell, prefixOf, streamOf, tokenAt, worthALook } from './tokenStream.ts';

const ASK_AFTER_MS = 120;
/** Answers kept; about a kilobyte each. */
const KEPT = 500;

type Answer = Extract<ForPage, { readonly type: 'inspected' | 'inspectionFailed' }>;

export function inspectActions(store: Store, client: Client) {
  const known = new Map<string, Asked>();
  const waiting = new Map<number, string>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let lastRequest = 0;

  const keyOf = (run: number, cell: number) => `${run}:${cell}`;
  const isSelected = (key: string): boolean => {
    const { selection } = store.getState();
    return selection !== undefined && keyOf(selection.run, selection.cell) === key;
  };

  function select(run: number, cell: number): void {
    const key = keyOf(run, cell);
    if (isSelected(key)) return;
    clearTimeout(timer);
    const answer = known.get(key);
    patch(store, { selection: { run, cell }, asked: answer ?? { state: 'asking' } });
    if (!answer) timer = setTimeout(() => ask(run, cell), ASK_AFTER_MS);
  }

  /** Shows the visitor where to look, unless something was chosen already. */
  function pointOut(id: number): void {
    const { runs, selection, viewed } = store.getState();
    const run = runs.find((other) => other.id === id);
    const cell = run?.status === 'completed' ? worthALook(streamOf(run)) : undefined;
    if (cell !== undefined && !selection && viewed === id) select(id, cell);
  }

  /** Follows a run that is being stepped, from event to event. */
  function follow(id: number): void {
    const { runs, viewed } = store.getState();
    const run = runs.find((other) => other.id === id);
    if (!run?.held || viewed !== id) return;
    const cell = newestCell(streamOf(run), run.events.at(-1));
    if (cell !== undefined) select(id, cell);
  }

  function deselect(): void {
    clearTimeout(timer);
    patch(store, { selection: undefined, asked: undefined });
  }

  function ask(id: number, index: number): void {
    const run = store.getState().runs.find((other) => other.id === id);
    const stream = run && streamOf(run);
    if (!run || !stream?.cells[index]) return;
    const token = tokenAt(stream, index);
    const prefix = prefixOf(stream, index);
    if (token === undefined || prefix.length === 0) {
      patch(store, { asked: undefined });
      return;
    }
    const request = ++lastRequest;
    waiting.set(request, keyOf(id, index));
    client.send({ type: 'inspect', request, experiment: run.experiment, prefix, token });
  }

  function hear(message: Answer): void {
    const key = waiting.get(message.request);
    if (key === undefined) return;
    waiting.delete(message.request);
    const answer: Asked =
      message.type === 'inspected'
        ? { state: 'known', inspection: message.inspection }
        : { state: 'failed', failure: message.failure };
    if (answer.state === 'known') keep(key, answer);
    if (isSelected(key)) patch(store, { asked: answer });
  }

  function keep(key: string, answer: Asked): void {
    known.set(key, answer);
    const oldest = known.keys().next();
    if (known.size > KEPT && !oldest.done) known.delete(oldest.value);
  }

  return { select, deselect, pointOut, follow, hear };
}
