// Prediction alignment as the page sees it: asked for, watched, stopped, and handed to a training.

import { describe, expect, test } from 'vitest';
import { setUp } from '../../test/support/fakePage.ts';
import type { Alignment, Errand } from '../worker/protocol.ts';
import { alignmentLeft } from './alignActions.ts';

const data = { id: `file:${'f'.repeat(64)}:answers.jsonl`, name: 'answers.jsonl', bytes: 900 };
const written: Alignment = { data, asked: 20, examples: 19, reward: 0.9, preview: [] };

function asked() {
  const all = setUp();
  all.actions.align(20);
  const errand = all.sent.findLast((one) => one.type === 'align') as Extract<
    Errand,
    { readonly type: 'align' }
  >;
  const { request } = errand;
  const progress = (loaded: number) =>
    all.say({
      type: 'errand',
      request,
      loaded,
      total: 20,
      last: { prompt: 'say 1: ', completion: 'one.' },
    });
  return { ...all, errand, request, progress };
}

describe('prediction alignment', () => {
  test('asks for the large model of the settings, and tells how far it is', () => {
    const { errand, state, progress } = asked();
    expect(errand.experiment).toBe(state().experiment);
    expect(errand.problems).toBe(20);
    expect(state().alignment).toMatchObject({ state: 'writing', done: 0 });
    progress(5);
    expect(state().alignment).toMatchObject({ done: 5, last: { completion: 'one.' } });
    expect(Object.values(state().waiting)).toMatchObject([{ type: 'align', done: 0.25 }]);
  });

  test('is one at a time', () => {
    const { actions, sent } = asked();
    actions.align(3);
    expect(sent.filter(({ type }) => type === 'align')).toHaveLength(1);
  });

  test('is stopped by name, and what there is comes all the same', () => {
    const { actions, sent, request, say, state } = asked();
    actions.stopAligning();
    expect(sent.at(-1)).toEqual({ type: 'enough', of: request });
    expect(state().alignment).toMatchObject({ state: 'writing', stopping: true });
    say({ type: 'aligned', request, alignment: { ...written, short: 'stopped' } });
    expect(state().alignment).toMatchObject({ state: 'written', alignment: { short: 'stopped' } });
  });

  test('is learned by the small model that was chosen when it began', () => {
    const { actions, request, say, state } = asked();
    actions.set('small', 'small-addition');
    say({ type: 'aligned', request, alignment: written });
    actions.learnAlignment();
    expect(state().experiment).toMatchObject({
      mode: 'train',
      method: 'sft',
      data: data.id,
      small: 'small-number-words-aligned',
      params: { model: 'small' },
    });
    expect(state().notice.text).toContain('answers.jsonl');
  });

  test('that comes to nothing says why, and can be put away', () => {
    const { actions, request, say, state } = asked();
    const failure = { code: 'data', message: 'None ended.', remedy: 'Raise it.' } as const;
    say({ type: 'refused', request, failure });
    expect(state().alignment).toMatchObject({ state: 'refused', failure });
    actions.dismissAlignment();
    expect(state().alignment).toBeUndefined();
  });

  test('knows how long it takes from the rate since the first answer, not from the loading before', () => {
    const { experiment } = setUp().state();
    const since = { at: 1000, done: 1 };
    const writing = { experiment, problems: 11, state: 'writing', request: 1, since } as const;
    expect(alignmentLeft({ ...writing, done: 1 }, 1500)).toBeUndefined();
    expect(alignmentLeft({ ...writing, done: 6 }, 2000)).toBe(1000);
  });
});
