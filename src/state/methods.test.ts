// What the views of fusion and of speculative sampling are made of, from real runs on table models.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { recordedRun } from '../../test/support/recordedRun.ts';
import { defaultsOf, type ParamValue } from '../core/params.ts';
import { methods } from '../experiment/catalogue.ts';
import type { MethodId } from '../experiment/experiment.ts';
import { fusionPoints, fusionTotals } from './fusion.ts';
import { baselineOf, generatedOf } from './run.ts';
import { draftsOf, expectedTokens, judged, speculationTotals } from './speculation.ts';

const models = fc.nat(1e6);
const runOf = (
  method: MethodId,
  params: Readonly<Record<string, ParamValue>>,
  seed: number,
  { agreement = 0.5, untimed = true } = {},
) =>
  recordedRun({
    models: seed,
    agreement,
    untimed,
    experiment: { method, params: { ...defaultsOf(methods[method].params), ...params } },
  });

describe('dynamic logits fusion', () => {
  test('with alpha held at 0 nothing is moved, and every token is at the edge', () =>
    fc.assert(
      fc.asyncProperty(models, async (seed) => {
        const run = await runOf('dynamicFusion', { alphaMax: 0 }, seed);
        for (const { alphas, moved } of fusionPoints(run)) {
          expect(alphas).toEqual([0]);
          expect(Math.abs(moved.there)).toBeLessThan(1e-6);
          expect(Math.abs(moved.back)).toBeLessThan(1e-6);
        }
        const { tokens, low, high, mean } = fusionTotals(run) ?? {};
        expect(tokens).toBe(generatedOf(run)?.stats.tokens);
        expect([low, high, mean]).toEqual([0, tokens, 0]);
      }),
      { numRuns: 12 },
    ));

  test('one point per token, inside the range; an edge is counted where alpha is at an end', () =>
    fc.assert(
      fc.asyncProperty(models, fc.constantFrom('grid', 'refined'), async (seed, solver) => {
        const run = await runOf('dynamicFusion', { solver, alphaMax: 1.5, alphaMin: 0.5 }, seed);
        const points = fusionPoints(run);
        expect(points.map(({ n }) => n)).toEqual(points.map((_, i) => i + 1));
        expect(points).toHaveLength(generatedOf(run)?.stats.tokens ?? -1);
        for (const { alphas, edge } of points) {
          const [alpha = Number.NaN] = alphas;
          expect(alpha >= 0.5 - 1e-6 && alpha <= 1.5 + 1e-6).toBe(true);
          expect(edge === 'high').toBe(Math.abs(alpha - 1.5) < 1e-3);
          expect(edge === 'low').toBe(Math.abs(alpha - 0.5) < 1e-3);
        }
        const totals = fusionTotals(run);
        expect(totals?.low).toBe(points.filter(({ edge }) => edge === 'low').length);
        expect(totals?.high).toBe(points.filter(({ edge }) => edge === 'high').length);
        expect((totals?.least ?? Number.NaN) <= (totals?.mean ?? Number.NaN)).toBe(true);
        expect((totals?.mean ?? Number.NaN) <= (totals?.most ?? Number.NaN)).toBe(true);
      }),
      { numRuns: 12 },
    ));

  test('three experts have three alphas at every token, and one wanted pair, their mean', async () => {
    const run = await runOf('dynamicFusion', { experts: 3, solver: 'grid' }, 5);
    for (const { alphas, wanted } of fusionPoints(run)) {
      expect(alphas).toHaveLength(3);
      expect(wanted.there).toBeGreaterThan(0);
    }
  });
});

describe('speculative sampling', () => {
  test('what was drafted, accepted and added is what was counted in the run', () =>
    fc.assert(
      fc.asyncProperty(models, fc.integer({ min: 1, max: 6 }), async (seed, draftLength) => {
        const run = await runOf('speculative', { draftLength, temperature: 1 }, seed);
        const stats = generatedOf(run)?.stats;
        const drafts = draftsOf(run);
        const sum = (of: (draft: (typeof drafts)[number]) => number) =>
          drafts.reduce((all, one) => all + of(one), 0);
        expect(drafts).toHaveLength(stats?.large.passes ?? -1);
        expect(sum((draft) => draft.drafted)).toBe(stats?.drafted);
        expect(sum((draft) => draft.accepted)).toBe(stats?.accepted);
        expect(sum((draft) => draft.tokens)).toBe(stats?.tokens);
        const totals = speculationTotals(run);
        expect(totals?.tokensPerPass).toBeCloseTo(
          (stats?.tokens ?? 0) / (stats?.large.passes ?? 0),
          9,
        );
      }),
      { numRuns: 15 },
    ));

  test('a token stood exactly if it and all before it in its draft had a uniform below the ratio', () =>
    fc.assert(
      fc.asyncProperty(models, async (seed) => {
        const run = await runOf('speculative', { temperature: 1 }, seed);
        const points = judged(run);
        expect(points).toHaveLength(generatedOf(run)?.stats.drafted ?? -1);
        for (const { ratio, uniform, fate } of points) {
          if (fate !== 'fell') expect(uniform < ratio).toBe(fate === 'stood');
        }
        const { asked, accepted, acceptance } = speculationTotals(run) ?? {};
        expect(asked).toBe(points.filter(({ fate }) => fate !== 'fell').length);
        expect(accepted).toBe(points.filter(({ fate }) => fate === 'stood').length);
        expect(acceptance).toBe((accepted ?? 0) / (asked ?? 0));
      }),
      { numRuns: 15 },
    ));

  test('a draft by the large model itself always stands', async () => {
    const run = await runOf('speculative', { temperature: 1 }, 3, { agreement: 1 });
    expect(speculationTotals(run)?.acceptance).toBe(1);
    expect(speculationTotals(run)?.expectedTokensPerPass).toBe(5);
  });

  test('expected tokens per pass: the sum of the chances that each token is reached', () => {
    for (const [a, gamma] of [
      [0, 4],
      [0.3, 1],
      [0.75, 7],
      [0.9, 10],
      [1, 3],
    ] as const) {
      const sum = Array.from({ length: gamma + 1 }, (_, i) => a ** i).reduce((x, y) => x + y, 0);
      expect(expectedTokens(a, gamma)).toBeCloseTo(sum, 9);
    }
  });

  test('the expected speed-up is that of the measured passes: E / (gamma c + 1)', async () => {
    const run = await runOf('speculative', { temperature: 1, draftLength: 3 }, 8, {
      untimed: false,
    });
    const { small = Number.NaN, large = Number.NaN } = baselineOf(run)?.passMs ?? {};
    const totals = speculationTotals(run);
    expect(totals?.cost).toBeCloseTo(small / large, 9);
    expect(totals?.expectedSpeedUp).toBeCloseTo(
      (totals?.expectedTokensPerPass ?? Number.NaN) / ((3 * small) / large + 1),
      9,
    );
  });
});
