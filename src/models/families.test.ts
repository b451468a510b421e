// Every family and form of decoder that people bring: with a cache, without one, in batches, the tokens are those that
// ONNX Runtime gives for the same file by itself.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadNodeRuntime } from '../../cli/nodeRuntime.ts';
import { greedyByRuntime } from '../../test/families/greedy.ts';
import { CONTEXT, type Family, families, familyBytes } from '../../test/families/index.ts';
import { folderOf } from '../../test/support/ownCheckpoint.ts';
import { DeviceLogits } from '../backend/logits.ts';
import type { LanguageModel, Logits } from '../core/languageModel.ts';
import { loadCheckpoint } from './checkpoint.ts';

const expected: Record<string, number[]> = JSON.parse(
  readFileSync('test/families/greedy.json', 'utf8'),
);
const PROMPT = [1, 17, 30, 22, 41];
const STEPS = 16;

function rowsOf(logits: Logits): number[][] {
  if (!(logits instanceof DeviceLogits) || !(logits.source instanceof Float32Array)) {
    throw new Error('not in memory');
  }
  const { source, layout } = logits;
  return Array.from({ length: layout.rows }, (_, r) => {
    const begin = (layout.rowStart + r * layout.rowStep) * layout.stride;
    return [...source.subarray(begin, begin + layout.vocab)];
  });
}
const argmax = (row: readonly number[] | undefined) => row!.indexOf(Math.max(...row!));
const farthest = (a: readonly number[], b: readonly number[]) =>
  Math.max(...a.map((x, i) => Math.abs(x - (b[i] ?? Number.NaN))));

async function greedy(model: LanguageModel): Promise<number[]> {
  const y = [...PROMPT];
  while (y.length < PROMPT.length + STEPS) {
    y.push(argmax(rowsOf(await model.logits(y, y.length))[0]));
  }
  return y.slice(PROMPT.length);
}

describe.each(families)('%s', (family: Family) => {
  const bytes = familyBytes(family);
  const tolerance = family.includes('float16') ? 0.05 : 1e-4;

  it('writes what ONNX Runtime writes; drafts, rollbacks and batches change nothing', async () => {
    const runtime = await loadNodeRuntime();
    const session = await runtime.createSession(bytes);
    const alone = await greedyByRuntime(session, runtime, PROMPT, STEPS);
    await session.release();
    expect(alone).toEqual(expected[family]);

    const checkpoint = await loadCheckpoint(folderOf(bytes, CONTEXT), runtime);
    try {
      const model = checkpoint.model.decoder(checkpoint.vocab);
      expect(await greedy(model)).toEqual(alone);
      // A draft read at once after a rollback, against a reader who has read nothing.
      const y = [...PROMPT, ...alone.slice(0, 6)];
      await model.logits(y, y.length);
      const other = [...y.slice(0, 7), 5, 9, 33];
      const rows = rowsOf(await model.logits(other, 8));
      const whole = rowsOf(await model.fork().logits(other, 8));
      for (const [i, row] of rows.entries()) {
        expect(farthest(row, whole[i]!)).toBeLessThanOrEqual(tolerance);
      }
      // Sequences of different lengths together, twice, the second time one token longer.
      for (const more of [[], [12]]) {
        const batch = [
          [...PROMPT, ...more],
          [...PROMPT.slice(0, 3), ...more],
          [...y, ...more],
        ];
        const together = rowsOf(await model.nextLogits(batch));
        for (const [i, one] of batch.entries()) {
          const apart = rowsOf(await model.fork().logits(one, one.length))[0]!;
          expect(farthest(together[i]!, apart), `row ${i}`).toBeLessThanOrEqual(tolerance);
        }
      }
      // Scores of several continuations of one prompt.
      const ends = [
        [...PROMPT, 7, 8, 9, 10],
        [...PROMPT, 40, 41],
        [...PROMPT, 3, 4, 5],
      ];
      const scored = rowsOf(await model.batchLogits(ends, PROMPT.length));
      const perRow = scored.length / ends.length;
      for (const [r, end] of ends.entries()) {
        const apart = rowsOf(await model.fork().logits(end.slice(0, -1), PROMPT.length));
        for (const [i, row] of apart.entries()) {
          const other = scored[r * perRow + i]!;
          expect(farthest(other, row), `${r} ${i}`).toBeLessThanOrEqual(tolerance);
        }
      }
    } finally {
      await checkpoint.release();
    }
  });
});
