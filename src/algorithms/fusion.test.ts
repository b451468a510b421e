// Fusing logits on table models: the oracles' numbers, step by step, and the limits whose answer is another method.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import dlf from '../../test/oracles/dlf.json' with { type: 'json' };
import proxy from '../../test/oracles/proxy_dexperts.json' with { type: 'json' };
import w2s from '../../test/oracles/w2s_search.json' with { type: 'json' };
import { bigram, type TableModel, tableModel } from '../../test/support/tableModel.ts';
import { createCpuBackend } from '../backend/cpu.ts';
import { DeviceLogits } from '../backend/logits.ts';
import type { AnyAlgorithm } from '../core/algorithm.ts';
import type { DecodeEvent } from '../core/events.ts';
import { defaultsOf, type ParamValue } from '../core/params.ts';
import { uniform } from '../core/rng.ts';
import type { ByRole } from '../core/roles.ts';
import { contrastiveDecoding } from './contrastiveDecoding.ts';
import { dExperts } from './dExperts.ts';
import { dynamicFusion } from './dynamicFusion.ts';
import { emulatedFineTuning } from './emulatedFineTuning.ts';
import { greedy } from './greedy.ts';
import { proxyTuning } from './proxyTuning.ts';
import { sample } from './sample.ts';

const { ops } = createCpuBackend();
const F32 = 2e-5;
const near = (got: number, wanted: number, tolerance = F32) =>
  expect(Math.abs(got - wanted) <= tolerance, `${got}, expected ${wanted}`).toBe(true);

interface Setting {
  readonly prompt?: readonly number[];
  readonly maxTokens?: number;
  readonly seed?: number;
}
type Params = Readonly<Record<string, ParamValue>>;

async function run(
  algorithm: AnyAlgorithm,
  models: ByRole<TableModel>,
  params: Params = {},
  { prompt = [0], maxTokens = 20, seed = 1 }: Setting = {},
) {
  const events: DecodeEvent[] = [];
  const all = { ...defaultsOf(algorithm.params), ...params };
  const context = { models, ops, prompt, maxTokens, params: all, seed, run: 0 };
  for await (const event of algorithm.decode(context)) events.push(event);
  const tokens = events.flatMap((event) => (event.type === 'token' ? [event] : []));
  const solved = events.flatMap((event) => (event.type === 'fusion' ? [event] : []));
  return { events, tokens, solved, text: tokens.map(({ token }) => token) };
}

/** Says the same at every step; token -1 ends nothing. */
const constant = (row: readonly number[]) => tableModel(() => row, row.length, -1);
function caseOf<T>(oracle: { readonly cases: readonly { readonly id: string }[] }, id: string): T {
  const found: unknown = oracle.cases.find((one) => one.id === id);
  if (!found) throw new Error(`no case ${id}`);
  return found as T;
}

const VOCAB = 7;
const EOS = 1;
/** A random bigram model; models of one seed are no relatives. */
const random = (seed: number, who: number): TableModel =>
  tableModel(
    (prefix) =>
      Array.from({ length: VOCAB }, (_, row) => {
        const u = uniform({ seed, run: who, step: prefix.at(-1) ?? 0, row });
        return 6 * u - (row === EOS ? 3 : 0);
      }),
    VOCAB,
    EOS,
  );
const seeds = fc.nat(1e6);
const large = async (models: ByRole<TableModel>, params: Params, setting?: Setting) =>
  (await run(sample as AnyAlgorithm, models, { ...params, model: 'large' }, setting)).text;

describe('dynamic logits fusion', () => {
  const fusion = dynamicFusion as AnyAlgorithm;
  const paper = { solver: 'grid' };

  test('the oracle’s greedy sequence, step by step', async () => {
    type Tables = Readonly<Record<string, number[]>>;
    const { inputs, expected } = caseOf<{
      readonly inputs: Readonly<Record<'large' | 'small' | 'expert', Tables>>;
      readonly expected: {
        readonly sequence: readonly number[];
        readonly steps: readonly { readonly alpha: number; readonly loss: number }[];
      };
    }>(dlf, 'greedy_sequence');
    const models = {
      large: bigram(inputs.large, 0),
      small: bigram(inputs.small, 0),
      expert: bigram(inputs.expert, 0),
    };
    const { text, solved, events } = await run(fusion, models, paper);
    expect([0, ...text]).toEqual(expected.sequence);
    expect(events.at(-1)).toEqual({ type: 'finished', reason: 'eos' });
    expect(solved).toHaveLength(expected.steps.length);
    expected.steps.forEach(({ alpha, loss }, step) => {
      near(solved[step]!.alphas[0]!, alpha, 1e-6);
      near(solved[step]!.loss, loss);
    });
    // All caches advance together: one pass of each model per token.
    for (const model of Object.values(models)) expect(model.calls).toHaveLength(text.length);
  });

  test.each([
    'single_generic',
    'identity_large_equals_small',
    'no_shift',
    'confident_large_needs_alpha_above_1',
  ])('one expert: %s', async (id) => {
    const { inputs, expected } = caseOf<{
      readonly inputs: Readonly<Record<'large' | 'small' | 'expert', number[]>>;
      readonly expected: Readonly<Record<'alpha' | 'loss' | 'KL_ft_small' | 'KL_small_ft', number>>;
    }>(dlf, id);
    const models = {
      large: constant(inputs.large),
      small: constant(inputs.small),
      expert: constant(inputs.expert),
    };
    const { solved } = await run(fusion, models, paper, { maxTokens: 1 });
    near(solved[0]!.alphas[0]!, expected.alpha, 1e-6);
    near(solved[0]!.loss, expected.loss);
    near(solved[0]!.wanted[0]!.there, expected.KL_ft_small);
    near(solved[0]!.wanted[0]!.back, expected.KL_small_ft);
    const edge = expected.alpha === 0 ? 'low' : expected.alpha === 2 ? 'high' : undefined;
    expect(solved[0]!.edge).toBe(edge);
  });

  test.each(['multi_two_experts', 'multi_joint_differs'])('two experts: %s', async (id) => {
    const { inputs, expected } = caseOf<{
      readonly inputs: Readonly<Record<'large' | 'small', number[]>> & {
        readonly experts: readonly [number[], number[]];
      };
      readonly expected: {
        readonly one_at_a_time: Readonly<Record<'expert' | 'alpha' | 'loss', number>>;
        readonly full_grid: { readonly alphas: readonly number[]; readonly loss: number };
      };
    }>(dlf, id);
    const models = {
      large: constant(inputs.large),
      small: constant(inputs.small),
      expert: constant(inputs.experts[0]),
      expert2: constant(inputs.experts[1]),
    };
    const once = { maxTokens: 1 };
    const one = (await run(fusion, models, { ...paper, experts: 2 }, once)).solved[0]!;
    const { expert, alpha, loss } = expected.one_at_a_time;
    near(one.alphas[expert]!, alpha, 1e-6);
    near(one.alphas[1 - expert]!, 0);
    near(one.loss, loss);
    const joint = (await run(fusion, models, { solver: 'joint', experts: 2 }, once)).solved[0]!;
    expected.full_grid.alphas.forEach((wanted, t) => {
      near(joint.alphas[t]!, wanted, 1e-6);
    });
    near(joint.loss, expected.full_grid.loss);
    expect(joint.loss).toBeLessThanOrEqual(one.loss);
  });

  test('where large = small the expert writes, and alpha is 1', () =>
    fc.assert(
      fc.asyncProperty(seeds, async (seed) => {
        const models = { large: random(seed, 1), small: random(seed, 1), expert: random(seed, 2) };
        const { text, solved } = await run(fusion, models);
        for (const { alphas } of solved) near(alphas[0]!, 1);
        const expert = await run(greedy as AnyAlgorithm, { large: random(seed, 2) });
        expect(text).toEqual(expert.text);
      }),
      { numRuns: 40 },
    ));

  test.each(['refined', 'grid', 'joint'])(
    'experts that learned nothing leave the large model alone (%s)',
    (solver) =>
      fc.assert(
        fc.asyncProperty(seeds, async (seed) => {
          const small = random(seed, 2);
          const models = { large: random(seed, 1), small, expert: small, expert2: small };
          const params = { solver, experts: 2, temperature: 0.9, topP: 0.9 };
          const { text, solved } = await run(fusion, models, params);
          for (const { alphas, edge } of solved) {
            expect(alphas).toEqual([0, 0]);
            expect(edge).toBe('low');
          }
          expect(text).toEqual(await large(models, params));
        }),
        { numRuns: 20 },
      ),
  );

  test('strength 0: the large model writes alone', () =>
    fc.assert(
      fc.asyncProperty(seeds, async (seed) => {
        const models = { large: random(seed, 1), small: random(seed, 2), expert: random(seed, 3) };
        const drawn = { temperature: 0.9, topP: 0.9 };
        const params = { alphaMin: 0, alphaMax: 0, ...drawn };
        const { text, solved } = await run(fusion, models, params, { seed });
        for (const { alphas } of solved) expect(alphas).toEqual([0]);
        expect(text).toEqual(await large(models, drawn, { seed }));
      }),
      { numRuns: 20 },
    ));

  test('a range of one strength is proxy-tuning', () =>
    fc.assert(
      fc.asyncProperty(seeds, async (seed) => {
        const models = { large: random(seed, 1), small: random(seed, 2), expert: random(seed, 3) };
        const params = { alphaMin: 1, alphaMax: 1, solver: 'grid', temperature: 1 };
        const { text } = await run(fusion, models, params);
        const { large, expert, small: antiExpert } = models;
        const fixed = await run(
          proxyTuning as AnyAlgorithm,
          { large, expert, antiExpert },
          { temperature: 1 },
        );
        expect(text).toEqual(fixed.text);
      }),
      { numRuns: 20 },
    ));

  test('exact is never worse than the grid, step by step', () =>
    fc.assert(
      fc.asyncProperty(seeds, fc.integer({ min: 1, max: 3 }), async (seed, experts) => {
        const models = {
          large: random(seed, 1),
          small: random(seed, 2),
          expert: random(seed, 3),
          expert2: random(seed, 4),
          expert3: random(seed, 5),
        };
        const once = { maxTokens: 1 };
        const exact = (await run(fusion, models, { experts }, once)).solved[0]!;
        const grid = (await run(fusion, models, { ...paper, experts }, once)).solved[0]!;
        expect(exact.loss).toBeLessThanOrEqual(grid.loss);
        expect(exact.alphas).toHaveLength(experts);
      }),
      { numRuns: 40 },
    ));

  test('what cannot be searched is said before anything runs', () => {
    const given = defaultsOf(dynamicFusion.params);
    expect(() => fusion.check?.({ ...given, alphaMin: 1.5, alphaMax: 1 })).toThrow(
      'from 1.5 to 1: its smallest strength is above its largest',
    );
    expect(() => fusion.check?.({ ...given, solver: 'joint', experts: 3 })).toThrow(
      'A joint search over 3 experts would try 9,261 combinations of 21 strengths; at most 1,024',
    );
    expect(() =>
      fusion.check?.({ ...given, alphaStep: 0.02, alphaMax: 4, experts: 3 }),
    ).not.toThrow();
    expect(fusion.check?.(given)).toBeUndefined();
  });
});

describe('proxy-tuning', () => {
  const { inputs, expected } = caseOf<{
    readonly inputs: Readonly<Record<'base' | 'expert' | 'antiexpert', number[]>>;
    readonly expected: {
      readonly rows: readonly {
        readonly alpha: number;
        readonly probs: readonly number[];
        readonly argmax: number;
      }[];
    };
  }>(proxy, 'proxy_tuning');
  const models = {
    large: constant(inputs.base),
    expert: constant(inputs.expert),
    antiExpert: constant(inputs.antiexpert),
  };

  test.each(expected.rows)('the oracle at alpha $alpha', async ({ alpha, probs, argmax }) => {
    const { tokens } = await run(proxyTuning as AnyAlgorithm, models, { alpha }, { maxTokens: 1 });
    expect(tokens[0]!.token).toBe(argmax);
    near(tokens[0]!.prob, probs[argmax]!);
    const drawn = await run(
      proxyTuning as AnyAlgorithm,
      models,
      { alpha, temperature: 1 },
      { maxTokens: 60 },
    );
    for (const { token, prob } of drawn.tokens) near(prob, probs[token]!);
  });

  test('proxy_vocab_truncation: a longer head is cut to the shared tokens', async () => {
    const { inputs, expected } = caseOf<{
      readonly inputs: Readonly<Record<'base' | 'expert' | 'antiexpert', number[]>>;
      readonly expected: { readonly probs: readonly number[] };
    }>(proxy, 'proxy_vocab_truncation');
    const head = (row: number[]) => {
      const layout = { rows: 1, vocab: inputs.base.length, rowStart: 0, rowStep: 1 };
      return new DeviceLogits(Float32Array.from(row), { ...layout, stride: row.length });
    };
    const { logits } = await ops.fuse({
      large: head(inputs.base),
      small: head(inputs.antiexpert),
      experts: [head(inputs.expert)],
      alphas: [1],
    });
    for (const [token, prob] of expected.probs.entries()) {
      near(Math.exp((await ops.tokenLogProbs(logits, [token])).logProbs[0]!), prob);
    }
  });
});

test('dexperts_filter_first: what the filter dropped stays dropped, whatever the experts say', async () => {
  const { inputs, expected } = caseOf<{
    readonly inputs: Readonly<Record<'base' | 'expert' | 'antiexpert', number[]>> &
      Readonly<Record<'alpha' | 'filter_p', number>>;
    readonly expected: { readonly probs: readonly number[] };
  }>(proxy, 'dexperts_filter_first');
  const models = {
    large: constant(inputs.base),
    expert: constant(inputs.expert),
    antiExpert: constant(inputs.antiexpert),
  };
  const params = { alpha: inputs.alpha, filterP: inputs.filter_p, temperature: 1 };
  const { tokens } = await run(dExperts as AnyAlgorithm, models, params, { maxTokens: 400 });
  for (const { token, prob } of tokens) near(prob, expected.probs[token]!);
  expect(tokens.some(({ token }) => expected.probs[token] === 0)).toBe(false);
  expect(new Set(tokens.map(({ token }) => token)).size).toBeGreaterThan(2);
});

test('eft_logits: the weight moves the large model’s logits', async () => {
  const { inputs, expected } = caseOf<{
    readonly inputs: Readonly<Record<'base' | 'tuned' | 'untuned', number[]>>;
    readonly expected: {
      readonly single: Readonly<
        Record<string, { readonly probs: readonly number[]; readonly argmax: number }>
      >;
    };
  }>(w2s, 'eft_logits');
  const models = {
    large: constant(inputs.base),
    tuned: constant(inputs.tuned),
    untuned: constant(inputs.untuned),
  };
  for (const [beta, { probs, argmax }] of Object.entries(expected.single)) {
    const eft = emulatedFineTuning as AnyAlgorithm;
    const best = await run(eft, models, { beta: Number(beta), temperature: 0 }, { maxTokens: 1 });
    expect(best.tokens[0]!.token).toBe(argmax);
    const plain = { beta: Number(beta), temperature: 1, topK: 0 };
    const drawn = await run(eft, models, plain, { maxTokens: 40 });
    for (const { token, prob } of drawn.tokens) near(prob, probs[token]!);
  }
});

describe('contrastive decoding', () => {
  test('among plausible tokens, a strong contrast takes the one that large likes most beyond small', () =>
    fc.assert(
      fc.asyncProperty(seeds, async (seed) => {
        const rows = [1, 2].map((step) =>
          Array.from({ length: 9 }, (_, row) => 5 * uniform({ seed, run: 1, step, row })),
        ) as [number[], number[]];
        const [base, amateur] = rows;
        const most = Math.max(...base);
        const plausible = base.flatMap((x, id) => (x >= most + Math.log(0.1) ? [id] : []));
        const score = (id: number) => 11 * base[id]! - 10 * amateur[id]!;
        const best = plausible.reduce((a, b) => (score(b) > score(a) ? b : a));
        const models = { large: constant(base), small: constant(amateur) };
        const { text } = await run(
          contrastiveDecoding as AnyAlgorithm,
          models,
          { beta: 10, plausibility: 0.1 },
          { maxTokens: 1 },
        );
        expect(text).toEqual([best]);
      }),
    ));
});

describe('with nothing added the large model writes alone', () => {
  const drawn = { temperature: 0.9, topK: 5, topP: 0.95, minP: 0.02 };
  type Case = [string, AnyAlgorithm, Params, (seed: number) => ByRole<TableModel>];
  const strangers = (seed: number) => ({
    large: random(seed, 1),
    small: random(seed, 2),
    expert: random(seed, 3),
    antiExpert: random(seed, 4),
    tuned: random(seed, 5),
    untuned: random(seed, 6),
  });
  const twins = (seed: number) => ({
    ...strangers(seed),
    antiExpert: random(seed, 3),
    untuned: random(seed, 5),
    small: random(seed, 1),
  });
  const cases: Case[] = [
    ['proxy-tuning, alpha 0', proxyTuning as AnyAlgorithm, { alpha: 0 }, strangers],
    ['proxy-tuning, expert = anti-expert', proxyTuning as AnyAlgorithm, { alpha: 2 }, twins],
    ['DExperts, alpha 0', dExperts as AnyAlgorithm, { alpha: 0, filterP: 1 }, strangers],
    ['DExperts, expert = anti-expert', dExperts as AnyAlgorithm, { filterP: 1 }, twins],
    ['emulated fine-tuning, beta 0', emulatedFineTuning as AnyAlgorithm, { beta: 0 }, strangers],
    ['emulated fine-tuning, tuned = untuned', emulatedFineTuning as AnyAlgorithm, {}, twins],
    ['contrast 0', contrastiveDecoding as AnyAlgorithm, { beta: 0, plausibility: 0 }, strangers],
    [
      'contrast with small = large',
      contrastiveDecoding as AnyAlgorithm,
      { plausibility: 0 },
      twins,
    ],
  ];
  test.each(cases)('%s', (_, algorithm, params, models) =>
    fc.assert(
      fc.asyncProperty(seeds, async (seed) => {
        const some = models(seed);
        for (const sampling of [drawn, { ...drawn, temperature: 0 }]) {
          const { text, tokens } = await run(algorithm, some, { ...params, ...sampling }, { seed });
          expect(text).toEqual(await large(some, sampling, { seed }));
          expect(tokens.every(({ by }) => by === 'fused')).toBe(true);
        }
      }),
      { numRuns: 25 },
    ),
  );
});

test('stopped between two events it holds no logits', async () => {
  let held = 0;
  const counting = (who: number): TableModel => {
    const model = random(9, who);
    return {
      ...model,
      async logits(y, from) {
        const { source, layout } = (await model.logits(y, from)) as DeviceLogits;
        held++;
        return new DeviceLogits(source, layout, () => held--);
      },
    };
  };
  const models = { large: counting(1), small: counting(2), expert: counting(3) };
  const params = defaultsOf(dynamicFusion.params);
  const context = { models, ops, prompt: [0], maxTokens: 9, params, seed: 1, run: 0 };
  const events = (dynamicFusion as AnyAlgorithm).decode(context);
  for (let i = 0; i < 5; i++) {
    await events.next();
    expect(held).toBe(0);
  }
  await events.return();
  expect(held).toBe(0);
  expect((await events.next()).done).toBe(true);
});
