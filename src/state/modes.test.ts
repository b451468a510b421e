// Going from place to place changes what the place cannot have, and nothing else.

import { expect, test } from 'vitest';
import { setUp } from '../../test/support/fakePage.ts';
import { methods, methodsOf } from '../experiment/catalogue.ts';
import { defaultExperiment } from '../experiment/experiment.ts';
import { decode, encode } from '../experiment/link.ts';

test('there and back is where one was', () => {
  const { actions, state } = setUp();
  actions.setParam('fallbackThreshold', 0.7);
  const before = state().experiment;
  actions.setMode('train');
  expect(state().experiment).toMatchObject({ mode: 'train', method: 'sft', data: 'task' });
  actions.setParam('steps', 70);
  actions.setMode('generate');
  expect(state().experiment).toEqual({ ...before, method: 'bild' });
  actions.setMode('train');
  expect(state().experiment.params.steps).toBe(70);
});

test('an evaluation within a training asks few problems, unless a number was set', () => {
  const { actions, state } = setUp();
  actions.setMode('train');
  expect(state().experiment.problems).toBeLessThan(defaultExperiment.problems);
  actions.setMode('evaluate');
  expect(state().experiment.problems).toBe(defaultExperiment.problems);
  actions.setCount('problems', 33);
  actions.setMode('train');
  expect(state().experiment.problems).toBe(33);
});

test('every mode that the page can be in has a method of its own and a link', () => {
  for (const mode of ['generate', 'evaluate', 'train'] as const) {
    const { actions, state } = setUp();
    actions.setMode(mode);
    const { experiment } = state();
    expect(methodsOf(mode)).toContain(experiment.method);
    expect(Object.keys(experiment.params)).toEqual(Object.keys(methods[experiment.method].params));
    expect(decode(encode(experiment)).experiment).toEqual(experiment);
  }
});
