import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { record, recordedRun, runWith } from '../../test/support/recordedRun.ts';
import { defaultsOf } from '../core/params.ts';
import { methods, methodsOf } from '../experiment/catalogue.ts';
import { drafts, generatedOf, rolesOf } from './run.ts';
import { series } from './series.ts';
import { agreementOf, countsOf, speedUp, summary } from './summary.ts';
import { DRAWN, thin } from './thin.ts';

const models = fc.nat(1e6);

describe('series', () => {
  test('the small model’s confidence is above the threshold where it wrote and below where it handed over', () =>
    fc.assert(
      fc.asyncProperty(models, async (models) => {
        const run = await recordedRun({ models });
        const threshold = run.experiment.params.fallbackThreshold as number;
        for (const { prob, fate } of series(run, 'confidence')) {
          expect(prob >= threshold).toBe(fate !== 'handedOver');
        }
      }),
    ));

  test('one distance per drafted token, and whatever was cut was above the rollback threshold', () =>
    fc.assert(
      fc.asyncProperty(models, async (models) => {
        const run = await recordedRun({ models });
        const points = series(run, 'distance');
        expect(points).toHaveLength(generatedOf(run)?.stats.drafted ?? -1);
        for (const { distance, fate } of points) {
          if (fate === 'cut') expect(distance).toBeGreaterThan(2);
        }
      }),
    ));

  test('tokens by author add up, and end at the generated text', () =>
    fc.assert(
      fc.asyncProperty(models, async (models) => {
        const run = await recordedRun({ models });
        const points = series(run, 'authors');
        for (const { small, large, total } of points) expect(small + large).toBe(total);
        expect(points.at(-1)?.total).toBe(generatedOf(run)?.stats.tokens);
        const times = points.map((point) => point.ms);
        expect(times).toEqual([...times].sort((a, b) => a - b));
      }),
    ));

  test('asked twice about the same events, the answer is the very same object', async () => {
    const run = await recordedRun();
    expect(series({ ...run, status: 'paused' }, 'distance')).toBe(series(run, 'distance'));
  });
});

describe('thin', () => {
  const points = fc.array(fc.record({ x: fc.nat(), weight: fc.nat(1000) }), { maxLength: 2000 });

  test('keeps order, the first, the last, and never more than a chart can draw', () =>
    fc.assert(
      fc.property(points, (all) => {
        const kept = thin(all, (point) => point.weight);
        expect(kept.length).toBeLessThanOrEqual(DRAWN);
        expect(kept.length).toBe(Math.min(all.length, DRAWN));
        const places = kept.map((point) => all.indexOf(point));
        expect(places).toEqual([...places].sort((a, b) => a - b));
        expect([kept[0], kept.at(-1)]).toEqual([all[0], all.at(-1)]);
      }),
    ));

  test('the point that matters most is never lost', () =>
    fc.assert(
      fc.property(
        points.filter((all) => all.length > 0),
        (all) => {
          const heaviest = Math.max(...all.map((point) => point.weight));
          expect(Math.max(...thin(all, (p) => p.weight).map((p) => p.weight))).toBe(heaviest);
        },
      ),
    ));
});

describe('summary', () => {
  test('counts taken from the events are those that were measured', () =>
    fc.assert(
      fc.asyncProperty(
        models,
        fc.constantFrom(
          {},
          { method: 'greedy' as const, params: { model: 'small' } },
          { method: 'greedy' as const, params: { model: 'large' } },
          ...methodsOf('generate').map((method) => ({
            method,
            params: defaultsOf(methods[method].params),
          })),
        ),
        async (models, experiment) => {
          const run = await recordedRun({ models, experiment });
          const stats = generatedOf(run)?.stats;
          const { ms, passes, ...counts } = countsOf(
            run.events,
            drafts(run.experiment),
            rolesOf(run.experiment),
          );
          for (const role of rolesOf(run.experiment)) {
            expect(passes[role]).toBe(stats?.[role]?.passes);
          }
          expect(ms).toBeLessThanOrEqual((stats?.ms ?? 0) + 1e-6);
          expect(stats).toMatchObject(counts);
        },
      ),
    ));

  test('drafted tokens are either accepted or rolled back', () =>
    fc.assert(
      fc.asyncProperty(models, async (models) => {
        const { drafted, accepted, rolledBack } = summary(await recordedRun({ models }));
        expect(accepted + rolledBack).toBe(drafted);
      }),
    ));

  test('below ln 2 the text is the large model’s, and the summary says so', () =>
    fc.assert(
      fc.asyncProperty(models, async (models) => {
        const params = { fallbackThreshold: 0.3, rollbackThreshold: 0.6, maxDraft: 10 };
        const run = await recordedRun({ models, experiment: { params } });
        expect(summary(run).agreement).toEqual({ same: true });
      }),
    ));

  test('before the end there are counts but nothing that only the end can tell', async () => {
    const events = await record();
    const early = summary(runWith(events.slice(0, 6)));
    expect(early.tokens).toBeGreaterThan(0);
    expect(early).not.toHaveProperty('positions');
    expect(early).not.toHaveProperty('measuredSpeedUp');
    expect(summary(runWith([]))).toMatchObject({ tokens: 0, drafted: 0 });
  });

  test('twice the tokens in the same time is twice as fast, and nothing is not a speed', () => {
    expect(speedUp({ tokens: 80, ms: 10 }, { tokens: 40, ms: 10 })).toBe(2);
    expect(speedUp({ tokens: 0, ms: 0 }, { tokens: 40, ms: 10 })).toBeUndefined();
  });

  test('texts differ where the first token differs or one of them ends', () => {
    expect(agreementOf([1, 2, 3], [1, 2, 3])).toEqual({ same: true });
    expect(agreementOf([1, 2, 3], [1, 5, 3])).toEqual({ same: false, at: 1 });
    expect(agreementOf([1, 2], [1, 2, 3])).toEqual({ same: false, at: 2 });
  });
});
