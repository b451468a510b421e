import { describe, expect, test } from 'vitest';
import { setUp } from '../../test/support/fakePage.ts';
import { defaultExperiment } from '../experiment/experiment.ts';

describe('settings', () => {
  test('each method remembers its knobs', () => {
    const { actions, state } = setUp();
    actions.setParam('rollbackThreshold', 5);
    actions.setMethod('greedy');
    expect(state().experiment.params).toEqual({ model: 'large' });
    actions.setMethod('bild');
    expect(state().experiment.params.rollbackThreshold).toBe(5);
    actions.resetParams();
    expect(state().experiment.params).toEqual(defaultExperiment.params);
  });

  test('what is outside a range is not taken; counts are kept inside theirs', () => {
    const { actions, state } = setUp();
    actions.setParam('fallbackThreshold', 7);
    actions.setParam('maxDraft', 2.5);
    actions.setParam('nonsense', 1);
    expect(state().experiment).toEqual(defaultExperiment);
    actions.setCount('problems', 1e9);
    actions.setCount('seed', Number.NaN);
    expect(state().experiment).toMatchObject({ problems: 2000, seed: 1 });
  });

  test('examples are the problems of an evaluation with the same seed, one after another', () => {
    const { actions, state } = setUp();
    const shown = [0, 1, 2].map(() => {
      actions.newExample();
      return state().experiment.prompt;
    });
    expect(new Set(shown).size).toBe(3);
    actions.setDifficulty(9);
    actions.newExample();
    expect(state().experiment.prompt).toBe(shown[0]);
  });

  test('preferences outlive the page, and a closed storage does no harm', () => {
    const kept = new Map<string, string>();
    const storage = () => ({
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => void kept.set(key, value),
    });
    setUp('', { storage }).actions.setPreference('theme', 'dark');
    expect(setUp('', { storage }).state().preferences.theme).toBe('dark');
    const closed = () => {
      throw new Error('closed');
    };
    const { actions, state } = setUp('', { storage: closed });
    actions.setPreference('theme', 'light');
    expect(state().preferences.theme).toBe('light');
  });
});
