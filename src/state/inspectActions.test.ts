import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { setUp } from '../../test/support/fakePage.ts';
import { record } from '../../test/support/recordedRun.ts';
import type { Run } from './run.ts';
import { streamOf, worthALook } from './tokenStream.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const failure = { code: 'prompt' as const, message: 'No such character.', remedy: 'Use another.' };

describe('looking into a token', () => {
  const inspection = { top: { small: [] }, distance: { large: 1 } };
  async function withRun() {
    const app = setUp();
    app.actions.start();
    app.finish(1, await record());
    const asked = () => app.sent.filter((message) => message.type === 'inspect');
    return { ...app, asked };
  }

  test('asks about the one at which the pointer rests, not about those it passed', async () => {
    const { actions, asked, state, say, last } = await withRun();
    const cells = streamOf(last()).cells;
    const [first, second] = cells.flatMap((cell, i) => (cell.kind === 'token' ? [i] : []));
    actions.select(1, first as number);
    vi.advanceTimersByTime(50);
    actions.select(1, second as number);
    vi.advanceTimersByTime(500);
    expect(asked()).toHaveLength(1);
    expect(state().asked).toEqual({ state: 'asking' });
    say({ type: 'inspected', request: 1, inspection });
    expect(state().asked).toEqual({ state: 'known', inspection });
  });

  test('an answer is kept, and a late one does not show up at another token', async () => {
    const { actions, asked, state, say } = await withRun();
    actions.select(1, 0);
    vi.advanceTimersByTime(500);
    actions.select(1, 1);
    say({ type: 'inspected', request: 1, inspection });
    expect(state().asked).toEqual({ state: 'asking' });
    actions.select(1, 0);
    expect(state().asked).toEqual({ state: 'known', inspection });
    vi.advanceTimersByTime(500);
    expect(asked()).toHaveLength(1);
  });

  test('a finished run points out a place worth looking at, unless one was chosen', async () => {
    const { state, actions, finish } = setUp();
    actions.start();
    finish(1, await record());
    const stream = streamOf(state().runs[0] as Run);
    expect(state().selection).toEqual({ run: 1, cell: worthALook(stream) });
    actions.start();
    actions.select(2, 0);
    finish(2, await record());
    expect(state().selection).toEqual({ run: 2, cell: 0 });
  });

  test('a stepped run is followed from event to event', async () => {
    const { state, actions, say } = setUp();
    actions.step();
    say({ type: 'running', run: 1, provider: 'wasm', kernels: 'cpu' });
    for (const event of await record()) {
      say({ type: 'events', run: 1, events: [event] });
      vi.advanceTimersByTime(100);
      if (event.type !== 'decode' || event.event.type === 'finished') continue;
      const stream = streamOf(state().runs[0] as Run);
      const cell = stream.cells[state().selection?.cell ?? -1];
      if (event.event.type === 'token') expect(cell).toMatchObject({ token: event.event.token });
      else if (event.event.type === 'rollback') expect(cell).toMatchObject({ cut: true });
      else expect(cell?.kind).toBe('handOver');
    }
  });

  test('a failure is shown and asked again the next time', async () => {
    const { actions, asked, state, say } = await withRun();
    actions.select(1, 0);
    vi.advanceTimersByTime(500);
    say({ type: 'inspectionFailed', request: 1, failure });
    expect(state().asked).toEqual({ state: 'failed', failure });
    actions.deselect();
    expect(state().selection).toBeUndefined();
    actions.select(1, 0);
    vi.advanceTimersByTime(500);
    expect(asked()).toHaveLength(2);
  });
});
