// Pinned parameters of any training: what is said of them is what the model holds.
import { beforeAll, expect, test } from 'vitest';
import { loadNodeRuntime } from '../../cli/nodeRuntime.ts';
import { folderOf, modelBytes, tiny } from '../../test/support/ownCheckpoint.ts';
import { talk } from '../../test/support/talk.ts';
import { talkTo } from '../../test/support/talkTo.ts';
import { trainers } from '../algorithms/index.ts';
import { defaultDials } from '../core/dials.ts';
import type { RunEvent } from '../core/events.ts';
import { defaultsOf } from '../core/params.ts';
import { defaultExperiment } from '../experiment/experiment.ts';
import { createTrainable } from '../models/createTrainable.ts';
import type { OrtRuntime } from '../models/runtime.ts';
import { createWatcher } from './watcher.ts';

let runtime: OrtRuntime;
beforeAll(async () => {
  runtime = await loadNodeRuntime();
});

const update = {
  learningRate: 0.01,
  beta1: 0.9,
  beta2: 0.95,
  epsilon: 1e-8,
  weightDecay: 0,
  clip: 0,
};
const pins = [
  { role: 'small', tensor: 'wte.weight', index: 40 },
  { role: 'large', tensor: 'wte.weight', index: 1 },
  { role: 'small', tensor: 'nothing', index: 0 },
] as const;

test('values after a step, gradients before it, and the share that moved', async () => {
  const trainable = await createTrainable(modelBytes(), runtime, { contextLength: tiny.context });
  const first = new Map([...(await trainable.look())].map(([name, all]) => [name, all.slice()]));
  const watcher = createWatcher({ pins, moved: 0.005 });
  await watcher.follow('small', trainable);
  const row = { tokens: [1, 2, 3], targets: [2, 3, 4], weights: [-1 / 3, -1 / 3, -1 / 3] };
  const { gradients } = await trainable.gradients([row]);
  const seen: RunEvent[] = [];
  async function* steps(): AsyncGenerator<RunEvent, void, void> {
    await trainable.accumulate([row]);
    await trainable.step(update);
    yield { type: 'completed' };
  }
  for await (const event of watcher.among(steps())) seen.push(event);
  const [before, watched, last] = seen;
  expect(before).toMatchObject({ type: 'watched', step: 0, moved: 0 });
  if (before?.type !== 'watched') throw new Error('nothing was seen');
  expect(before.values[0]).toBe(first.get('wte.weight')![40]);
  if (watched?.type !== 'watched') throw new Error('nothing was seen');
  expect(last).toEqual({ type: 'completed' });
  const now = await trainable.look();
  expect(watched).toMatchObject({ role: 'small', step: 1 });
  expect(watched.values[0]).toBe(now.get('wte.weight')![40]);
  expect(watched.gradients[0]).toBe(gradients.get('wte.weight')![40]);
  expect(watched.values[1]).toBeNaN();
  let [moved, all] = [0, 0];
  for (const [name, before] of first) {
    before.forEach((x, i) => {
      if (Math.abs(now.get(name)![i]! - x) > 0.005) moved++;
    });
    all += before.length;
  }
  expect(watched.moved).toBe(moved / all);
  expect(watched.moved).toBeGreaterThan(0.1);
  await trainable.release();
});

test('small and large are followed while they teach each other by reward', async () => {
  const { begin, until, ended, events } = await talk();
  const params = { ...defaultsOf(trainers.codistillGrpo.params), samples: 4, group: 3, steps: 1 };
  const quick = { prompts: 2, completion: 4, evaluateEvery: 0, microBatch: 4, warmup: 0 };
  // All answers alike teach nothing: whoever ends by itself is rewarded as well.
  const graded = { format: 1, length: 0.5 };
  begin(1, {
    ...defaultExperiment,
    mode: 'train',
    method: 'codistillGrpo',
    params: { ...params, ...quick, ...graded },
    task: 'addition',
    difficulty: 1,
    problems: 1,
    dials: { ...defaultDials, pins: [...pins], moved: 0 },
  });
  await until(() => ended(1));
  for (const role of ['small', 'large']) {
    const own = events(1).filter((event) => event.type === 'watched' && event.role === role);
    expect(own.length).toBeGreaterThanOrEqual(2);
  }
});

test('a training with pins tells of them before each step; one without tells nothing', async () => {
  const { start, until, ended, events } = talkTo(runtime, { folder: () => folderOf(modelBytes()) });
  const experiment = {
    mode: 'train',
    method: 'sft',
    params: { ...defaultsOf(trainers.sft.params), steps: 3, batch: 2, evaluateEvery: 0 },
    task: 'reverse',
    difficulty: 2,
    problems: 1,
  } as const;
  start(1, { ...experiment, dials: { ...defaultDials, pins: [pins[0]] } });
  await until(() => ended(1));
  const types = events(1).map((event) => (event.type === 'train' ? event.event.type : event.type));
  expect(types.filter((type) => type === 'watched' || type === 'step')).toEqual([
    'watched',
    ...Array.from({ length: 3 }, () => ['watched', 'step']).flat(),
  ]);
  start(2, experiment);
  await until(() => ended(2));
  expect(events(2).some(({ type }) => type === 'watched')).toBe(false);
});
