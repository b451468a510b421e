import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { setUp } from '../../test/support/fakePage.ts';
import { record } from '../../test/support/recordedRun.ts';
import { defaultExperiment } from '../experiment/experiment.ts';
import { decode, encode } from '../experiment/link.ts';
import { linkVerdict } from './notices.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('the link', () => {
  const other = { ...defaultExperiment, prompt: 'say 7: ', seed: 9 };

  test('sets the controls and starts nothing', () => {
    const { state, sent } = setUp(encode(other));
    expect(state().experiment).toEqual(other);
    vi.runAllTimers();
    expect(sent).toEqual([]);
  });

  test('follows the settings half a second behind, in one go', () => {
    const { actions, address } = setUp();
    actions.setParam('maxDraft', 3);
    actions.setParam('maxDraft', 4);
    vi.advanceTimersByTime(499);
    expect(address.hash).toBe('');
    vi.advanceTimersByTime(1);
    expect(decode(address.hash).experiment.params.maxDraft).toBe(4);
  });

  test('opened over another one replaces the settings and keeps the runs', () => {
    const { actions, state, open } = setUp();
    actions.start();
    open(encode(other));
    expect(state().experiment).toEqual(other);
    expect(state().runs).toHaveLength(1);
  });

  test('that cannot be read says what was ignored, until dismissed', () => {
    const { state, actions } = setUp('#v=1&maxDraft=1.5&who=me');
    expect(state().linkProblems).toHaveLength(2);
    expect(state().linkProblems[0]).toContain('maxDraft=1.5');
    actions.dismissLink();
    expect(state().linkProblems).toEqual([]);
  });

  test('an address that cannot be rewritten does no harm', () => {
    const replaceHash = () => {
      throw new Error('too many calls');
    };
    const { actions, state } = setUp('', { replaceHash });
    actions.setParam('maxDraft', 3);
    vi.runAllTimers();
    expect(state().experiment.params.maxDraft).toBe(3);
  });

  test('copied after a run carries a digest, and whoever repeats it sees the same tokens', async () => {
    const events = await record();
    const sender = setUp();
    sender.actions.start();
    sender.finish(1, events);
    await sender.actions.share();
    const hash = new URL(sender.address.copied).hash;
    expect(decode(hash).digest).toBeDefined();

    const reader = setUp(hash);
    reader.actions.start();
    reader.finish(1, events);
    expect(linkVerdict(reader.last())).toMatchObject({ same: true });

    const elsewhere = setUp(hash);
    elsewhere.actions.start();
    elsewhere.finish(1, await record({ models: 2 }));
    expect(linkVerdict(elsewhere.last())?.text).toMatch(/from token \d+ on/);
  });

  test('with a digest says nothing about runs of other settings', async () => {
    const { actions, last, finish } = setUp(encode(defaultExperiment, 'abc'));
    actions.setParam('maxDraft', 3);
    actions.start();
    finish(1, await record());
    expect(linkVerdict(last())).toBeUndefined();
  });

  test('copied with other settings than the run’s carries no digest', async () => {
    const { actions, address, finish } = setUp();
    actions.start();
    finish(1, await record());
    actions.setParam('maxDraft', 3);
    await actions.share();
    expect(decode(new URL(address.copied).hash)).not.toHaveProperty('digest');
  });

  test('is shown to be copied by hand when the clipboard is closed', async () => {
    const { actions, state } = setUp('', { copy: () => Promise.reject(new Error('denied')) });
    await actions.share();
    expect(state().linkToCopy).toContain('https://example.org/tandem/#v=2');
    actions.closeLinkToCopy();
    expect(state().linkToCopy).toBeUndefined();
  });
});
