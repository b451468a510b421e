// A run on table models that speak digits: its record must add up, whatever the method.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { tableModel } from '../../test/support/tableModel.ts';
import { createCpuBackend } from '../backend/cpu.ts';
import type { RunEvent } from '../core/events.ts';
import { defaultsOf } from '../core/params.ts';
import { uniform } from '../core/rng.ts';
import { ROLES } from '../core/roles.ts';
import { methods, methodsOf } from '../experiment/catalogue.ts';
import { defaultExperiment, type Experiment } from '../experiment/experiment.ts';
import { checkMethod, rolesNeeded, rolesWithOwnVocabulary } from './roles.ts';
import type { Room } from './room.ts';
import { runExperiment } from './runExperiment.ts';

const VOCAB = 12;
const EOS = 11;

/** Token v is the character of v; 11 ends the text. */
function room(seed: number): Room {
  const model = (who: number) =>
    tableModel(
      (prefix) =>
        Array.from({ length: VOCAB }, (_, v) => {
          const step = (prefix.at(-1) ?? 0) * 13 + prefix.length;
          const shared = uniform({ seed, run: 0, step, row: v });
          return 5 * shared + 4 * uniform({ seed, run: who, step, row: v });
        }),
      VOCAB,
      EOS,
      200,
    );
  return {
    models: Object.fromEntries(ROLES.map((role, i) => [role, model(i + 1)])),
    ops: createCpuBackend().ops,
    tokenizer: {
      encode: (text) => [...text].map((character) => character.charCodeAt(0) % 11),
      decode: (ids) => ids.filter((id) => id !== EOS).join(' '),
      piece: (id) => (id === EOS ? '<eos>' : String(id)),
    },
  };
}

async function record(experiment: Partial<Experiment>, where = room(1)): Promise<RunEvent[]> {
  const events: RunEvent[] = [];
  for await (const event of runExperiment({ ...defaultExperiment, ...experiment }, where)) {
    events.push(event);
  }
  return events;
}
const without = (events: readonly RunEvent[]) =>
  JSON.stringify(events, (key, value) =>
    ['ms', 'passMs', 'timing'].includes(key) ? undefined : value,
  );

describe('generate', () => {
  test('the record adds up: tokens, passes, drafts, time', () =>
    fc.assert(
      fc.asyncProperty(
        fc.nat(1e6),
        fc.double({ min: 0, max: 1, noNaN: true }),
        async (seed, fb) => {
          const where = room(seed);
          const params = { fallbackThreshold: fb, rollbackThreshold: 2, maxDraft: 10 };
          const events = await record({ params, maxTokens: 40 }, where);
          expect(events[0]?.type).toBe('prompt');
          expect(events.at(-1)).toEqual({ type: 'completed' });

          const generated = events.find((event) => event.type === 'generated');
          const baseline = events.find((event) => event.type === 'baseline');
          if (!generated || !baseline) throw new Error('incomplete run');
          const y: number[] = [];
          const prompt = defaultExperiment.prompt.length;
          let ms = 0;
          for (const event of events) {
            if (event.type !== 'decode') continue;
            ms += event.ms;
            if (event.event.type === 'token') y.push(event.event.token);
            if (event.event.type === 'rollback') y.length = event.event.at - prompt;
          }
          expect(generated.tokens).toEqual(y);
          const { stats } = generated;
          expect(stats.ms).toBeGreaterThanOrEqual(ms);
          expect(stats.tokens).toBe(y.length);
          expect(stats.drafted).toBe(stats.accepted + stats.rolledBack);
          expect(stats.small.passes).toBe(stats.drafted + stats.fallbacks);
          const handOvers = events.filter(
            (e) => e.type === 'decode' && e.event.type === 'handOver',
          );
          expect(stats.large.passes).toBe(handOvers.length);
          // Alone, the large model makes one pass per token, and the small one none.
          expect(baseline.stats.large.passes).toBe(baseline.tokens.length);
          expect(baseline.stats.small.passes).toBe(0);
        },
      ),
      { numRuns: 60 },
    ));

  test('the same experiment gives the same record, also after other runs in the same room', async () => {
    const where = room(4);
    for (const method of ['bild', 'sample', 'greedy'] as const) {
      const params = method === 'bild' ? {} : { model: 'small', temperature: 1 };
      const first = without(await record({ method, params, maxTokens: 30 }, where));
      await record({ method: 'sample', params: { model: 'large' }, seed: 7 }, where);
      expect(without(await record({ method, params, maxTokens: 30 }, where))).toBe(first);
    }
  });

  test.each(methodsOf('generate'))(
    '%s: the record adds up, and is the same again',
    async (method) => {
      const where = room(6);
      const usual = defaultsOf(methods[method].params);
      for (const temperature of [usual.temperature, 0.9]) {
        if (temperature === undefined) continue;
        const experiment = { method, params: { ...usual, temperature }, maxTokens: 25 };
        const events = await record(experiment, where);
        expect(without(await record(experiment, where))).toBe(without(events));
        expect(events.at(-1)).toEqual({ type: 'completed' });
        const generated = events.find((event) => event.type === 'generated');
        if (!generated) throw new Error('nothing was written');
        const y: number[] = [];
        const prompt = defaultExperiment.prompt.length;
        for (const event of events) {
          if (event.type !== 'decode') continue;
          if (event.event.type === 'token') {
            expect(event.event.at).toBe(prompt + y.length);
            expect(event.text).toBeTypeOf('string');
            y.push(event.event.token);
          }
          if (event.event.type === 'rollback') y.length = event.event.at - prompt;
          if (event.event.type === 'chunk') {
            expect(event.texts).toHaveLength(event.event.candidates.length);
          }
          if (event.event.type === 'beams')
            expect(event.texts).toHaveLength(event.event.rows.length);
        }
        expect(generated.tokens).toEqual(y);
        // Whoever takes part has worked, and nobody else.
        const roles = methods[method].roles({ ...usual, temperature });
        for (const role of ROLES) {
          const passes = generated.stats[role]?.passes ?? 0;
          if (roles.includes(role)) expect(passes).toBeGreaterThan(0);
          else expect(passes).toBe(0);
        }
        // Large alone is the yardstick of every method that has other models in it.
        const baseline = events.some((event) => event.type === 'baseline');
        expect(baseline).toBe(roles.length > 1);
      }
    },
  );

  test('the yardstick draws as the method does: with nothing added it writes the same', async () => {
    const usual = defaultsOf(methods.proxyTuning.params);
    const params = { ...usual, alpha: 0, temperature: 0.9, topK: 6 };
    const events = await record({ method: 'proxyTuning', params, maxTokens: 30 });
    const [generated, baseline] = ['generated', 'baseline'].map((type) =>
      events.find((event) => event.type === type),
    );
    if (generated?.type !== 'generated' || baseline?.type !== 'baseline') throw new Error('none');
    expect(baseline.tokens).toEqual(generated.tokens);
  });

  test('a method says whom it needs and who may read with a tokenizer of their own', () => {
    const of = (method: Experiment['method'], params = {}) => ({
      ...defaultExperiment,
      method,
      params,
    });
    expect(rolesNeeded(of('dynamicFusion', { experts: 2 }))).toEqual([
      'small',
      'large',
      'expert',
      'expert2',
    ]);
    expect(rolesNeeded(of('dExperts'))).toEqual(['large', 'expert', 'antiExpert']);
    const contenders = [{ label: '', method: 'weakToStrong', params: {} }] as const;
    expect(rolesNeeded({ ...defaultExperiment, mode: 'evaluate', contenders })).toEqual([
      'small',
      'large',
      'tuned',
      'untuned',
    ]);
    expect(rolesWithOwnVocabulary(of('weakToStrong'))).toEqual(['tuned', 'untuned']);
    expect(rolesWithOwnVocabulary(of('emulatedFineTuning'))).toEqual([]);
    for (const method of methodsOf('generate')) {
      const { parts, roles, params } = methods[method];
      for (const role of roles(defaultsOf(params))) expect(parts[role]).toMatch(/^[A-Z].*\.$/);
    }
  });

  test('knobs that do not go together are refused before anything is loaded', () => {
    const params = { temperature: 0 };
    expect(() => checkMethod({ ...defaultExperiment, method: 'bestOfN', params })).toThrow(
      'At temperature 0 all 16 candidates',
    );
    expect(() => checkMethod(defaultExperiment)).not.toThrow();
  });

  test('one model alone needs no other, and is its own yardstick', async () => {
    const { models, ...rest } = room(2);
    const small = models.small;
    if (!small) throw new Error('no small model');
    const events = await record(
      { method: 'greedy', params: { model: 'small' } },
      { ...rest, models: { small } },
    );
    expect(events.some((event) => event.type === 'baseline')).toBe(false);
    const chosen = { ...defaultExperiment, method: 'greedy' as const, params: { model: 'small' } };
    expect(rolesNeeded(chosen)).toEqual(['small']);
    expect(rolesNeeded(defaultExperiment)).toEqual(['small', 'large']);
  });

  test('a run that is stopped between two events runs no model any more', async () => {
    const where = room(3);
    const run = runExperiment(defaultExperiment, where);
    await run.next();
    await run.next();
    const passes = where.models.small?.count.passes;
    await run.return();
    expect(where.models.small?.count.passes).toBe(passes);
    expect((await run.next()).done).toBe(true);
  });

  test.each([
    [{ prompt: 'x'.repeat(150), maxTokens: 60 }, 'Lower “Most new tokens” to 50 or less'],
    [{ prompt: 'x'.repeat(300), maxTokens: 1 }, 'Shorten the prompt to fewer than 200 tokens'],
  ])('what does not fit the context is refused with numbers', async (experiment, remedy) => {
    await expect(record(experiment)).rejects.toMatchObject({
      name: 'UserError',
      code: 'context',
      remedy: expect.stringContaining(remedy),
    });
  });
});

describe('evaluate', () => {
  test('every contender answers every problem, each in every place of the order', async () => {
    const events = await record({ mode: 'evaluate', problems: 6, maxTokens: 20 });
    const answers = events.filter((event) => event.type === 'answer');
    expect(answers).toHaveLength(18);
    const order = answers.map((answer) => `${answer.index} ${answer.contender}`);
    expect(new Set(order).size).toBe(18);
    for (const contender of [0, 1, 2]) {
      const places = answers.flatMap((answer, i) =>
        answer.contender === contender ? [i % 3] : [],
      );
      expect(new Set(places)).toEqual(new Set([0, 1, 2]));
    }
    expect(events.at(-1)).toEqual({ type: 'completed' });
  });

  test('BiLD below ln 2 answers exactly as the large model alone', async () => {
    const params = { fallbackThreshold: 0.4, rollbackThreshold: 0.6, maxDraft: 5 };
    const contenders = [{ label: '', method: 'bild' as const, params }];
    const events = await record({ mode: 'evaluate', problems: 20, contenders, maxTokens: 30 });
    const text = (who: number, i: number) =>
      events.find((e) => e.type === 'answer' && e.contender === who && e.index === i);
    for (let i = 0; i < 20; i++) {
      const large = text(1, i);
      const method = text(2, i);
      expect(method?.type === 'answer' && method.text).toBe(large?.type === 'answer' && large.text);
    }
  });

  test('the answer to a problem depends neither on how many there are nor on their order', async () => {
    const contenders = [{ label: '', method: 'sample' as const, params: { model: 'large' } }];
    const options = { mode: 'evaluate', contenders, maxTokens: 20 } as const;
    const few = await record({ ...options, problems: 2 });
    const many = await record({ ...options, problems: 5 });
    const texts = (events: RunEvent[]) =>
      events.flatMap((e) =>
        e.type === 'answer' && e.index < 2 ? [`${e.contender} ${e.text}`] : [],
      );
    expect(texts(many)).toEqual(texts(few));
  });

  test('stopping keeps what there is', async () => {
    let asked = 0;
    const experiment = { ...defaultExperiment, mode: 'evaluate' as const, maxTokens: 20 };
    const answers: RunEvent[] = [];
    for await (const event of runExperiment(experiment, room(1), () => ++asked > 100)) {
      answers.push(event);
    }
    expect(answers.length).toBeGreaterThan(0);
    expect(answers.every((event) => event.type === 'answer')).toBe(true);
  });
});
