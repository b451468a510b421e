// BiLD on table models: the clean policy's traces from the oracle, and what must hold for every pair of
// models and every setting.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import oracle from '../../test/oracles/bild.json' with { type: 'json' };
import { bigram, type TableModel, tableModel } from '../../test/support/tableModel.ts';
import { createCpuBackend } from '../backend/cpu.ts';
import type { DecodeAlgorithm } from '../core/algorithm.ts';
import type { DecodeEvent } from '../core/events.ts';
import type { ParamsTable } from '../core/params.ts';
import { uniform } from '../core/rng.ts';
import { bild } from './bild.ts';
import { greedy } from './greedy.ts';
import { sample } from './sample.ts';

const { ops } = createCpuBackend();
const EOS = 1;

interface Run {
  readonly tokens: readonly number[];
  readonly events: readonly DecodeEvent[];
}

async function run(
  algorithm: DecodeAlgorithm<ParamsTable>,
  models: { small: TableModel; large: TableModel },
  params: Record<string, number | string>,
  { prompt = [0], maxTokens = 40, seed = 1 } = {},
): Promise<Run> {
  const tokens = [...prompt];
  const events: DecodeEvent[] = [];
  const context = { models, ops, prompt, maxTokens, params, seed, run: 0 };
  for await (const event of algorithm.decode(context as never)) {
    events.push(event);
    if (event.type === 'rollback') tokens.length = event.at;
    if (event.type === 'token') {
      expect(event.at).toBe(tokens.length);
      tokens.push(event.token);
    }
  }
  return { tokens, events };
}
const runBild = (
  models: { small: TableModel; large: TableModel },
  fallbackThreshold: number,
  rollbackThreshold: number,
  maxDraft = 10,
  options = {},
) => run(bild as never, models, { fallbackThreshold, rollbackThreshold, maxDraft }, options);
const runGreedy = (
  models: { small: TableModel; large: TableModel },
  model: 'small' | 'large',
  options = {},
) => run(greedy as never, models, { model }, options);

/** Two random models over 6 tokens whose next token depends on the last two, agreeing by `agreement`. */
function randomPair(seed: number, agreement: number) {
  const row = (who: number, prefix: readonly number[]) =>
    Array.from({ length: 6 }, (_, v) => {
      const context = (prefix.at(-1) ?? 0) * 7 + (prefix.at(-2) ?? 0);
      const shared = uniform({ seed, run: 0, step: context, row: v });
      const own = uniform({ seed, run: who, step: context, row: v });
      return 6 * (agreement * shared + (1 - agreement) * own) - (v === EOS ? 1 : 0);
    });
  return {
    small: tableModel((prefix) => row(1, prefix), 6, EOS),
    large: tableModel((prefix) => row(2, prefix), 6, EOS),
  };
}
const pairs = fc.record({
  seed: fc.nat(1e6),
  agreement: fc.double({ min: 0, max: 1, noNaN: true }),
});

describe('the clean policy’s traces', () => {
  const traces = oracle.cases.filter((c) => 'paper_trace' in c.expected);
  test('there are eight of them', () => expect(traces).toHaveLength(8));

  test.each(traces.map((c) => [c.id, c] as const))('%s', async (_, { inputs, expected }) => {
    const models = {
      small: bigram(inputs.small_logits as never, EOS),
      large: bigram(inputs.large_logits as never, EOS),
    };
    const prompt = inputs.prompt as number[];
    const { tokens, events } = await runBild(
      models,
      inputs.fallback_threshold as number,
      inputs.rollback_threshold as number,
      inputs.num_small_iters as number,
      { prompt, maxTokens: (inputs.max_length_including_prompt as number) - prompt.length },
    );
    expect(tokens).toEqual(expected.paper_output);
    expect({
      small_calls: models.small.count.passes,
      large_calls: models.large.count.passes,
      fallbacks: events.filter((e) => e.type === 'handOver' && e.why === 'fallback').length,
      rollbacks: events.filter((e) => e.type === 'rollback').length,
    }).toEqual(expected.paper_stats);

    // Replay the oracle's trace step by step: who acted, why, how far each draft token was.
    const y = [...prompt];
    let i = 0;
    for (const step of expected.paper_trace as TraceStep[]) {
      if (step.model === 'small') {
        const event = events[i++];
        expect(event).toMatchObject({ type: 'token', by: 'small' });
        if (event?.type !== 'token') throw new Error('expected a token');
        expect(Math.abs(event.prob - (step.max_prob as number))).toBeLessThanOrEqual(2e-5);
        y.push(event.token);
      } else {
        const why = { fallback: 'fallback', draft_cap: 'draftCap', final_verify: 'finalVerify' };
        expect(events[i++]).toMatchObject({
          type: 'handOver',
          why: why[step.why as keyof typeof why],
          pending: step.draft_losses.length,
        });
        if (step.draft_losses.length > 0) {
          const verdict = events[i++];
          if (verdict?.type !== 'verdict') throw new Error('expected a verdict');
          expect(verdict.distances).toHaveLength(step.draft_losses.length);
          step.draft_losses.forEach((d, j) => {
            expect(Math.abs((verdict.distances[j] as number) - d)).toBeLessThanOrEqual(2e-5);
          });
        }
        if (step.action === 'rollback') {
          const event = events[i++];
          if (event?.type !== 'rollback') throw new Error('expected a rollback');
          y.length = event.at;
        }
        if (step.action !== 'accept_all') {
          const event = events[i++];
          if (event?.type !== 'token') throw new Error('expected a token');
          expect(event.by).toBe('large');
          y.push(event.token);
        }
      }
      expect(y).toEqual(step.seq_after);
    }
    expect(events.slice(i)).toMatchObject([{ type: 'finished' }]);
  });

  test('the distance is −log p, and the threshold is strict', async () => {
    const { inputs, expected } = oracle.cases.find((c) => c.id === 'rollback_metric') as never as {
      inputs: { large_logits: number[]; draft: number; thresholds: number[] };
      expected: { loss: number; rollback: boolean[] };
    };
    const model = tableModel(() => inputs.large_logits, 4, 3);
    const judge = async (threshold: number) =>
      ops.verifyDraft(await model.logits([0, inputs.draft], 1), [inputs.draft], threshold);
    const exact = await judge(0);
    expect(Math.abs((exact.distances[0] as number) - expected.loss)).toBeLessThanOrEqual(2e-5);
    for (const [i, threshold] of inputs.thresholds.entries()) {
      expect((await judge(threshold)).accepted).toBe(expected.rollback[i] ? 0 : 1);
    }
    // Two equal logits: the second token's distance is ln 2, which does not exceed ln 2.
    const coin = await tableModel(() => [0, 0], 2, 5).logits([0, 1], 1);
    expect((await ops.verifyDraft(coin, [1], Math.LN2)).accepted).toBe(1);
    expect((await ops.verifyDraft(coin, [1], Math.LN2 - 1e-6)).accepted).toBe(0);
  });
});

interface TraceStep {
  readonly model: 'small' | 'large';
  readonly why?: string;
  readonly action: string;
  readonly max_prob?: number;
  readonly draft_losses: readonly number[];
  readonly seq_after: readonly number[];
}

describe('theorems', () => {
  test('a fallback threshold above 1 gives exactly the large model’s greedy text', () =>
    fc.assert(
      fc.asyncProperty(pairs, fc.nat(20), async ({ seed, agreement }, rollback) => {
        const models = randomPair(seed, agreement);
        const { tokens } = await runGreedy(models, 'large');
        expect((await runBild(models, 1.01, rollback)).tokens).toEqual(tokens);
      }),
    ));

  test('any rollback threshold below ln 2 gives exactly the large model’s greedy text', () =>
    fc.assert(
      fc.asyncProperty(
        pairs,
        fc.double({ min: 0, max: 1.05, noNaN: true }),
        fc.double({ min: 0, max: Math.LN2 - 1e-4, noNaN: true }),
        fc.integer({ min: 1, max: 12 }),
        async ({ seed, agreement }, fallback, rollback, maxDraft) => {
          const models = randomPair(seed, agreement);
          const { tokens } = await runGreedy(models, 'large');
          expect((await runBild(models, fallback, rollback, maxDraft)).tokens).toEqual(tokens);
        },
      ),
    ));

  test('identical models never roll back, and the large one runs at most every other token', () =>
    fc.assert(
      fc.asyncProperty(
        pairs,
        fc.double({ min: 0, max: 20, noNaN: true }),
        async ({ seed }, rollback) => {
          const { large } = randomPair(seed, 1);
          const { small } = randomPair(seed, 1);
          const { tokens, events } = await runBild({ small, large }, 0, rollback);
          expect(events.filter((e) => e.type === 'rollback')).toEqual([]);
          expect(large.count.passes).toBeLessThanOrEqual(Math.ceil((tokens.length - 1) / 2));
        },
      ),
    ));

  test('fallback 0 and no rollback: the small model’s greedy text but for forced hand-overs', () =>
    fc.assert(
      fc.asyncProperty(
        pairs,
        fc.integer({ min: 1, max: 12 }),
        async ({ seed, agreement }, maxDraft) => {
          const models = randomPair(seed, agreement);
          const { tokens, events } = await runBild(models, 0, Number.POSITIVE_INFINITY, maxDraft);
          expect(events.some((e) => e.type === 'rollback')).toBe(false);
          for (const event of events) {
            if (event.type !== 'token' || event.by !== 'small') continue;
            const row = await models.small.logits(tokens.slice(0, event.at), event.at);
            expect(event.token).toBe((await ops.top1(row, 0)).token);
          }
          const byLarge = events.filter((e) => e.type === 'token' && e.by === 'large');
          const caps = events.filter((e) => e.type === 'handOver' && e.why === 'draftCap');
          expect(byLarge).toHaveLength(caps.length);
        },
      ),
    ));

  test('nothing ends unverified, no row is asked for twice, and no limit is passed', () =>
    fc.assert(
      fc.asyncProperty(
        pairs,
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 10, noNaN: true }),
        fc.integer({ min: 1, max: 30 }),
        async ({ seed, agreement }, fallback, rollback, maxTokens) => {
          const models = randomPair(seed, agreement);
          const { tokens, events } = await runBild(models, fallback, rollback, 10, { maxTokens });
          expect(tokens.length).toBeLessThanOrEqual(1 + maxTokens);
          expect(tokens.indexOf(EOS)).toBe(tokens.at(-1) === EOS ? tokens.length - 1 : -1);
          const finished = events.at(-1);
          expect(finished).toEqual({
            type: 'finished',
            reason: tokens.at(-1) === EOS ? 'eos' : 'length',
          });
          // The large model is asked exactly once per hand-over, from the first unverified token on.
          expect(models.large.calls).toHaveLength(
            events.filter((e) => e.type === 'handOver').length,
          );
          // Drafted = accepted + rolled back.
          let drafted = 0;
          let judged = 0;
          for (const event of events) {
            if (event.type === 'token' && event.by === 'small') drafted++;
            if (event.type === 'verdict') judged += event.distances.length;
          }
          expect(judged).toBe(drafted);
        },
      ),
    ));

  test('an end of text inside the prompt does not end the text', async () => {
    const models = randomPair(3, 0.5);
    const { tokens } = await runBild(models, 0.5, 2, 10, { prompt: [0, EOS], maxTokens: 5 });
    expect(tokens.length).toBeGreaterThan(2);
  });
});

describe('one model alone', () => {
  const filters = { temperature: 1, topK: 0, topP: 1, minP: 0 };

  test('temperature 0, top-k 1 and a tiny top-p are all greedy', () =>
    fc.assert(
      fc.asyncProperty(pairs, fc.constantFrom('small', 'large'), async ({ seed }, model) => {
        const models = randomPair(seed, 0.3);
        const { tokens } = await runGreedy(models, model as 'small');
        for (const greedyLike of [{ temperature: 0 }, { topK: 1 }, { topP: 0.001 }, { minP: 1 }]) {
          const params = { ...filters, ...greedyLike, model };
          expect((await run(sample as never, models, params)).tokens).toEqual(tokens);
        }
      }),
      { numRuns: 30 },
    ));

  test('the same seed gives the same text, another seed another one', async () => {
    const models = randomPair(5, 0.3);
    const params = { ...filters, model: 'large' };
    const first = await run(sample as never, models, params, { seed: 9 });
    expect((await run(sample as never, models, params, { seed: 9 })).tokens).toEqual(first.tokens);
    const others = [];
    for (let seed = 10; seed < 20; seed++) {
      others.push((await run(sample as never, models, params, { seed })).tokens.join());
    }
    expect(new Set(others).size).toBeGreaterThan(3);
  });
});
