// The charts of a training by reward are functions of its events.

import { describe, expect, test } from 'vitest';
import type { RunEvent } from '../core/events.ts';
import { defaultsOf } from '../core/params.ts';
import type { PolicyEvent, PolicyTimes, ShownCompletion } from '../core/policyEvents.ts';
import { methods } from '../experiment/catalogue.ts';
import { defaultExperiment } from '../experiment/experiment.ts';
import { fullAt, shownSteps, tintOf, tokenValues } from './completions.ts';
import { csvOf } from './csv.ts';
import { accuracyCurves, lengthCurves, metricCurves, partCurves } from './curves.ts';
import { SHOWN_STEPS } from './forget.ts';
import { policy } from './policy.ts';
import { divergence, finalAccuracy, policySteps } from './policyText.ts';
import { newRun, type Run, receive } from './run.ts';

const experiment = {
  ...defaultExperiment,
  mode: 'train',
  method: 'codistillGrpo',
  params: defaultsOf(methods.codistillGrpo.params),
} as const;
const NO_TIMES: PolicyTimes = {
  rollout: 0,
  scoring: 0,
  backward: 0,
  update: 0,
  own: 0,
  evaluation: 0,
};
const say = (event: PolicyEvent, times: Partial<PolicyTimes> = {}): RunEvent => ({
  type: 'policy',
  event,
  times: { ...NO_TIMES, ...times },
  ms: Object.values(times).reduce((sum, one) => sum + one, 0),
});
const started = say({
  type: 'started',
  steps: 10,
  done: 0,
  parameters: { small: 10, large: 100 },
  prompts: 2,
  samples: 4,
  kept: 2,
  heldOut: 50,
});
const step = (number: number, reward: number, times: Partial<PolicyTimes> = {}): RunEvent =>
  say(
    {
      type: 'step',
      step: number,
      phase: 'together',
      metrics: {
        small: { reward, 'rewards/correctness/mean': reward, 'rewards/format/mean': 0 },
        large: { reward: reward / 2, 'clip_ratio/region_mean': 0.25 },
      },
      generated: { small: 100 },
      tokens: 50 * number,
    },
    times,
  );
const accuracy = (value: number) => ({
  accuracy: value,
  problems: 50,
  low: value - 0.1,
  high: value + 0.1,
});
const completion = (over: Partial<ShownCompletion> = {}): ShownCompletion => ({
  sample: 0,
  tokens: [5, 6, 2],
  texts: ['a', 'b', ''],
  hinted: 0,
  truncated: false,
  logRatios: [0.5, -2, 0],
  parts: { correctness: 1 },
  rewards: { small: 1, large: 1 },
  advantages: { small: 0.5, large: -1 },
  kept: true,
  ...over,
});
const shown = (number: number): RunEvent =>
  say({
    type: 'completions',
    step: number,
    groups: [{ prompt: 'x', expected: 'ab', by: 'small', completions: [completion()] }],
  });
const runOf = (...events: RunEvent[]): Run => ({
  ...newRun(1, experiment, false),
  status: 'running',
  events,
});

describe('points', () => {
  test('time since the step before is that of the step; evaluations count as time but not as learning', () => {
    const state = policy(
      runOf(
        started,
        step(1, 1, { rollout: 100, backward: 100 }),
        say(
          { type: 'evaluated', step: 1, accuracy: { small: accuracy(0.4) } },
          { evaluation: 800 },
        ),
        step(2, 1, { rollout: 300, own: 100 }),
      ),
    );
    expect(state.points.map(({ tokensPerSecond }) => tokensPerSecond)).toEqual([500, 250]);
    expect(state.times).toEqual({
      ...NO_TIMES,
      rollout: 400,
      backward: 100,
      own: 100,
      evaluation: 800,
    });
    expect(state.tokensPerSecond).toBeCloseTo(200 / 0.6, 9);
    // Eight more steps, at what two have taken, evaluation included.
    expect(state.msLeft).toBeCloseTo((8 * 1400) / 2, 9);
    expect(state.generated).toEqual({ small: 200 });
  });

  test('the smooth reward of a constant reward is that reward, and each model has its own', () => {
    const { points, learners } = policy(runOf(started, step(1, 2), step(2, 2), step(3, 2)));
    expect(learners).toEqual(['small', 'large']);
    for (const { smooth } of points) {
      expect(Math.abs((smooth.small ?? Number.NaN) - 2)).toBeLessThan(1e-12);
      expect(Math.abs((smooth.large ?? Number.NaN) - 1)).toBeLessThan(1e-12);
    }
  });

  test('a turned learning rate and smaller passes are marks at their step', () => {
    const { marks } = policy(
      runOf(
        started,
        step(1, 1),
        say({ type: 'adjusted', step: 1, role: 'large', learningRate: 0.0001 }),
        say({ type: 'smallerPasses', step: 1, role: 'small', rows: 8 }),
      ),
    );
    expect(marks.map((mark) => [mark.step, mark.role, mark.kind])).toEqual([
      [1, 'large', 'rate'],
      [1, 'small', 'rows'],
    ]);
    expect(marks[0]?.text).toContain('1e-4');
  });
});

describe('curves', () => {
  const state = policy(
    runOf(
      started,
      say({ type: 'evaluated', step: 0, accuracy: { small: accuracy(0.2), large: accuracy(0.5) } }),
      step(1, 1),
      step(2, 0),
    ),
  );

  test('of a metric that only one model has, there is one; a part that is 0 all along has none', () => {
    const keys = metricCurves(state, 'clip_ratio/region_mean').curves.map(({ key }) => key);
    expect(keys).toEqual(['largeRaw', 'large']);
    expect(partCurves(state, 'small').curves.map(({ key }) => key)).toEqual(['correctness']);
    expect(lengthCurves(state).rows).toEqual([]);
  });

  test('raw values are the steps’ own, smoothed ones lie between', () => {
    const { rows } = metricCurves(state, 'reward');
    expect(rows.map(({ smallRaw }) => smallRaw)).toEqual([1, 0]);
    const last = Number(rows[1]?.small);
    expect(last > 0 && last < 1).toBe(true);
  });

  test('accuracy has its interval around it', () => {
    const [row] = accuracyCurves(state).rows;
    expect(row).toMatchObject({ step: 0, small: 0.2, large: 0.5 });
    expect(row?.largeBand).toEqual([0.4, 0.6]);
  });
});

describe('completions', () => {
  test('of many steps the first, the latest and a thinning rest stay; nothing else is lost', () => {
    let run = runOf(started);
    for (let n = 1; n <= 500; n++) {
      run = receive(run, { type: 'events', run: 1, events: [step(n, 1), shown(n)] });
    }
    const steps = shownSteps(run).map((one) => one.step);
    expect(steps.length).toBeLessThanOrEqual(SHOWN_STEPS);
    expect(steps[0]).toBe(1);
    expect(steps.slice(-20)).toEqual(Array.from({ length: 20 }, (_, i) => 481 + i));
    expect(steps).toEqual(steps.toSorted((a, b) => a - b));
    expect(policy(run).points).toHaveLength(500);
  });

  test('a token’s value is its log-ratio, its own advantage, or that of the whole', () => {
    expect(tokenValues(completion(), 'logRatio', 'small')).toEqual([0.5, -2, 0]);
    expect(tokenValues(completion(), 'advantage', 'large')).toEqual([-1, -1, -1]);
    expect(tokenValues(completion({ tokenAdvantages: [1, 2, 3] }), 'advantage', 'small')).toEqual([
      1, 2, 3,
    ]);
    expect(tokenValues(completion({ logRatios: [] }), 'logRatio', 'small')).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  test('tints keep the sign, lie in [-1, 1] and are full at the largest', () => {
    const groups = [
      { prompt: '', expected: '', by: 'small', completions: [completion()] },
    ] as const;
    const full = fullAt(groups, 'logRatio', 'small');
    expect(full).toBe(2);
    expect(tintOf(-2, full)).toBe(-1);
    expect(tintOf(99, full)).toBe(1);
    expect(tintOf(0, full)).toBe(0);
  });
});

describe('in words', () => {
  test('what diverged names the tensor, and a spike its sizes', () => {
    const nan = divergence({
      type: 'diverged',
      step: 7,
      role: 'small',
      what: 'gradient',
      tensor: 'wte.weight',
    });
    expect(nan.what).toBe('The gradient of the small model in step 7 is no finite number.');
    expect(nan.why).toContain('wte.weight');
    const spike = divergence({
      type: 'diverged',
      step: 7,
      role: 'large',
      what: 'spike',
      tensor: 'wte.weight',
      gradNorm: 900,
      usual: 1.5,
    });
    for (const part of ['900', '1.5', 'wte.weight', 'last good']) expect(spike.why).toContain(part);
  });

  test('the last accuracy is that of the models that learn', () => {
    const run = runOf(
      say({
        type: 'started',
        steps: 4,
        done: 0,
        parameters: { small: 1 },
        prompts: 1,
        samples: 2,
        kept: 2,
        heldOut: 9,
      }),
      say({ type: 'evaluated', step: 4, accuracy: { small: accuracy(0.5), large: accuracy(0.9) } }),
    );
    expect(finalAccuracy(run).map(({ role }) => role)).toEqual(['small']);
    expect(policySteps({ ...run, status: 'paused' })).toBe('step 0 of 4');
  });

  test('as a table each model has columns of its own, in TRL’s names', () => {
    const [head, first] = csvOf([{ name: 'a', run: runOf(started, step(1, 1, { rollout: 500 })) }])
      .split('\r\n')
      .map((line) => line.split(','));
    const at = (column: string) => first?.[head?.indexOf(column) ?? -1];
    expect(at('small/reward')).toBe('1');
    expect(at('large/clip_ratio/region_mean')).toBe('0.25');
    expect(at('generated/small')).toBe('100');
    expect(at('seconds/rollout')).toBe('0.5');
    expect(at('step_time')).toBe('0.5');
  });
});
