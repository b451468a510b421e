// A dataset of what a large model writes: made of problems that nothing else asks, complete or as far as it got, and read
// by a training like any other file.

import { beforeAll, describe, expect, test } from 'vitest';
import { loadNodeRuntime } from '../../cli/nodeRuntime.ts';
import { talkTo } from '../../test/support/talkTo.ts';
import { trainers } from '../algorithms/index.ts';
import { defaultsOf } from '../core/params.ts';
import { defaultExperiment, type Experiment } from '../experiment/experiment.ts';
import type { OrtRuntime } from '../models/runtime.ts';
import { createMemoryShelf } from '../store/memoryShelf.ts';
import { openStore, type Store } from '../store/store.ts';
import { tasks } from '../tasks/index.ts';
import { parseJsonLines } from '../tasks/jsonLines.ts';
import { ALIGNMENT_SEED, nothingUsable, toJsonLines } from './align.ts';
import { HELD_OUT_SEED } from './examples.ts';
import type { Alignment, FromWorker } from './protocol.ts';

let runtime: OrtRuntime;
beforeAll(async () => {
  runtime = await loadNodeRuntime();
});

/** An expert plays the large model: one of the family's small ones, which is quick and right. */
const additions: Experiment = {
  ...defaultExperiment,
  large: 'small-addition',
  task: 'addition',
  difficulty: 2,
  maxTokens: 8,
  seed: 5,
};

function talk(changes: Parameters<typeof talkTo>[1] = {}) {
  const store: Promise<Store> = openStore(createMemoryShelf());
  const conversation = talkTo(runtime, { store: () => store, ...changes });
  const { engine, said, until } = conversation;
  const answerTo = (request: number) =>
    said.find(
      (one): one is Extract<FromWorker, { type: 'aligned' | 'refused' }> =>
        (one.type === 'aligned' || one.type === 'refused') && one.request === request,
    );
  const align = (request: number, problems: number, experiment = additions) =>
    engine.receive({ type: 'align', request, experiment, problems });
  async function answered(request: number): Promise<Alignment> {
    await until(() => answerTo(request) !== undefined);
    const answer = answerTo(request)!;
    if (answer.type === 'refused') throw new Error(answer.failure.message);
    return answer.alignment;
  }
  const progressOf = (request: number) =>
    said.flatMap((one) => (one.type === 'errand' && one.request === request ? [one] : []));
  const lines = async ({ data }: Alignment) =>
    (await parseJsonLines(new TextDecoder().decode(await (await store).readData(data.id))))
      .examples;
  return { ...conversation, align, answered, answerTo, progressOf, lines };
}

describe('prediction alignment', () => {
  test('is what the large model answers to seeded problems, as a file that a training reads', async () => {
    const { align, answered, progressOf, lines, start, until, ended, events, engine, said } =
      talk();
    align(1, 12);
    const alignment = await answered(1);
    expect(alignment).toMatchObject({ asked: 12, examples: 12 });
    expect(alignment.short).toBeUndefined();
    expect(alignment.data.name).toBe('Addition by Small, addition.jsonl');
    const examples = await lines(alignment);
    const problems = examples.map((_, i) => tasks.addition.problem(5 + ALIGNMENT_SEED, i, 2));
    expect(examples.map(({ prompt }) => prompt)).toEqual(problems.map(({ prompt }) => prompt));
    // The reward was computed from these very answers.
    const right = examples.filter(({ completion }, i) => completion === problems[i]!.answer).length;
    expect(right).toBeGreaterThan(6);
    expect(alignment.reward).toBe(right / 12);
    expect(progressOf(1).at(-1)).toMatchObject({ loaded: 12, total: 12 });
    expect(progressOf(1).at(-1)!.last).toEqual({
      prompt: examples[11]!.prompt,
      completion: examples[11]!.completion,
    });

    const params = { ...defaultsOf(trainers.sft.params), steps: 1, batch: 4, evaluateEvery: 0 };
    start(2, {
      mode: 'train',
      method: 'sft',
      params,
      small: 'base-small',
      data: alignment.data.id,
      problems: 1,
    });
    await until(() => ended(2));
    expect(events(2).map(({ type }) => type)).toContain('kept');

    engine.receive({ type: 'export', request: 3, id: alignment.data.id });
    const exported = () => said.find((one) => one.type === 'exported');
    await until(() => exported() !== undefined);
    const { name, file } = exported() as Extract<FromWorker, { type: 'exported' }>;
    expect(name).toBe(alignment.data.name);
    expect(await file.text()).toBe(
      examples
        .map(({ prompt, completion }) => `${JSON.stringify({ prompt, completion })}\n`)
        .join(''),
    );
  });

  test('asks nothing that an evaluation, a sweep of seeds or a training holds out', () => {
    const prompts = (seed: number) =>
      Array.from({ length: 50 }, (_, i) => tasks.numberWords.problem(seed, i, 9).prompt);
    const asked = new Set(prompts(1 + ALIGNMENT_SEED).filter((prompt) => prompt.length > 10));
    for (const seed of [1, 2, 3, 10, 1 + HELD_OUT_SEED]) {
      expect(prompts(seed).filter((prompt) => asked.has(prompt))).toEqual([]);
    }
  });

  test('keeps the answers that there are when it is stopped', async () => {
    const { align, answered, progressOf, until, engine, lines } = talk();
    align(1, 10_000);
    await until(() => progressOf(1).length >= 2);
    engine.receive({ type: 'enough', of: 1 });
    const alignment = await answered(1);
    expect(alignment.short).toBe('stopped');
    expect(alignment.asked).toBeGreaterThan(0);
    expect(alignment.asked).toBeLessThan(10_000);
    expect(await lines(alignment)).toHaveLength(alignment.examples);
  });

  test('lets a run go first, and ends with the same answers', async () => {
    const { align, answered, progressOf, until, start, ended, lines, answerTo } = talk();
    align(1, 30);
    await until(() => progressOf(1).length >= 1);
    start(2, { method: 'greedy', params: { model: 'small' }, small: 'base-small', maxTokens: 40 });
    await until(() => ended(2));
    expect(answerTo(1)).toBeUndefined();
    const interrupted = await lines(await answered(1));
    const alone = talk();
    alone.align(1, 30);
    expect(await alone.lines(await alone.answered(1))).toEqual(interrupted);
  });

  test('waits for a run that goes on, and can be given up meanwhile', async () => {
    const { align, until, start, answerTo, engine, types } = talk();
    start(1, { method: 'greedy', params: { model: 'small' }, small: 'base-small' }, true);
    align(2, 3);
    await until(() => types(1).length >= 0);
    engine.receive({ type: 'enough', of: 2 });
    await until(() => answerTo(2) !== undefined);
    expect(answerTo(2)).toMatchObject({
      type: 'refused',
      failure: { message: 'It was stopped before the first answer was complete.' },
    });
    engine.receive({ type: 'stop', run: 1 });
  });

  test('keeps what it has when the model breaks, and says why', async () => {
    let passes = 0;
    const breaking: OrtRuntime = {
      ...runtime,
      async createSession(model) {
        const session = await runtime.createSession(model);
        const run = session.run.bind(session);
        session.run = (async (feeds: Parameters<typeof run>[0]) => {
          if (++passes > 60) throw new Error('std::bad_alloc');
          return run(feeds);
        }) as typeof session.run;
        return session;
      },
    };
    const { align, answered } = talk({ runtime: async () => breaking });
    align(1, 100);
    const alignment = await answered(1);
    expect(alignment.asked).toBeGreaterThan(2);
    expect(alignment.short).toMatchObject({ message: expect.any(String) });
    expect(alignment.short).not.toBe('stopped');
  });

  test('of a model that never ends is refused with what to do', async () => {
    const { align, until, answerTo } = talk();
    align(1, 2, { ...additions, maxTokens: 1 });
    await until(() => answerTo(1) !== undefined);
    expect(answerTo(1)).toMatchObject({
      type: 'refused',
      failure: { code: 'data', message: expect.stringContaining('None of 2 answers ended') },
    });
    const missing = { ...additions, large: `local:${'a'.repeat(64)}:gone` };
    align(2, 2, missing);
    await until(() => answerTo(2) !== undefined);
    expect(answerTo(2)).toMatchObject({ type: 'refused' });
  });
});

test('answers that were cut are no examples', () => {
  const one = { prompt: 'say 1: ', completion: 'one.', reward: 1, cut: false };
  expect(toJsonLines([one, { ...one, completion: 'on', cut: true }])).toBe(
    '{"prompt":"say 1: ","completion":"one."}\n',
  );
  expect(nothingUsable(0, 5).message).toContain('stopped before');
});
