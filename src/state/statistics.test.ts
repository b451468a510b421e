// The statistics table says what was counted and measured, in the same numbers as the events.
import { expect, test } from 'vitest';
import { recordedRun } from '../../test/support/recordedRun.ts';
import { baselineOf, generatedOf } from './run.ts';
import { statistics } from './statistics.ts';
import { summary } from './summary.ts';

test('a finished BiLD run has both columns, and its times are those that were measured', async () => {
  const run = await recordedRun({ models: 3 });
  const rows = new Map(statistics(run).map((row) => [row.name, row]));
  const stats = generatedOf(run)?.stats;
  const baseline = baselineOf(run);
  if (!stats || !baseline) throw new Error('incomplete run');
  expect(rows.get('Tokens')).toMatchObject({
    method: String(stats.tokens),
    alone: String(baseline.stats.tokens),
  });
  expect(rows.get('Large forward passes')?.method).toBe(String(stats.large.passes));
  expect(rows.get('Drafted = accepted + rolled back')?.method).toBe(
    `${stats.drafted} = ${stats.accepted} + ${stats.rolledBack}`,
  );
  // A table model's text is short, so it was repeated, and the speed-up is that of the repetitions.
  expect(rows.get('Time, repeated')?.meaning).toContain(`${baseline.timing.rounds} rounds`);
  const { methodMs, largeMs } = baseline.timing;
  const perToken = largeMs / baseline.stats.tokens / (methodMs / stats.tokens);
  expect(Math.abs((summary(run).measuredSpeedUp ?? Number.NaN) - perToken)).toBeLessThan(1e-9);
});

test('one model alone has one column and no drafts', async () => {
  const run = await recordedRun({
    experiment: { method: 'greedy', params: { model: 'small' } },
  });
  for (const row of statistics(run)) expect(row.alone).toBeUndefined();
  expect(statistics(run).some((row) => /Drafted|repeated/.test(row.name))).toBe(false);
});
