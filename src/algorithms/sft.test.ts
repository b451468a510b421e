// Supervised fine-tuning on a model whose optimum is known (a bigram table), and on our own decoder.
import { describe, expect, it } from 'vitest';
import { loadNodeRuntime } from '../../cli/nodeRuntime.ts';
import { modelBytes, tiny } from '../../test/support/ownCheckpoint.ts';
import { bigramTrainable } from '../../test/support/trainableTable.ts';
import { checkParam, defaultsOf } from '../core/params.ts';
import type { TokenRow, Update } from '../core/trainable.ts';
import type { TrainEvent } from '../core/trainEvents.ts';
import { createTrainable } from '../models/createTrainable.ts';
import { type Example, type SftContext, type SftParams, sft, sftParams, sftRows } from './sft.ts';

const defaults = defaultsOf(sftParams);
const params = (some: Partial<SftParams>): SftParams => ({ ...defaults, warmup: 0, ...some });

async function all(context: SftContext): Promise<TrainEvent[]> {
  const events: TrainEvent[] = [];
  for await (const event of sft(context)) events.push(event);
  return events;
}
const steps = (events: readonly TrainEvent[]) => events.filter((event) => event.type === 'step');

describe('rows', () => {
  const examples: Example[] = [
    { prompt: [1, 5], completion: [6, 2] },
    { prompt: [1], completion: [7, 8, 2] },
  ];
  it('masked: each completion token counts 1 / n, prompts nothing', () => {
    const { rows, tokens } = sftRows(examples, 'masked');
    expect(tokens).toBe(5);
    expect(rows[0]).toEqual({ tokens: [1, 5, 6], targets: [5, 6, 2], weights: [0, -0.2, -0.2] });
    expect(rows[1]?.weights).toEqual([-0.2, -0.2, -0.2]);
  });
  it('learned: every token but the first counts', () => {
    const { rows, tokens } = sftRows(examples, 'learned');
    expect(tokens).toBe(6);
    expect(rows.flatMap((row) => row.weights).every((g) => g === -1 / 6)).toBe(true);
  });
});

describe('on a bigram table', () => {
  // After 0 comes 1 three times of four, else 2: the best loss is the entropy of (3/4, 1/4).
  const example = (i: number): Example => ({ prompt: [0], completion: [i % 4 === 3 ? 2 : 1] });
  const entropy = -(0.75 * Math.log(0.75) + 0.25 * Math.log(0.25));

  it('finds the frequencies of the data, and no loss below their entropy', async () => {
    const model = bigramTrainable(3);
    const events = await all({
      model,
      example,
      params: params({ steps: 1500, batch: 4, learningRate: 0.1, weightDecay: 0 }),
    });
    const last = steps(events).at(-1)!;
    expect(Math.abs(last.loss - entropy)).toBeLessThanOrEqual(1e-3);
    expect(Math.abs(model.probability(0, 1) - 0.75)).toBeLessThanOrEqual(0.01);
    expect(events.at(-1)).toEqual({ type: 'trained', step: 1500 });
  });

  it('the first loss is log V; masked tokens change nothing', async () => {
    const model = bigramTrainable(3);
    const long = (i: number): Example => ({ prompt: [2, 1, 0], completion: example(i).completion });
    const masked = await all({ model, example: long, params: params({ steps: 5, batch: 4 }) });
    const plain = await all({
      model: bigramTrainable(3),
      example,
      params: params({ steps: 5, batch: 4 }),
    });
    expect(steps(masked)[0]?.loss).toBeCloseTo(Math.log(3), 6);
    expect(steps(masked).map(({ loss }) => loss)).toEqual(steps(plain).map(({ loss }) => loss));
    expect(model.probability(2, 1)).toBeCloseTo(1 / 3, 6);
  });

  it('evaluates every k steps and at the end, after the step', async () => {
    const asked: number[] = [];
    const events = await all({
      model: bigramTrainable(3),
      example,
      params: params({ steps: 7, batch: 4, evaluateEvery: 3 }),
      evaluate: async (step) => {
        asked.push(step);
        return { accuracy: step };
      },
    });
    expect(asked).toEqual([3, 6, 7]);
    const types = events.map(({ type }) => type);
    expect(types.slice(2, 5)).toEqual(['step', 'evaluated', 'step']);
  });

  it('a stop leaves the steps that were made', async () => {
    const model = bigramTrainable(3);
    const events = sft({ model, example, params: params({ steps: 9, batch: 4 }) });
    await events.next();
    await events.next();
    await events.return();
    expect(model.steps).toBe(2);
  });

  it.each(['loss', 'gradient'] as const)(
    'a %s that is no number ends at the weights before',
    async (what) => {
      const model = bigramTrainable(3);
      const good = bigramTrainable(3);
      await all({
        model: good,
        example,
        params: params({ steps: 3, batch: 4, schedule: 'constant' }),
      });
      model.breakAt(4, what);
      const events = await all({
        model,
        example,
        params: params({ steps: 9, batch: 4, schedule: 'constant' }),
      });
      expect(events.at(-1)).toEqual({ type: 'diverged', step: 5, what });
      expect(steps(events)).toHaveLength(4);
      expect(model.table).toEqual(good.table);
    },
  );
});

describe('on our own decoder', () => {
  const example = (i: number): Example => ({
    prompt: [1, 31 + (i % 10)],
    completion: [5 + (i % 10), 6 + (i % 10), 2],
  });
  const some = params({ steps: 80, batch: 10, learningRate: 1e-2, warmup: 4, weightDecay: 0.1 });
  const make = async () =>
    createTrainable(modelBytes(), await loadNodeRuntime(), { contextLength: tiny.context });

  it('learns a table by heart; the same run again is the same, bit for bit', async () => {
    const [model, again] = [await make(), await make()];
    const events = await all({ model, example, params: some });
    expect(steps(events)[0]?.loss).toBeCloseTo(Math.log(79), 0);
    expect(steps(events).at(-1)?.loss).toBeLessThan(1);
    expect(await all({ model: again, example, params: some })).toEqual(events);
    expect(await again.state()).toEqual(await model.state());
    await model.release();
    await again.release();
  });

  it('packed, follows the padded run: the same tokens count, in fewer rows', async () => {
    const length = tiny.context;
    const packing = await createTrainable(modelBytes(), await loadNodeRuntime(), {
      contextLength: length,
      packed: true,
    });
    const padding = await make();
    const read: number[] = [];
    const watched = {
      vocab: packing.vocab,
      contextLength: length,
      accumulate: (rows: readonly TokenRow[]) => {
        read.push(...rows.map(({ tokens }) => tokens.length));
        return packing.accumulate(rows);
      },
      step: (update: Update) => packing.step(update),
      forget: () => packing.forget(),
      undo: () => packing.undo(),
    };
    const short = { ...some, steps: 12 };
    const [ours, theirs] = [
      steps(await all({ model: watched, example, params: { ...short, packing: 'packed' } })),
      steps(await all({ model: padding, example, params: short })),
    ];
    ours.forEach(({ loss, tokens, read }, k) => {
      expect(Math.abs(loss - theirs[k]!.loss)).toBeLessThanOrEqual(1e-5);
      expect([tokens, read]).toEqual([theirs[k]!.tokens, theirs[k]!.read]);
    });
    // Ten examples of four tokens: eight fill a row, two are left.
    expect(read).toEqual(Array.from({ length: 12 }, () => [32, 8]).flat());
    await packing.release();
    await padding.release();
  });

  it('goes on from a saved state as if it had never stopped, bit for bit', async () => {
    const whole = await make();
    const events = await all({ model: whole, example, params: some });
    const first = await make();
    const half = sft({ model: first, example, params: some });
    for (let k = 0; k < 11; k++) await half.next();
    await half.return();
    const second = await make();
    await second.restore(await first.state());
    const rest = await all({ model: second, example, params: some, done: first.steps });
    expect(rest).toEqual(events.slice(11));
    expect(await second.state()).toEqual(await whole.state());
    for (const model of [whole, first, second]) await model.release();
  });
});

describe('the table of knobs', () => {
  it('has defaults within its own ranges', () => {
    for (const [key, spec] of Object.entries(sftParams)) {
      expect(checkParam(spec, spec.default), key).toEqual({ ok: true, value: spec.default });
    }
  });
});
