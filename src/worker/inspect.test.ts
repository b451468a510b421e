// What a question about a token is answered with, on table models where the answer can be worked out.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { experimentOf, tableRoom } from '../../test/support/recordedRun.ts';
import { defaultsOf, type ParamValue } from '../core/params.ts';
import { methods } from '../experiment/catalogue.ts';
import type { Experiment, MethodId } from '../experiment/experiment.ts';
import { look } from './inspect.ts';
import type { Guess } from './protocol.ts';

const PREFIX = [0, 1, 4];
const experiment = (
  method: MethodId,
  params: Readonly<Record<string, ParamValue>> = {},
): Experiment =>
  experimentOf({ method, params: { ...defaultsOf(methods[method].params), ...params } });
const ask = (models: number, of: Experiment) => look(tableRoom(models), of, PREFIX, 2);

function expectSame(some: readonly Guess[] = [], others: readonly Guess[] = []): void {
  expect(some.map(({ token }) => token)).toEqual(others.map(({ token }) => token));
  some.forEach(({ prob }, i) => {
    expect(Math.abs(prob - (others[i]?.prob ?? Number.NaN))).toBeLessThan(1e-6);
  });
}

/** Of all tokens, at temperature 1; the models' vocabulary is small enough to be asked for whole. */
async function rowOf(models: number, role: 'small' | 'large' | 'antiExpert' | 'expert') {
  const { models: all, ops } = tableRoom(models);
  const model = all[role];
  if (!model) throw new Error(role);
  const logits = await model.logits(PREFIX, PREFIX.length);
  const best = await ops.topK(logits, 0, model.vocab);
  return best.sort((a, b) => a.token - b.token).map(({ prob }) => prob);
}

describe('a token is looked into', () => {
  test('every model of the method says what it thinks, and so do all of them together', async () => {
    const { top, distance } = await ask(1, experiment('dynamicFusion', { experts: 2 }));
    for (const author of ['small', 'large', 'expert', 'expert2', 'fused'] as const) {
      expect(top[author]).toHaveLength(5);
      expect(distance[author]).toBeGreaterThan(0);
    }
  });

  test('a method that fuses nothing has no view of all together', async () => {
    expect(await ask(1, experiment('bild'))).not.toHaveProperty('top.fused');
    expect(await ask(1, experiment('speculative'))).not.toHaveProperty('fusion');
  });

  test('with strength 0 all together think what large thinks, and nothing is moved', () =>
    fc.assert(
      fc.asyncProperty(fc.nat(1e6), async (models) => {
        for (const of of [
          experiment('proxyTuning', { alpha: 0 }),
          experiment('dynamicFusion', { alphaMax: 0 }),
          experiment('emulatedFineTuning', { beta: 0 }),
        ]) {
          const { top, fusion } = await ask(models, of);
          expectSame(top.fused, top.large);
          expect(fusion?.alphas).toEqual([0]);
          expect(Math.abs(fusion?.moved.there ?? Number.NaN)).toBeLessThan(1e-6);
          expect(Math.abs(fusion?.moved.back ?? Number.NaN)).toBeLessThan(1e-6);
        }
      }),
      { numRuns: 20 },
    ));

  test('a given strength is measured as it is: p ~ p_large (p_expert / p_anti-expert)^alpha, and its divergences', () =>
    fc.assert(
      fc.asyncProperty(fc.nat(1e6), fc.double({ min: 0, max: 3, noNaN: true }), async (m, a) => {
        const alpha = Math.fround(a);
        const { top, fusion } = await ask(m, experiment('proxyTuning', { alpha }));
        const [p, e, s] = await Promise.all(
          (['large', 'expert', 'antiExpert'] as const).map((role) => rowOf(m, role)),
        );
        const weights = p?.map((x, v) => x * ((e?.[v] ?? 0) / (s?.[v] ?? 0)) ** alpha) ?? [];
        const sum = weights.reduce((total, w) => total + w, 0);
        const fused = weights.map((w) => w / sum);
        for (const { token, prob } of top.fused ?? []) {
          expect(Math.abs(prob - (fused[token] ?? Number.NaN))).toBeLessThan(1e-5);
        }
        const kl = (x: readonly number[] = [], y: readonly number[] = []) =>
          x.reduce((total, px, v) => total + px * Math.log(px / (y[v] ?? 0)), 0);
        const close = (x: number, y: number | undefined) =>
          expect(Math.abs(x - (y ?? Number.NaN))).toBeLessThan(1e-4 * (1 + Math.abs(x)));
        close(kl(fused, p), fusion?.moved.there);
        close(kl(p, fused), fusion?.moved.back);
        close(kl(e, s), fusion?.wanted[0]?.there);
        close(kl(s, e), fusion?.wanted[0]?.back);
        expect(fusion?.alphas).toEqual([alpha]);
      }),
      { numRuns: 20 },
    ));
});
