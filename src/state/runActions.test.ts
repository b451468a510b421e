import { describe, expect, test, vi } from 'vitest';
import { setUp } from '../../test/support/fakePage.ts';
import { record } from '../../test/support/recordedRun.ts';
import { defaultExperiment } from '../experiment/experiment.ts';
import { runBefore, seenRun, shownRun } from './store.ts';

const failure = { code: 'prompt' as const, message: 'No such character.', remedy: 'Use another.' };

describe('a run', () => {
  test('is loaded, runs, and is complete', async () => {
    const { actions, last, sent, finish, say } = setUp();
    actions.start();
    expect(sent).toEqual([{ type: 'start', run: 1, experiment: defaultExperiment, paused: false }]);
    expect(last().status).toBe('loading');
    const progress = { stage: 'download' as const, role: 'small' as const, loaded: 1, total: 9 };
    say({ type: 'progress', run: 1, progress });
    expect(last().progress.small).toEqual(progress);
    say({ type: 'running', run: 1, provider: 'wasm', kernels: 'cpu' });
    expect(last()).toMatchObject({ status: 'running', uses: { provider: 'wasm' } });
    finish(1, await record());
    expect(last().status).toBe('completed');
  });

  test('waits, goes on and steps as the buttons say', () => {
    const { actions, last, sent, say } = setUp();
    actions.step();
    expect(sent).toMatchObject([{ type: 'start', paused: true }, { type: 'step' }]);
    say({ type: 'running', run: 1, provider: 'wasm', kernels: 'cpu' });
    expect(last().status).toBe('paused');
    actions.toggle();
    expect(last().status).toBe('running');
    actions.toggle();
    expect(last().status).toBe('paused');
    expect(sent.slice(2)).toEqual([
      { type: 'resume', run: 1 },
      { type: 'pause', run: 1 },
    ]);
  });

  test('paused while it loads, it waits once it is ready', () => {
    const { actions, last, say } = setUp();
    actions.start();
    actions.pause();
    say({ type: 'running', run: 1, provider: 'wasm', kernels: 'cpu' });
    expect(last().status).toBe('paused');
  });

  test('can be stopped; what it has done stays, and what comes later is not heard', async () => {
    const { actions, last, stopped, say } = setUp();
    const events = (await record()).slice(0, 5);
    actions.start();
    say({ type: 'running', run: 1, provider: 'wasm', kernels: 'cpu' });
    say({ type: 'events', run: 1, events });
    actions.stop();
    actions.stop();
    expect(stopped).toEqual([1]);
    expect(last().status).toBe('stopping');
    say({ type: 'ended', run: 1 });
    expect(last()).toMatchObject({ status: 'stopped', events });
    say({ type: 'events', run: 1, events });
    expect(last().events).toHaveLength(5);
  });

  test('gives way to the next one, and keeps its place in the history', () => {
    const { actions, state, stopped, say } = setUp();
    actions.start();
    actions.start();
    expect(stopped).toEqual([1]);
    say({ type: 'ended', run: 1 });
    expect(state().runs.map((run) => run.status)).toEqual(['stopped', 'loading']);
    expect(shownRun(state())?.id).toBe(2);
  });

  test('that fails leaves the one before where it was', async () => {
    const { actions, state, last, finish } = setUp();
    actions.start();
    finish(1, await record());
    actions.start();
    finish(2, [{ type: 'failed', failure }]);
    expect(last()).toMatchObject({ id: 2, status: 'failed', failure });
    await vi.waitFor(() => expect(state().notice.text).toContain('No such character.'));
    expect(runBefore(state(), last())?.id).toBe(1);
    expect(seenRun(state())?.id).toBe(1);
    actions.dismissFailure();
    expect(shownRun(state())?.status).toBe('completed');
  });

  test('that fails as the first one leaves an empty stage when it is dismissed', () => {
    const { actions, state, finish } = setUp();
    actions.start();
    finish(1, [{ type: 'failed', failure }]);
    expect(seenRun(state())).toBeUndefined();
    actions.dismissFailure();
    expect(shownRun(state())).toBeUndefined();
  });

  test('keeps the settings that it was started with, and gives them back', () => {
    const { actions, state, last } = setUp();
    actions.start();
    actions.setParam('fallbackThreshold', 0.9);
    expect(last().experiment.params.fallbackThreshold).toBe(0.6);
    actions.adopt(1);
    expect(state().experiment.params.fallbackThreshold).toBe(0.6);
  });

  test('only the last twenty stay', () => {
    const { actions, state, say } = setUp();
    for (let run = 1; run <= 25; run++) {
      actions.start();
      say({ type: 'ended', run });
    }
    expect(state().runs).toHaveLength(20);
    expect(state().runs[0]?.id).toBe(6);
  });

  test('a reset clears the stage and nothing else', async () => {
    const { actions, state, finish } = setUp();
    actions.setParam('maxDraft', 4);
    actions.start();
    finish(1, await record());
    actions.reset();
    expect(shownRun(state())).toBeUndefined();
    expect(state().runs).toHaveLength(1);
    expect(state().experiment.params.maxDraft).toBe(4);
  });

  test('of the other mode is not shown, and viewing it changes the mode', () => {
    const { actions, state, say } = setUp();
    actions.start();
    say({ type: 'ended', run: 1 });
    actions.set('mode', 'evaluate');
    expect(shownRun(state())).toBeUndefined();
    actions.view(1);
    expect(state().experiment.mode).toBe('generate');
    expect(shownRun(state())?.id).toBe(1);
  });
});
