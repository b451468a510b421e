// Training by reward as the page sees it, with real decoders in Node: events, stopping, going on, dials, questions of
// one's own, and what must not be lost when it does not go as planned.

import { describe, expect, it, test } from 'vitest';
import { loadNodeRuntime } from '../../cli/nodeRuntime.ts';
import { browser, reopened, soon, talk } from '../../test/support/talk.ts';
import { trainers } from '../algorithms/index.ts';
import type { RunEvent } from '../core/events.ts';
import { defaultsOf } from '../core/params.ts';
import type { PolicyEvent } from '../core/policyEvents.ts';
import { defaultExperiment, type Experiment } from '../experiment/experiment.ts';
import type { OrtRuntime } from '../models/runtime.ts';
import type { Checker } from '../rewards/checkers.ts';

type PolicyMethod = 'grpo' | 'codistillGrpo' | 'onPolicyDistillation';
const quick = {
  ...{ steps: 4, prompts: 2, completion: 5, evaluateEvery: 2, microBatch: 4, warmup: 0 },
  learningRate: 0.01,
};
/** Groups in which all are wrong teach nothing: ending by oneself is rewarded as well. */
const graded = { format: 1, length: 0.5 };
function experimentOf(
  method: PolicyMethod = 'grpo',
  params: Readonly<Record<string, number | string>> = {},
  changes: Partial<Experiment> = {},
): Experiment {
  const own = method === 'codistillGrpo' ? { samples: 4, group: 3 } : { group: 3 };
  return {
    ...defaultExperiment,
    mode: 'train',
    method,
    params: { ...defaultsOf(trainers[method].params), ...quick, ...own, ...graded, ...params },
    task: 'addition',
    difficulty: 1,
    problems: 8,
    ...changes,
  };
}
const policyOf = (events: readonly RunEvent[]): readonly PolicyEvent[] =>
  events.flatMap((one) => (one.type === 'policy' ? [one.event] : []));
const stepsOf = (events: readonly RunEvent[]) =>
  policyOf(events).flatMap((one) => (one.type === 'step' ? [one] : []));
const curve = (events: readonly RunEvent[]) =>
  policyOf(events).filter(({ type }) => type === 'step' || type === 'evaluated');
const keptOf = (events: readonly RunEvent[]) =>
  events.flatMap((one) => (one.type === 'kept' ? [one] : []));
const failureOf = (events: readonly RunEvent[]) =>
  events.flatMap((one) => (one.type === 'failed' ? [one.failure] : []))[0];

async function run(experiment: Experiment, conversation = talk()) {
  const one = await conversation;
  one.begin(1, experiment);
  await one.until(() => one.ended(1));
  return { ...one, told: one.events(1) };
}

describe('a training by reward', () => {
  test.each<[PolicyMethod, string[]]>([
    ['grpo', ['small']],
    ['codistillGrpo', ['small', 'large']],
    ['onPolicyDistillation', ['small']],
  ])(
    '%s: events in their order, times that add up, and checkpoints of whoever learned',
    async (method, learns) => {
      const { told, stored, begin, until, ended, events } = await run(experimentOf(method));
      expect(failureOf(told)).toBeUndefined();
      const types = policyOf(told).map(({ type }) => type);
      const pair = ['step', 'completions', 'step', 'completions', 'evaluated'];
      expect(types).toEqual(['started', 'evaluated', ...pair, ...pair, 'trained']);
      expect(told.at(-1)).toEqual({ type: 'completed' });
      expect(keptOf(told).map(({ role }) => role)).toEqual(learns);
      for (const one of told) {
        if (one.type !== 'policy') continue;
        const sum = Object.values(one.times).reduce((a, b) => a + b, 0);
        expect(Math.abs(one.ms - sum)).toBeLessThan(1e-6);
      }
      for (const { metrics } of stepsOf(told)) {
        expect(Object.keys(metrics)).toEqual(learns);
        for (const one of Object.values(metrics)) {
          for (const [name, value] of Object.entries(one)) expect(value, name).toBeTypeOf('number');
        }
      }
      const [kept] = keptOf(told);
      expect(stored().checkpoints.map(({ id }) => id)).toContain(kept!.checkpoint.id);
      expect(stored().resumable).toEqual([]);
      begin(2, {
        ...defaultExperiment,
        small: kept!.checkpoint.id,
        prompt: 'add 1+1: ',
        maxTokens: 5,
      });
      await until(() => ended(2));
      expect(events(2).map(({ type }) => type)).toContain('generated');
    },
  );

  it('with learning rates of 0 keeps the very weights that it began with', async () => {
    const rates = { learningRate: 0, largeLearningRate: 0 };
    const { told, ask } = await run(experimentOf('codistillGrpo', rates));
    const first = await ask({ type: 'export', id: keptOf(told)[0]!.checkpoint.id });
    const second = await ask({ type: 'export', id: keptOf(told)[1]!.checkpoint.id });
    if (first.type !== 'exported' || second.type !== 'exported') throw new Error('not exported');
    // Both began as the same file, and names are by content.
    const sha = (one: (typeof told)[number]) =>
      one.type === 'kept' ? one.checkpoint.id.split(':')[1] : '';
    expect(sha(keptOf(told)[0]!)).toBe(sha(keptOf(told)[1]!));
    const accuracies = policyOf(told).flatMap((e) =>
      e.type === 'evaluated' ? [e.accuracy.small] : [],
    );
    expect(new Set(accuracies.map((a) => JSON.stringify(a))).size).toBe(1);
  });

  it('goes step by step, each with its completions and the evaluation that is due', async () => {
    const { engine, begin, until, events, ended } = await talk();
    begin(1, experimentOf(), { paused: true });
    const types = () => policyOf(events(1)).map(({ type }) => type);
    engine.receive({ type: 'step', run: 1 });
    await until(() => types().includes('completions'));
    await soon();
    expect(types()).toEqual(['started', 'evaluated', 'step', 'completions']);
    engine.receive({ type: 'step', run: 1 });
    await until(() => types().filter((type) => type === 'evaluated').length === 2);
    await soon();
    expect(types().slice(4)).toEqual(['step', 'completions', 'evaluated']);
    engine.receive({ type: 'stop', run: 1 });
    await until(() => ended(1));
    expect(
      events(1)
        .slice(-2)
        .map(({ type }) => type),
    ).toEqual(['kept', 'completed']);
    expect(keptOf(events(1))[0]!.checkpoint.step).toBe(2);
  });
});

it('with LoRA trains adapters, which are kept by themselves as well', async () => {
  const { told } = await run(experimentOf('grpo', { tune: 'lora', loraRank: 2, beta: 0.1 }));
  expect(failureOf(told)).toBeUndefined();
  const [started] = policyOf(told);
  const whole = policyOf((await run(experimentOf('grpo', { steps: 1 }))).told)[0];
  if (started?.type !== 'started' || whole?.type !== 'started') throw new Error('not started');
  expect(started.parameters.small).toBeLessThan(whole.parameters.small! / 2);
  expect(stepsOf(told)[0]!.metrics.small!.kl).toBeLessThan(1e-9);
});

describe('a training by reward that was interrupted', () => {
  test.each<[PolicyMethod, Readonly<Record<string, number>>]>([
    ['grpo', { iterations: 2, beta: 0.1 }],
    ['codistillGrpo', {}],
  ])('%s goes on with the same curve, bit for bit', async (method, params) => {
    const experiment = experimentOf(method, params);
    const whole = curve((await run(experiment)).told);
    const shelf = browser();
    const first = await talk(shelf);
    first.begin(1, experiment, { paused: true });
    first.engine.receive({ type: 'step', run: 1 });
    await first.until(() => stepsOf(first.events(1)).length >= 1);
    await soon();
    first.engine.receive({ type: 'hidden' });
    await soon();
    first.engine.receive({ type: 'step', run: 1 });
    await first.until(() => stepsOf(first.events(1)).length >= 2);
    const second = await talk(reopened(shelf));
    second.engine.receive({ type: 'hello', baseUrl: '' });
    await second.until(() => (second.stored()?.resumable.length ?? 0) > 0);
    const [again] = second.stored().resumable;
    expect(again).toMatchObject({ step: 1, steps: 4 });
    second.begin(1, again!.experiment, { resume: again!.id });
    await second.until(() => second.ended(1));
    expect(failureOf(second.events(1))).toBeUndefined();
    expect(curve(second.events(1))).toEqual(whole);
    expect(second.stored().resumable).toEqual([]);
  });

  it('can be looked on at, and not be had, in a second tab while it goes on in the first', async () => {
    const shelf = browser();
    const first = await talk(shelf);
    first.begin(1, experimentOf(), { paused: true });
    first.engine.receive({ type: 'step', run: 1 });
    await first.until(() => stepsOf(first.events(1)).length >= 1);
    await soon();
    first.engine.receive({ type: 'hidden' });
    await soon();
    const second = await talk(shelf);
    second.engine.receive({ type: 'hello', baseUrl: '' });
    await second.until(() => second.stored() !== undefined);
    const { resumable, ongoing } = second.stored();
    expect(resumable).toEqual([]);
    expect(ongoing).toMatchObject([
      { step: 1, steps: 4, experiment: { params: experimentOf().params } },
    ]);
    const { id } = ongoing[0]!;
    const seen = await second.ask({ type: 'readTraining', id });
    if (seen.type !== 'trainingRead') throw new Error(JSON.stringify(seen));
    expect(seen.events).toEqual(first.events(1));
    second.begin(1, experimentOf(), { resume: id });
    await second.until(() => second.ended(1));
    expect(failureOf(second.events(1))).toMatchObject({ code: 'storage' });

    first.engine.receive({ type: 'stop', run: 1 });
    await first.until(() => first.ended(1));
    await second.ask({ type: 'list' });
    expect(second.stored()).toMatchObject({ resumable: [], ongoing: [] });
    expect(await second.ask({ type: 'readTraining', id })).toMatchObject({ type: 'refused' });
  });
});

describe('what is turned, and what goes wrong, while it runs', () => {
  it('another learning rate counts from the next step on, and is an event', async () => {
    const { engine, begin, until, events, ended } = await talk();
    begin(1, experimentOf(), { paused: true });
    engine.receive({ type: 'step', run: 1 });
    await until(() => stepsOf(events(1)).length >= 1);
    await soon();
    engine.receive({ type: 'adjust', run: 1, role: 'small', learningRate: 0.002 });
    engine.receive({ type: 'resume', run: 1 });
    await until(() => ended(1));
    const rates = stepsOf(events(1)).map(({ metrics }) => metrics.small!.learning_rate);
    expect(rates).toEqual([0.01, 0.002, 0.002, 0.002]);
    const adjusted = policyOf(events(1)).filter(({ type }) => type === 'adjusted');
    expect(adjusted).toEqual([
      { type: 'adjusted', step: expect.any(Number), role: 'small', learningRate: 0.002 },
    ]);
  });

  it('stops at the last good weights when the numbers run away, says where, and keeps those', async () => {
    const wild = { learningRate: 1e30, clip: 0, steps: 20, evaluateEvery: 0 };
    const { told } = await run(experimentOf('grpo', wild));
    const diverged = policyOf(told).find(({ type }) => type === 'diverged');
    expect(diverged).toMatchObject({ role: 'small' });
    expect(failureOf(told)).toBeUndefined();
    expect(told.at(-1)).toEqual({ type: 'completed' });
  });

  it('a store without room: the training goes on, says that it is not saved, and when it is again', async () => {
    const shelf = browser();
    let room = false;
    const full = {
      ...shelf,
      async write(path: string, contents: Parameters<typeof shelf.write>[1]) {
        if (!room && path.startsWith('trainings')) throw new Error('QuotaExceededError');
        await shelf.write(path, contents);
      },
    };
    const { engine, begin, until, events, ended } = await talk(full);
    begin(1, experimentOf(), { paused: true, saveEvery: 0 });
    const stepTo = async (count: number) => {
      engine.receive({ type: 'step', run: 1 });
      await until(() => stepsOf(events(1)).length >= count);
      await soon();
    };
    await stepTo(1);
    await stepTo(2);
    room = true;
    await stepTo(3);
    engine.receive({ type: 'resume', run: 1 });
    await until(() => ended(1));
    expect(stepsOf(events(1))).toHaveLength(4);
    const about = policyOf(events(1)).filter(({ type }) => /^(unsaved|savedAgain)$/.test(type));
    expect(about).toEqual([
      { type: 'unsaved', step: 1, why: 'QuotaExceededError' },
      { type: 'savedAgain', step: 3 },
    ]);
    expect(keptOf(events(1))).toHaveLength(1);
  });

  it('is saved as often as is asked for, also while it goes on', async () => {
    const { engine, begin, until, events, ended, ask, stored } = await talk();
    const saved = async () => {
      await ask({ type: 'list' });
      return stored().ongoing[0]?.step;
    };
    begin(1, experimentOf(), { paused: true, saveEvery: 3600 });
    const stepTo = async (count: number) => {
      engine.receive({ type: 'step', run: 1 });
      await until(() => stepsOf(events(1)).length >= count);
      await soon();
    };
    await stepTo(1);
    expect(await saved()).toBeUndefined();
    engine.receive({ type: 'saveEvery', seconds: 0 });
    await stepTo(2);
    expect(await saved()).toBe(2);
    engine.receive({ type: 'resume', run: 1 });
    await until(() => ended(1));
  });

  it('memory that is short: passes are halved, and that is told', async () => {
    const { told } = await run(
      experimentOf(),
      talk(browser(), { runtime: () => shortOfMemory(2) }),
    );
    expect(failureOf(told)).toBeUndefined();
    const said = policyOf(told).filter(({ type }) => type === 'smallerPasses');
    expect(said).toEqual([{ type: 'smallerPasses', step: 1, role: 'small', rows: 2 }]);
    expect(stepsOf(told)).toHaveLength(4);
  });

  it('knobs that do not go together are refused before anything is loaded', async () => {
    const { told } = await run(experimentOf('codistillGrpo', { samples: 4, group: 8 }));
    expect(failureOf(told)?.message).toBe('8 completions are to be kept of 4.');
  });
});

describe('questions of one’s own', () => {
  const file = (...lines: object[]) =>
    new Blob([lines.map((line) => JSON.stringify(line)).join('\n')]);
  const source = (blob: Blob) => ({ name: 'own.jsonl', file: blob });

  it('are learned from, with their own checker', async () => {
    const conversation = await talk();
    const lines = Array.from({ length: 12 }, (_, i) => ({
      prompt: `add ${i}+1: `,
      answer: '[0-9].*',
    }));
    const checkpoint = 'base-small';
    const answer = await conversation.ask({
      type: 'readData',
      checkpoint,
      source: source(file(...lines)),
      checker: 'pattern',
    });
    if (answer.type !== 'dataRead') throw new Error(JSON.stringify(answer));
    expect(answer.report).toMatchObject({ examples: 12, problemCount: 0 });
    const experiment = experimentOf('grpo', { checker: 'pattern' }, { data: answer.report.id });
    const { told } = await run(experiment, Promise.resolve(conversation));
    expect(failureOf(told)).toBeUndefined();
    const [started] = policyOf(told);
    expect(started).toMatchObject({ type: 'started', examples: 11, heldOut: 1 });
    const shown = policyOf(told).find((one) => one.type === 'completions');
    expect(shown?.type === 'completions' && shown.groups[0]!.expected).toBe('[0-9].*');
  });

  test.each<[Checker, object[], number, string]>([
    [
      'exact',
      [{ prompt: 'add 1+1: ', answer: '2.' }, { prompt: 'add 1+1: ' }],
      2,
      'has no "answer"',
    ],
    ['numeric', [{ prompt: 'add 1+1: ', answer: 'two' }], 1, 'without a number'],
    ['pattern', [{ prompt: 'add 1+1: ', answer: '(2' }], 1, 'expression that cannot be read'],
    ['exact', [{ prompt: '日', answer: '2' }], 1, 'cannot be read by this model'],
    ['exact', [{ prompt: 'add 1+1: ', answer: '' }], 1, 'nothing would be right'],
  ])('a line that cannot be used is named: %s %j', async (checker, lines, line, what) => {
    const { ask } = await talk();
    const answer = await ask({
      type: 'readData',
      checkpoint: 'base-small',
      source: source(file(...lines)),
      checker,
    });
    if (answer.type !== 'dataRead') throw new Error(JSON.stringify(answer));
    expect(answer.report.problems).toHaveLength(1);
    expect(answer.report.problems[0]).toMatchObject({ line, what: expect.stringContaining(what) });
    expect(answer.report.id).toBe('');
  });
});

/** A runtime that cannot train more than so many rows at a time. */
async function shortOfMemory(rows: number): Promise<OrtRuntime> {
  const runtime = await loadNodeRuntime();
  return {
    ...runtime,
    async createSession(model) {
      const session = await runtime.createSession(model);
      const pass = session.run.bind(session);
      session.run = (async (feeds: Parameters<typeof pass>[0]) => {
        const many = (feeds.weights?.dims[0] ?? 0) > rows;
        if (many) throw new Error('std::bad_alloc');
        return pass(feeds);
      }) as typeof session.run;
      return session;
    },
  };
}
