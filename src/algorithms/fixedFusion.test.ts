// Fusion with given strengths on table models: proxy-tuning, DExperts, emulated fine-tuning, contrastive decoding.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import proxy from '../../test/oracles/proxy_dexperts.json' with { type: 'json' };
import w2s from '../../test/oracles/w2s_search.json' with { type: 'json' };
import {
  caseOf,
  constant,
  large,
  near,
  ops,
  type Params,
  random,
  run,
  seeds,
} from '../../test/support/fusionRuns.ts';
import type { TableModel } from '../../test/support/tableModel.ts';
import { DeviceLogits } from '../backend/logits.ts';
import type { AnyAlgorithm } from '../core/algorithm.ts';
import { uniform } from '../core/rng.ts';
import type { ByRole } from '../core/roles.ts';
import { contrastiveDecoding } from './contrastiveDecoding.ts';
import { dExperts } from './dExperts.ts';
import { emulatedFineTuning } from './emulatedFineTuning.ts';
import { proxyTuning } from './proxyTuning.ts';

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
