// The operations on the CPU backend: what they return, which rows they look at, what they refuse.

import { describe, expect, test } from 'vitest';
import { createCpuBackend } from './cpu.ts';
import { DeviceLogits } from './logits.ts';

const { ops } = createCpuBackend();
const inf = Number.POSITIVE_INFINITY;

/** Rows in memory of `stride` columns, the first `vocab` of which count. */
function logitsOf(rows: readonly number[][], layout: Partial<DeviceLogits['layout']> = {}) {
  const stride = rows[0]?.length ?? 0;
  return new DeviceLogits(Float32Array.from(rows.flat()), {
    rows: rows.length,
    vocab: stride,
    stride,
    rowStart: 0,
    rowStep: 1,
    ...layout,
  });
}
const logs = (...probs: number[]) => probs.map(Math.log);
const greedy = { temperature: 0, topK: 0, topP: 1, minP: 0 };
const address = { seed: 1, run: 2, step: 3, row: 4 };

describe('rows', () => {
  const memory = [logs(0.9, 0.1, 5), logs(0.2, 0.8, 5), logs(0.6, 0.4, 5), logs(0.3, 0.7, 5)];

  test('of a padded head: the padding is not read', async () => {
    const logits = logitsOf(memory, { vocab: 2 });
    const { token, prob } = await ops.top1(logits, 1);
    expect(token).toBe(1);
    expect(prob).toBeCloseTo(0.8, 6);
  });

  test('of a longer pass, or every second one', async () => {
    const last = logitsOf(memory, { rows: 2, vocab: 2, rowStart: 2 });
    expect((await ops.top1(last, 1)).prob).toBeCloseTo(0.7, 6);
    const second = logitsOf(memory, { rows: 2, vocab: 2, rowStart: 1, rowStep: 2 });
    const { logProbs } = await ops.tokenLogProbs(second, [0, 0]);
    expect([...logProbs].map((x) => Math.exp(x).toFixed(5))).toEqual(['0.20000', '0.30000']);
    const verdict = await ops.verifyDraft(second, [0], 1);
    expect(verdict).toMatchObject({ accepted: 0, next: { token: 1 } });
  });

  test('that are not there are refused', async () => {
    await expect(ops.top1(logitsOf(memory), 4)).rejects.toThrow('rows 4..4 asked of logits that');
    const beyond = logitsOf(memory, { rows: 2, rowStart: 3 });
    await expect(ops.top1(beyond, 1)).rejects.toThrow('needs 15 floats of 12');
    await expect(ops.verifyDraft(logitsOf(memory), [0, 0, 0, 0], 1)).rejects.toThrow('rows 0..4');
  });
});

test('dispose gives the memory back to its owner', () => {
  let freed = 0;
  const layout = { rows: 1, vocab: 1, stride: 1, rowStart: 0, rowStep: 1 };
  new DeviceLogits(Float32Array.of(1), layout, () => freed++).dispose();
  expect(freed).toBe(1);
});

test('topK: as many as there are', async () => {
  const logits = logitsOf([logs(0.1, 0.6, 0.3)]);
  const tokens = (await ops.topK(logits, 0, 64)).map(({ token }) => token);
  expect(tokens).toEqual([1, 2, 0]);
  await expect(ops.topK(logits, 0, 65)).rejects.toThrow('k = 65: expected an integer in [1, 64]');
});

test('sampleToken: temperature 0 is greedy with all of the mass; a seed decides the rest', async () => {
  const logits = logitsOf([logs(0.1, 0.5, 0.4)]);
  expect(await ops.sampleToken(logits, 0, greedy, address)).toEqual({ token: 1, prob: 1 });
  const sampling = { temperature: 1, topK: 2, topP: 1, minP: 0 };
  const draws = await Promise.all(
    Array.from({ length: 50 }, (_, step) =>
      ops.sampleToken(logits, 0, sampling, { ...address, step }),
    ),
  );
  expect(new Set(draws.map(({ token }) => token))).toEqual(new Set([1, 2]));
  for (const { token, prob } of draws) expect(prob).toBeCloseTo(token === 1 ? 5 / 9 : 4 / 9, 5);
  const again = await ops.sampleToken(logits, 0, sampling, { ...address, step: 7 });
  expect(again).toEqual(draws[7]);
});

describe('NaN and +Infinity are the user’s business', () => {
  const bad = [
    ['NaN', Number.NaN],
    ['+Infinity', inf],
  ] as const;
  test.each(bad)('%s', async (_, x) => {
    const logits = logitsOf([
      [0, 1, 2],
      [0, x, 2],
    ]);
    const message = 'Row 1 of the logits holds NaN or +Infinity.';
    const error = { code: 'logits', message };
    await expect(ops.top1(logits, 1)).rejects.toMatchObject(error);
    await expect(ops.topK(logits, 1, 2)).rejects.toMatchObject(error);
    await expect(ops.tokenLogProbs(logits, [0, 0])).rejects.toMatchObject(error);
    await expect(ops.verifyDraft(logits, [2], 1)).rejects.toMatchObject(error);
    await expect(ops.sampleToken(logits, 1, greedy, address)).rejects.toMatchObject(error);
    await expect(
      ops.sampleToken(logits, 1, { ...greedy, temperature: 1 }, address),
    ).rejects.toMatchObject(error);
    expect((await ops.top1(logits, 0)).token).toBe(2);
    expect((await ops.verifyDraft(logits, [], 1)).next.token).toBe(2);
  });
});

test('-Infinity means never', async () => {
  const logits = logitsOf([[-inf, 0, -inf, 0]]);
  expect(await ops.top1(logits, 0)).toEqual({ token: 1, prob: 0.5 });
  const { distances } = await ops.verifyDraft(
    logitsOf([
      [-inf, 0],
      [0, -inf],
    ]),
    [0],
    20,
  );
  expect(distances[0]).toBeGreaterThan(1e29);
});

test('tokens that no row has are refused', async () => {
  const logits = logitsOf([
    [0, 0],
    [0, 0],
  ]);
  await expect(ops.verifyDraft(logits, [2], 1)).rejects.toThrow(
    'token 2 is not in a vocabulary of 2',
  );
  await expect(ops.tokenLogProbs(logits, [0, -1])).rejects.toThrow('token -1');
  await expect(ops.tokenLogProbs(logits, [0])).rejects.toThrow('1 tokens for 2 rows');
  await expect(
    ops.verifyDraft(
      logits,
      Array.from({ length: 13 }, () => 0),
      1,
    ),
  ).rejects.toThrow('a draft of 13 tokens: expected at most 12');
});
