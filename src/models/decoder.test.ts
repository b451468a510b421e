// The decoder's promises, on the built-in pair in Node: whatever was read before, by whomever, logits are
// those of a model that reads the sequence for the first time.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { diskFolder, loadNodeRuntime } from '../../cli/nodeRuntime.ts';
import { DeviceLogits } from '../backend/logits.ts';
import type { Logits } from '../core/languageModel.ts';
import { type Checkpoint, loadCheckpoint } from './checkpoint.ts';

const TOLERANCE = 1e-4;
let small: Checkpoint;
let large: Checkpoint;

beforeAll(async () => {
  const runtime = await loadNodeRuntime();
  small = await loadCheckpoint(diskFolder('public/models/base-small'), runtime);
  large = await loadCheckpoint(diskFolder('public/models/base-large'), runtime);
});
afterAll(async () => {
  await small.release();
  await large.release();
});

/** Rows as arrays of the columns that count. */
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
const argmax = (row: readonly number[]) => row.indexOf(Math.max(...row));

function expectClose(actual: number[][], expected: number[][]): void {
  expect(actual.length).toBe(expected.length);
  actual.forEach((row, r) => {
    row.forEach((value, c) => {
      const difference = Math.abs(value - (expected[r]?.[c] ?? Number.NaN));
      if (!(difference <= TOLERANCE)) expect.fail(`row ${r}, column ${c}: off by ${difference}`);
    });
  });
}

/** Logits of a decoder that has read nothing yet. */
const fresh = async (checkpoint: Checkpoint, y: readonly number[], from: number) =>
  rowsOf(await checkpoint.model.decoder(checkpoint.vocab).logits(y, from));

describe.each([
  ['base-small', () => small],
  ['base-large', () => large],
])('%s', (_, checkpoint) => {
  const decoder = () => checkpoint().model.decoder(checkpoint().vocab);
  const prompt = () => checkpoint().tokenizer.encode('say 4120567: ');

  it('token by token with a cache gives what one pass over everything gives', async () => {
    const model = decoder();
    const y = prompt();
    const steps: number[][] = [];
    for (let step = 0; step < 24; step++) {
      const [row] = rowsOf(await model.logits(y, y.length));
      if (!row) throw new Error('no row');
      steps.push(row);
      y.push(argmax(row));
    }
    expectClose(steps, await fresh(checkpoint(), y.slice(0, -1), prompt().length));
    // The prompt once, then one position for each token but the last.
    expect(model.count).toEqual({ passes: 24, positions: prompt().length + 23 });
  });

  it('a rollback, a change and a repetition give what a fresh model gives', async () => {
    const model = decoder();
    const y = [...prompt(), 10, 11, 12, 13, 14, 15];
    await model.logits(y, y.length);
    const cut = y.slice(0, -3);
    expectClose(
      rowsOf(await model.logits(cut, cut.length)),
      await fresh(checkpoint(), cut, cut.length),
    );
    const other = [...cut.slice(0, -1), 20, 21, 22];
    const from = other.length - 3;
    expectClose(rowsOf(await model.logits(other, from)), await fresh(checkpoint(), other, from));
    expectClose(rowsOf(await model.logits(other, from)), await fresh(checkpoint(), other, from));
    const again = [...prompt(), 10, 11, 12];
    expectClose(rowsOf(await model.logits(again, 1)), await fresh(checkpoint(), again, 1));
    expectClose(rowsOf(await model.logits([1], 1)), await fresh(checkpoint(), [1], 1));
  });

  it('feeds only what it has not read', async () => {
    const model = decoder();
    const y = prompt();
    await model.logits(y, y.length);
    const before = model.count.positions;
    await model.logits([...y, 10, 11, 12, 13], y.length + 1);
    expect(model.count.positions - before).toBe(4);
    await model.logits([...y, 10, 30], y.length + 2);
    expect(model.count.positions - before).toBe(5);
    model.reset();
    expect(model.count).toEqual({ passes: 0, positions: 0 });
  });

  it('rows of a padded batch are the rows of each sequence alone, also as the batch grows', async () => {
    const { tokenizer, vocab } = checkpoint();
    const model = decoder();
    let batch = ['say 7: ', 'say 4120567: ', 'sort 5 2 9: '].map((text) => tokenizer.encode(text));
    const alone = async () =>
      Promise.all(batch.map(async (y) => (await fresh(checkpoint(), y, y.length))[0] as number[]));
    expectClose(rowsOf(await model.nextLogits(batch)), await alone());
    const before = model.count.positions;
    batch = batch.map((y, i) => [...y, 10 + i]);
    expectClose(rowsOf(await model.nextLogits(batch)), await alone());
    expect(model.count.positions - before).toBe(3);
    // A beam search keeps two of three, one of them twice, and goes on.
    const [a, , c] = batch;
    batch = [c, a, c].map((y, i) => [...(y ?? []), 20 + i]);
    batch = batch.map((y) => [...y, 5]);
    expectClose(rowsOf(await model.nextLogits(batch)), await alone());
    // Shorter, longer and different: nothing can be kept.
    batch = [[1], [1, 5, 6, 7, vocab - 1]];
    expectClose(rowsOf(await model.nextLogits(batch)), await alone());
    batch = [[1], [1, 5, 6, 7, vocab - 1]];
    expectClose(rowsOf(await model.nextLogits(batch)), await alone());
  });

  it('continuations of a batch are judged as each alone, chunk after chunk, in any order', async () => {
    const { tokenizer } = checkpoint();
    const model = decoder();
    const alone = async (batch: readonly number[][], from: number) => {
      const longest = Math.max(...batch.map((y) => y.length));
      const rows = await Promise.all(
        batch.map(async (y) => {
          const own = from < y.length ? await fresh(checkpoint(), y.slice(0, -1), from) : [];
          return Array.from({ length: longest - from }, (_, i) => own[i]);
        }),
      );
      return rows.flat();
    };
    const judged = async (batch: readonly number[][], from: number) => {
      const wanted = await alone(batch, from);
      const got = rowsOf(await model.batchLogits(batch, from));
      expect(got).toHaveLength(wanted.length);
      // Rows beyond the end of a shorter sequence mean nothing.
      const count = wanted.flatMap((row, i) => (row ? [i] : []));
      expectClose(
        count.map((i) => got[i] as number[]),
        count.map((i) => wanted[i] as number[]),
      );
    };
    const start = tokenizer.encode('say 4120567: ');
    const grow = (y: readonly number[] | undefined, ...tokens: number[]) => [
      ...(y ?? []),
      ...tokens,
    ];
    let batch = [grow(start, 10, 11, 12), grow(start, 13, 14, 15), grow(start, 16)];
    await judged(batch, start.length);
    // What all have in common was read once: the prompt but for its last token, then three columns of each.
    expect(model.count).toEqual({ passes: 2, positions: start.length - 1 + 9 });
    // The second goes on twice, the first once; the third has ended.
    batch = [grow(batch[1], 20, 21), grow(batch[0], 22, 23), grow(batch[1], 24, 25)];
    const before = model.count;
    await judged(batch, start.length + 3);
    expect(model.count).toEqual({ passes: 3, positions: before.positions + 6 });
    // The same again, from further back, after something else, and without anything in common.
    await judged(batch, start.length + 2);
    await model.nextLogits([[1, 5, 6], [1]]);
    await judged(batch, start.length + 1);
    await judged([tokenizer.encode('sort 5 2 9: '), grow(start, 9, 9, 9)], 5);
    await judged(
      [
        [1, 5],
        [7, 6, 5],
      ],
      1,
    );
    await expect(model.batchLogits(batch, batch[0]?.length ?? 0)).rejects.toThrow('from = ');
    await expect(model.batchLogits([[1, 79, 3]], 1)).rejects.toThrow('is not in [0, 79)');
  });

  it('says what a batch costs', () => {
    const { config } = checkpoint().model;
    expect(config.contextLength).toBe(192);
    const model = decoder();
    expect(model.bytesPerToken).toBe(
      checkpoint().model.signature.caches.reduce(
        (sum, slot) => sum + 4 * slot.heads * slot.width,
        0,
      ),
    );
    expect(model.bytesPerToken).toBeGreaterThan(100);
    expect(model.mostBytes).toBe(2 ** 31);
  });

  it('a fork reads on its own', async () => {
    const model = decoder();
    const y = [...prompt(), 10, 11];
    await model.logits(y, y.length);
    const fork = model.fork();
    await fork.logits([1, 9, 9, 9], 2);
    expect(fork.count).toEqual({ passes: 1, positions: 4 });
    const before = model.count.positions;
    const next = [...y, 12];
    const rows = rowsOf(await model.logits(next, next.length));
    expect(model.count.positions - before).toBe(1);
    expectClose(rows, await fresh(checkpoint(), next, next.length));
  });

  it('a vocabulary cut to a shared size hides the columns beyond it', async () => {
    const model = decoder().fork(60);
    const logits = await model.logits([1, 5], 1);
    expect(logits.vocab).toBe(60);
    const whole = await fresh(checkpoint(), [1, 5], 1);
    expectClose(
      rowsOf(logits),
      whole.map((row) => row.slice(0, 60)),
    );
    await expect(model.logits([1, 60], 1)).rejects.toThrow('token 60 is not in [0, 60)');
  });

  it('refuses what a GPU would read as something else', async () => {
    const model = decoder();
    for (const token of [-1, 79, 1.5, Number.NaN]) {
      await expect(model.logits([1, token], 1)).rejects.toThrow('is not in [0, 79)');
      await expect(model.nextLogits([[1, token]])).rejects.toThrow('is not in [0, 79)');
    }
    for (const from of [0, 3, 0.5])
      await expect(model.logits([1, 5], from)).rejects.toThrow('from');
    const long = Array.from({ length: 193 }, () => 1);
    await expect(model.logits(long, 193)).rejects.toMatchObject({ code: 'context' });
    await expect(model.logits(long, 193)).rejects.toThrow(
      'asked to read 193 tokens; its context is 192',
    );
    expect(rowsOf(await model.logits(long.slice(1), 192)).length).toBe(1);
  });
});
