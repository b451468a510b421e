// Which trainings of a comparison are there, go on or wait follows from the runs that there are, wherever they are.

import { describe, expect, test } from 'vitest';
import { setUp } from '../../test/support/fakePage.ts';
import type { KeptRun } from '../core/runRecord.ts';
import { defaultExperiment, type Experiment } from '../experiment/experiment.ts';
import { encode } from '../experiment/link.ts';
import { planNames, plannedOf, planOf } from '../experiment/study.ts';
import { openCompare } from './compare.ts';
import { isDone, nextOf, studyRows } from './study.ts';

const experiment: Experiment = {
  ...defaultExperiment,
  mode: 'study',
  study: {
    plans: [planOf('grpo', { steps: 2 }), planOf('codistillGrpo', { steps: 2 })],
    seeds: 2,
  },
};
const planned = plannedOf(experiment);
const keptRun = (at: number): KeptRun => ({
  id: `run:${String(at).repeat(64)}:a`,
  name: 'a',
  recipe: encode(planned[at]!.experiment),
  outcome: 'completed',
  started: at,
  place: { provider: 'wasm', kernels: 'cpu', adapter: '', build: '' },
  result: '50 %',
  speed: '',
  speedUp: '',
  bytes: 1,
  saved: 1,
  pinned: false,
});
const storedWith = (...runs: KeptRun[]) =>
  ({
    checkpoints: [],
    data: [],
    runs,
    resumable: [],
    ongoing: [],
    downloads: [],
    lasting: false,
    bytes: 0,
    where: 'browser',
  }) as const;

describe('what is planned', () => {
  test('every plan with every seed, seed by seed, as ordinary trainings', () => {
    expect(planned.map(({ plan, seed }) => [seed, plan])).toEqual([
      [1, 0],
      [1, 1],
      [2, 0],
      [2, 1],
    ]);
    expect(planned.map((one) => one.experiment.mode)).toEqual(['train', 'train', 'train', 'train']);
    expect(new Set(planned.map((one) => encode(one.experiment))).size).toBe(4);
  });

  test('names are all different', () => {
    const twice = [planOf('grpo'), planOf('grpo'), planOf('grpo', { model: 'large' })];
    expect(planNames(twice)).toEqual(['GRPO, small', 'GRPO, small (2)', 'GRPO, large']);
  });
});

test('what is kept from another day counts, what was deleted does not', () => {
  const stored = storedWith(keptRun(0), { ...keptRun(1), deleted: 5 });
  const rows = studyRows({ experiment, runs: [], stored });
  expect(rows.map(({ state }) => state)).toEqual(['kept', 'waiting', 'waiting', 'waiting']);
  expect(nextOf(rows, [])?.recipe).toBe(rows[1]?.recipe);
  expect(nextOf(rows, [rows[1]!.recipe])?.recipe).toBe(rows[2]?.recipe);
  expect(rows.filter(isDone)).toHaveLength(1);
});

describe('the queue', () => {
  function opened() {
    const page = setUp(encode(experiment));
    const started = () => page.sent.flatMap((one) => (one.type === 'start' ? [one] : []));
    const finish = (run: number) => page.finish(run, [{ type: 'completed' }]);
    return { app: page, say: page.say, started, finish };
  }

  test('one after the other, and what is there is not made again', () => {
    const { app, say, started, finish } = opened();
    say({ type: 'stored', stored: storedWith(keptRun(1)) });
    app.actions.start();
    for (let run = 1; run <= 3; run++) finish(run);
    expect(started().map((one) => encode(one.experiment))).toEqual(
      [0, 2, 3].map((at) => encode(planned[at]!.experiment)),
    );
    expect(app.store.getState().queue).toBeUndefined();
    app.actions.start();
    expect(started()).toHaveLength(3);
  });

  test('stopping one stops them all; beginning again goes on with the rest', () => {
    const { app, say, started, finish } = opened();
    app.actions.start();
    finish(1);
    app.actions.stop();
    say({ type: 'ended', run: 2 });
    expect(started()).toHaveLength(2);
    expect(app.store.getState().queue).toBeUndefined();
    app.actions.start();
    expect(encode(started()[2]!.experiment)).toBe(encode(planned[1]!.experiment));
  });

  test('one that fails does not keep the others from being made', () => {
    const { app, say, started } = opened();
    app.actions.start();
    const failure = { code: 'runtime', message: 'No.', remedy: 'Wait.' } as const;
    say({ type: 'events', run: 1, events: [{ type: 'failed', failure }] });
    say({ type: 'ended', run: 1 });
    expect(started()).toHaveLength(2);
    expect(encode(started()[1]!.experiment)).toBe(encode(planned[1]!.experiment));
  });

  test('plans are added with what all have in common, and a common knob sets all', () => {
    const { app } = opened();
    const compare = openCompare(app);
    compare.addPlan('onPolicyDistillation');
    compare.setCommon('steps', 7);
    const { plans } = app.store.getState().experiment.study;
    expect(plans.map(({ method }) => method)).toEqual([
      'grpo',
      'codistillGrpo',
      'onPolicyDistillation',
    ]);
    expect(plans.map(({ params }) => params.steps)).toEqual([7, 7, 7]);
    compare.removePlan(0);
    expect(app.store.getState().experiment.study.plans).toHaveLength(2);
  });
});

test('a difficulty that nobody has set suits the method; one that was set stays', () => {
  const { actions, state } = setUp();
  const usual = state().experiment.difficulty;
  actions.setMode('train');
  actions.setMethod('grpo');
  expect(state().experiment.difficulty).toBeLessThan(usual);
  actions.setMode('generate');
  expect(state().experiment.difficulty).toBe(usual);
  actions.setMode('train');
  actions.setMethod('grpo');
  actions.setDifficulty(5);
  actions.setMode('generate');
  expect(state().experiment.difficulty).toBe(5);
});
