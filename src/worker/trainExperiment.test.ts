// A training from its first event to the checkpoint, on Node's ONNX Runtime: what is told, what is kept, and what
// happens when it is stopped, saved, gone on with, or runs away.
import { describe, expect, it } from 'vitest';
import { loadNodeRuntime } from '../../cli/nodeRuntime.ts';
import { folderOf, modelBytes } from '../../test/support/ownCheckpoint.ts';
import { memoryHost, roomFor, timeless, trainingOf } from '../../test/support/trainingRoom.ts';
import { createCpuBackend } from '../backend/cpu.ts';
import type { RunEvent } from '../core/events.ts';
import type { Experiment } from '../experiment/experiment.ts';
import { fileId } from '../experiment/names.ts';
import { type Checkpoint, loadCheckpoint } from '../models/checkpoint.ts';
import { type TrainingHost, trainExperiment } from './trainExperiment.ts';
import type { TrainingRoom } from './trainingRoom.ts';

async function run(
  experiment: Experiment,
  {
    saved,
    room,
    ...changes
  }: Partial<TrainingHost> & {
    saved?: Uint8Array<ArrayBuffer>;
    room?: TrainingRoom;
  } = {},
) {
  const { host, kept, states } = memoryHost(changes);
  const own = room ?? (await roomFor(experiment));
  const events: RunEvent[] = [];
  try {
    const training = await trainExperiment(experiment, own, host, saved);
    for await (const event of training.events) events.push(event);
  } finally {
    await own.release();
  }
  return { events, kept, states };
}
const names = (events: readonly RunEvent[]) =>
  events.map((event) => (event.type === 'train' ? event.event.type : event.type));
const steps = (events: readonly RunEvent[]) =>
  events.flatMap((event) =>
    event.type === 'train' && event.event.type === 'step' ? [event.event] : [],
  );
const scores = (events: readonly RunEvent[]) =>
  events.flatMap((event) =>
    event.type === 'train' && event.event.type === 'evaluated' ? [event.event] : [],
  );
/** Stops at the n-th time that it is asked. */
const stopAt = (n: number) => {
  let asked = 0;
  return () => ++asked >= n;
};

describe('a training', () => {
  it('tells what it does, in order, and how long it took', async () => {
    const { events, kept } = await run(trainingOf());
    const sampled = Array<string>(8).fill('sample');
    const five = Array<string>(5).fill('step');
    const measured = [...sampled, 'evaluated'];
    expect(names(events)).toEqual([
      'started',
      ...measured,
      ...five,
      ...measured,
      ...five,
      ...measured,
      'trained',
      'kept',
      'completed',
    ]);
    expect(events[0]).toMatchObject({
      event: { type: 'started', steps: 10, done: 0, batch: 6, heldOut: 64 },
    });
    for (const event of events) {
      if (event.type !== 'train') continue;
      const sum = Object.values(event.times).reduce((a, b) => a + b, 0);
      expect(event.ms).toBeCloseTo(sum, 6);
      if (event.event.type === 'step') expect(event.times.gradients).toBeGreaterThan(0);
      if (event.event.type === 'evaluated') expect(event.times.evaluation).toBeGreaterThan(0);
    }
    const [begin, , end] = scores(events).map(({ scores: { loss = Number.NaN } }) => loss);
    expect(end).toBeLessThan(begin as number);
    expect(kept[0]).toMatchObject({
      name: 'own-addition',
      step: 10,
      measuredAt: 10,
      base: 'tiny-small',
    });
    expect(kept[0]?.scores).toEqual(scores(events).at(-1)?.scores);
    expect(events.find((event) => event.type === 'kept')).toMatchObject({ role: 'small' });
  });

  it('what is kept is a checkpoint that decodes, with the weights that were trained', async () => {
    const { kept } = await run(trainingOf());
    const files = kept[0]?.files as ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
    expect([...files.keys()].sort()).toEqual([
      'config.json',
      'onnx/model.onnx',
      'tokenizer.json',
      'tokenizer_config.json',
    ]);
    const trained = await loadCheckpoint(
      {
        name: 'k',
        files: new Set(files.keys()),
        read: async (path) => files.get(path) as Uint8Array,
      },
      await loadNodeRuntime(),
    );
    const before = await loadCheckpoint(folderOf(modelBytes()), await loadNodeRuntime());
    const read = async ({ model, vocab }: Checkpoint) =>
      createCpuBackend().ops.tokenLogProbs(await model.decoder(vocab).logits([1, 5, 6], 3), [7]);
    const [now, then] = [await read(trained), await read(before)];
    expect(Number.isFinite(now.logProbs[0])).toBe(true);
    expect(now.logProbs[0]).not.toBe(then.logProbs[0]);
    await trained.release();
    await before.release();
  });

  it('with a learning rate of zero keeps the file that it began with, to the byte', async () => {
    const { kept } = await run(trainingOf({ params: { learningRate: 0 } }));
    expect(kept[0]?.files.get('onnx/model.onnx')).toEqual(modelBytes());
  });

  it('is the same whether passes are made at once or one by one', async () => {
    const one = await run(trainingOf({ params: { steps: 3, microBatch: 6 } }));
    const other = await run(trainingOf({ params: { steps: 3, microBatch: 1 } }));
    steps(one.events).forEach(({ loss }, i) => {
      const difference = Math.abs(loss - (steps(other.events)[i]?.loss ?? Number.NaN));
      expect(!(difference <= 1e-5)).toBe(false);
    });
  });

  it('learns from a data file', async () => {
    const text = Array.from({ length: 20 }, (_, i) =>
      JSON.stringify({ prompt: `q${i}: `, completion: 'yes.' }),
    ).join('\n');
    const data = fileId({ sha256: '0'.repeat(64), name: 'yes.jsonl' });
    const experiment = trainingOf({
      data,
      params: { steps: 80, evaluateEvery: 0, learningRate: 0.03 },
    });
    const room = await roomFor(experiment, {
      readData: async () => new TextEncoder().encode(text),
    });
    const { events, kept } = await run(experiment, { room });
    expect(events[0]).toMatchObject({ event: { examples: 18, heldOut: 2 } });
    expect(scores(events).map(({ step }) => step)).toEqual([80]);
    expect(scores(events)[0]?.scores).toMatchObject({ accuracy: 1 });
    expect(kept[0]?.name).toBe('own-yes');
  });
});

describe('stopping', () => {
  it('at any moment ends with what was learned so far, and says where that was measured', async () => {
    for (const at of [1, 20, 60, 140, 180, 220]) {
      const { events, kept } = await run(trainingOf(), { stopped: stopAt(at) });
      expect(names(events)).not.toContain('completed');
      const made = steps(events).length;
      expect(kept.length).toBe(made > 0 ? 1 : 0);
      if (made === 0) continue;
      expect(events.at(-1)?.type).toBe('kept');
      expect(kept[0]?.step).toBe(made);
      expect(kept[0]?.measuredAt).toBe(scores(events).at(-1)?.step);
    }
  });

  it('before anything was measured, keeps it with its loss', async () => {
    const experiment = trainingOf({ params: { evaluateEvery: 0 } });
    const { kept } = await run(experiment, { stopped: stopAt(8) });
    expect(kept[0]?.step).toBeGreaterThan(0);
    expect(kept[0]?.measuredAt).toBe(kept[0]?.step);
    expect(Object.keys(kept[0]?.scores ?? {})).toEqual(['loss']);
  });
});

describe('going on from a saved state', () => {
  it('is the training that was never interrupted, bit for bit, wherever it was saved', async () => {
    const experiment = trainingOf();
    const whole = await run(experiment, { saveEveryMs: 0 });
    expect(whole.states.length).toBeGreaterThan(8);
    for (const saved of whole.states) {
      const again = await run(experiment, { saved });
      const rest = (events: readonly RunEvent[]) => timeless(events).slice(1);
      expect(rest(again.events)).toEqual(rest(whole.events));
      expect(again.kept[0]?.files).toEqual(whole.kept[0]?.files);
    }
    const [first] = (await run(experiment, { saved: whole.states[3] as never })).events;
    expect(first).toMatchObject({ event: { type: 'started', done: 4 } });
  });

  it('measures what was being measured when it was interrupted', async () => {
    const experiment = trainingOf();
    const whole = await run(experiment);
    const { host, states } = memoryHost();
    const room = await roomFor(experiment);
    const training = await trainExperiment(experiment, room, host);
    let samples = 0;
    for await (const event of training.events) {
      // In the middle of what belongs to the evaluation after step 5.
      if (event.type === 'sample' && event.step === 5 && ++samples === 3) break;
      if (event.type === 'train' && event.event.type === 'step' && event.event.step === 5) {
        await training.save();
      }
    }
    await room.release();
    const again = await run(experiment, { saved: states[0] as never });
    expect(timeless(again.events).slice(1)).toEqual(timeless(whole.events).slice(1));
  });

  it('of another model is refused', async () => {
    const { states } = await run(trainingOf(), { saveEveryMs: 0 });
    const other = await roomFor(trainingOf(), {
      folder: folderOf(modelBytes({ layers: 1, width: 8, heads: 2, context: 32, vocabulary: 79 })),
    });
    await expect(run(trainingOf(), { room: other, saved: states[0] as never })).rejects.toThrow(
      'belongs to a model with other weights',
    );
  });

  it('that cannot be saved does not end the training', async () => {
    let tried = 0;
    const save = () => Promise.reject(new Error(`full ${++tried}`));
    const { events } = await run(trainingOf(), { saveEveryMs: 0, save });
    expect(tried).toBe(10);
    expect(events.at(-1)?.type).toBe('completed');
  });
});

describe('numbers that run away', () => {
  /** A room whose model gives no finite log-probs once it has made `at` steps. */
  async function breaking(experiment: Experiment, at: number): Promise<TrainingRoom> {
    const room = await roomFor(experiment);
    const accumulate = room.model.accumulate.bind(room.model);
    room.model.accumulate = async (rows) => {
      const logProbs = await accumulate(rows);
      return room.model.steps < at ? logProbs : logProbs.map((row) => row.fill(Number.NaN));
    };
    return room;
  }

  it('end the training at the last good weights, which are kept', async () => {
    const experiment = trainingOf({ params: { evaluateEvery: 0 } });
    const { events, kept } = await run(experiment, { room: await breaking(experiment, 4) });
    expect(names(events)).toEqual([
      'started',
      ...Array<string>(4).fill('step'),
      'diverged',
      'kept',
      'completed',
    ]);
    expect(events.at(-3)).toMatchObject({ event: { type: 'diverged', step: 5, what: 'loss' } });
    expect(kept[0]).toMatchObject({ step: 3, measuredAt: 3 });
    const short = await run(trainingOf({ params: { evaluateEvery: 0 } }), { stopped: stopAt(7) });
    expect(short.kept[0]?.step).toBe(3);
    expect(kept[0]?.files).toEqual(short.kept[0]?.files);
  });

  it('are found by the last evaluation as well', async () => {
    const experiment = trainingOf({ params: { evaluateEvery: 0 } });
    const { events, kept } = await run(experiment, { room: await breaking(experiment, 10) });
    expect(names(events).slice(-3)).toEqual(['diverged', 'kept', 'completed']);
    expect(kept[0]?.step).toBe(9);
  });

  it('from the first step on leave nothing to keep', async () => {
    const experiment = trainingOf({ params: { evaluateEvery: 0 } });
    const { events, kept } = await run(experiment, { room: await breaking(experiment, 1) });
    expect(names(events)).toEqual(['started', 'step', 'diverged', 'completed']);
    expect(kept).toEqual([]);
  });

  it('that are really there: a learning rate beyond all measure', async () => {
    const experiment = trainingOf({
      params: { learningRate: 1, clip: 0, schedule: 'constant', warmup: 0 },
    });
    const { events, kept } = await run(experiment);
    for (const { loss } of steps(events)) expect(Number.isFinite(loss)).toBe(true);
    for (const { scores: all } of kept) {
      for (const score of Object.values(all)) expect(Number.isFinite(score)).toBe(true);
    }
  });
});

describe('what the events of a step are', () => {
  it('a step, with its evaluation if one is due; the last one runs on to the end', async () => {
    const experiment = trainingOf();
    const { host } = memoryHost();
    const room = await roomFor(experiment);
    const training = await trainExperiment(experiment, room, host);
    const ends: string[] = [];
    for await (const event of training.events) {
      if (!training.endsStep(event)) continue;
      if (event.type === 'train' && 'step' in event.event) {
        ends.push(`${event.event.type} ${event.event.step}`);
      }
    }
    await room.release();
    expect(ends).toEqual([
      ...[1, 2, 3, 4].map((step) => `step ${step}`),
      'evaluated 5',
      ...[6, 7, 8, 9].map((step) => `step ${step}`),
    ]);
  });
});
