// Training as the page sees it, with a real small decoder in Node: events, stopping, going on, keeping house, and
// what people bring that cannot be used.

import { beforeAll, describe, expect, it, test } from 'vitest';
import { diskFolder, loadNodeRuntime } from '../../cli/nodeRuntime.ts';
import { talkTo } from '../../test/support/talkTo.ts';
import { trainers } from '../algorithms/index.ts';
import type { Failure } from '../core/errors.ts';
import type { RunEvent } from '../core/events.ts';
import { defaultsOf } from '../core/params.ts';
import type { Experiment } from '../experiment/experiment.ts';
import { parseLocalId } from '../experiment/names.ts';
import type { OrtRuntime } from '../models/runtime.ts';
import { createMemoryShelf } from '../store/memoryShelf.ts';
import { openStore, type Store } from '../store/store.ts';
import type { Errand, FromWorker } from './protocol.ts';

let runtime: OrtRuntime;
beforeAll(async () => {
  runtime = await loadNodeRuntime();
});

const experiment = (
  params: Partial<Record<keyof typeof trainers.sft.params, number | string>> = {},
  others: Partial<Experiment> = {},
): Partial<Experiment> => ({
  mode: 'train',
  method: 'sft',
  params: { ...defaultsOf(trainers.sft.params), steps: 4, batch: 8, evaluateEvery: 2, ...params },
  small: 'base-small',
  task: 'numberWords',
  difficulty: 3,
  problems: 3,
  ...others,
});

function talk(changes: Parameters<typeof talkTo>[1] = {}) {
  let store: Promise<Store> | undefined;
  const conversation = talkTo(runtime, {
    store() {
      store ??= openStore(createMemoryShelf());
      return store;
    },
    ...changes,
  });
  let number = 1000;
  type Wish = Errand extends infer E ? (E extends Errand ? Omit<E, 'request'> : never) : never;
  /** Sends an errand and waits for its answer. */
  async function ask(errand: Wish) {
    const request = ++number;
    conversation.engine.receive({ ...errand, request } as Errand);
    const answers = ['done', 'dataRead', 'exported', 'refused'];
    const isAnswer = (one: FromWorker) =>
      answers.includes(one.type) && 'request' in one && one.request === request;
    await conversation.until(() => conversation.said.some(isAnswer));
    return conversation.said.find(isAnswer) as FromWorker;
  }
  const train = async (run: number, what: Partial<Experiment>) => {
    conversation.start(run, what);
    await conversation.until(() => conversation.ended(run));
    return conversation.events(run);
  };
  const stored = () =>
    conversation.said.findLast((one) => one.type === 'stored')?.stored ?? undefined;
  return { ...conversation, ask, train, stored };
}

const losses = (events: readonly RunEvent[]) =>
  events.flatMap((run) =>
    run.type === 'train' && run.event.type === 'step' ? [run.event.loss] : [],
  );
const keptOf = (events: readonly RunEvent[]) =>
  events.flatMap((run) => (run.type === 'kept' ? [run.checkpoint] : []))[0];
const failureOf = (events: readonly RunEvent[]): Failure | undefined =>
  events.flatMap((run) => (run.type === 'failed' ? [run.failure] : []))[0];

describe('a training', () => {
  it('learns, is measured, shows what it writes, and what it learned can be used at once', async () => {
    const { train, start, until, ended, events, stored, said } = talk();
    const told = await train(1, experiment());
    const order = told.map((run) => (run.type === 'train' ? run.event.type : run.type));
    const evaluation = ['sample', 'sample', 'sample', 'evaluated'];
    expect(order).toEqual([
      'started',
      'step',
      'step',
      ...evaluation,
      'step',
      'step',
      ...evaluation,
      'trained',
      'kept',
      'completed',
    ]);
    const all = losses(told);
    expect(all.at(-1)).toBeLessThan(all[0]!);
    for (const run of told) {
      if (run.type !== 'train') continue;
      const sum = Object.values(run.times).reduce((a, b) => a + b, 0);
      expect(Math.abs(run.ms - sum)).toBeLessThan(1e-6);
    }
    const kept = keptOf(told)!;
    expect(kept).toMatchObject({ step: 4, measuredAt: 4, base: 'base-small' });
    expect(kept.scores.loss).toBeGreaterThan(0);
    expect(stored()?.checkpoints.map(({ id }) => id)).toEqual([kept.id]);
    expect(stored()?.resumable).toEqual([]);
    const stages = said.flatMap((one) => (one.type === 'progress' ? [one.progress.stage] : []));
    expect(stages).toEqual(expect.arrayContaining(['download', 'data', 'gradients', 'evaluate']));

    start(2, { small: kept.id, prompt: 'say 7: ' });
    await until(() => ended(2));
    expect(events(2).map(({ type }) => type)).toContain('generated');
  });

  it('with learning rate 0 keeps the very weights that it began with', async () => {
    const { train, ask } = talk();
    const told = await train(1, experiment({ learningRate: 0, evaluateEvery: 0 }));
    const files = await unzipped(await ask({ type: 'export', id: keptOf(told)!.id }));
    const before = await diskFolder('public/models/base-small').read('onnx/model.onnx');
    expect(Buffer.compare(files.get('onnx/model.onnx')!, Buffer.from(before))).toBe(0);
    expect([...files.keys()].sort()).toEqual([
      'README.md',
      'config.json',
      'onnx/model.onnx',
      'tokenizer.json',
      'tokenizer_config.json',
    ]);
    expect(files.get('README.md')!.toString()).toContain('Recipe');
  });

  it('with LoRA trains adapters only, which are exported by themselves and within the model', async () => {
    const { train, ask, start, until, ended, events } = talk();
    const knobs = { tune: 'lora', loraRank: 4, loraTargets: 'attention', learningRate: 0.01 };
    const told = await train(1, experiment({ ...knobs, steps: 2 }));
    expect(failureOf(told)).toBeUndefined();
    const kept = keptOf(told)!;
    // c_attn (80, 240) and c_proj (80, 80) of two layers.
    expect(kept.parameters).toBe(2 * 4 * (80 + 240 + 80 + 80));
    const files = await unzipped(await ask({ type: 'export', id: kept.id }));
    expect([...files.keys()]).toEqual(
      expect.arrayContaining(['adapter/adapter_config.json', 'adapter/adapter_model.safetensors']),
    );
    expect(files.get('README.md')!.toString()).toContain('LoRA');
    start(2, { small: kept.id, prompt: 'say 7: ' });
    await until(() => ended(2));
    expect(events(2).map(({ type }) => type)).toContain('generated');
  });

  it('steps one optimiser step at a time, with its evaluation', async () => {
    const { engine, start, until, types, ended } = talk();
    start(1, experiment(), true);
    const step = async (until_: number) => {
      engine.receive({ type: 'step', run: 1 });
      await until(() => types(1).length >= until_);
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(types(1)).toHaveLength(until_);
    };
    await until(() => types(1).length >= 0);
    await step(2); // started does not count
    await step(2 + 5); // step, three samples, evaluated
    engine.receive({ type: 'stop', run: 1 });
    await until(() => ended(1));
    expect(types(1).slice(-2)).toEqual(['kept', 'completed']);
  });

  it('keeps what it has when it is stopped, and nothing when there is nothing', async () => {
    const { engine, start, until, types, events, ended } = talk();
    start(1, experiment({ steps: 500, evaluateEvery: 0 }));
    await until(() => losses(events(1)).length >= 2);
    engine.receive({ type: 'stop', run: 1 });
    await until(() => ended(1));
    expect(types(1).slice(-2)).toEqual(['kept', 'completed']);
    expect(keptOf(events(1))!.step).toBe(losses(events(1)).length);

    start(2, experiment({ steps: 500 }), true);
    await until(() => types(2).length >= 0);
    engine.receive({ type: 'stop', run: 2 });
    await until(() => ended(2));
    expect(types(2)).not.toContain('kept');
  });

  it('stops at the last good weights when the numbers run away, and keeps those', async () => {
    const { train } = talk();
    const told = await train(
      1,
      experiment({ learningRate: 1e9, clip: 0, warmup: 0, evaluateEvery: 0, steps: 20 }),
    );
    const diverged = told.find((run) => run.type === 'train' && run.event.type === 'diverged');
    expect(diverged).toBeDefined();
    expect(told.at(-1)).toEqual({ type: 'completed' });
  });

  it('goes on after a crash with the same curve, bit for bit', async () => {
    const files = new Map<string, Blob>();
    const tab = () => ({ store: () => openStore(createMemoryShelf(files)) });
    const what = experiment({ steps: 6, evaluateEvery: 3 });
    const whole = losses(await talk().train(1, what));

    const first = talk(tab());
    first.start(1, what, true);
    first.engine.receive({ type: 'step', run: 1 });
    await first.until(() => losses(first.events(1)).length >= 1);
    first.engine.receive({ type: 'hidden' });
    first.engine.receive({ type: 'step', run: 1 });
    first.engine.receive({ type: 'step', run: 1 });
    await first.until(() => losses(first.events(1)).length >= 3);
    const second = talk(tab());
    await second.until(() => (second.stored()?.resumable.length ?? 0) > 0);
    const [again] = second.stored()!.resumable;
    expect(again).toMatchObject({ step: 1, steps: 6 });
    second.engine.receive({
      type: 'start',
      run: 1,
      experiment: again!.experiment,
      paused: false,
      resume: again!.id,
    });
    await second.until(() => second.ended(1));
    expect(losses(second.events(1))).toEqual(whole);
    expect(second.stored()?.resumable).toEqual([]);
  });
});

describe('data of one’s own', () => {
  const good = '{"prompt": "say 7: ", "completion": "seven."}\n';
  const file = (text: string) => new Blob([text]);

  it('is reported, kept, and learned from', async () => {
    const { ask, train } = talk();
    const source = { name: 'seven.jsonl', file: file(good.repeat(12)) };
    const answer = await ask({ type: 'readData', checkpoint: 'base-small', source });
    if (answer.type !== 'dataRead') throw new Error(JSON.stringify(answer));
    const { report } = answer;
    expect(report).toMatchObject({ lines: 12, examples: 12, duplicates: 11, problemCount: 0 });
    const told = await train(1, experiment({ steps: 3 }, { data: report.id }));
    expect(failureOf(told)).toBeUndefined();
    expect(losses(told)).toHaveLength(3);
    expect(keptOf(told)!.name).toContain('seven');
  });

  test.each([
    [`${good}nonsense\n`, 2, 'is not JSON'],
    [
      `${good}${good}{"prompt": "say 7: ", "completion": "日"}\n`,
      3,
      'cannot be read by this model',
    ],
    [`{"prompt": "say 7: ", "completion": "${'seven '.repeat(60)}"}\n`, 1, 'is too long'],
  ])('a line that cannot be used is named: %s', async (text, line, what) => {
    const { ask } = talk();
    const source = { name: 'bad.jsonl', file: file(text) };
    const answer = await ask({ type: 'readData', checkpoint: 'base-small', source });
    if (answer.type !== 'dataRead') throw new Error(JSON.stringify(answer));
    expect(answer.report.id).toBe('');
    expect(answer.report.problems).toHaveLength(1);
    expect(answer.report.problems[0]).toMatchObject({ line });
    expect(answer.report.problems[0]!.what).toContain(what);
  });

  it('that is not here is asked for', async () => {
    const { train } = talk();
    const data = `file:${'a'.repeat(64)}:names.jsonl`;
    const failure = failureOf(await train(1, experiment({}, { data })));
    expect(failure?.code).toBe('data');
    expect(failure?.message).toContain('names.jsonl');
  });

  it('that is not text is refused', async () => {
    const { ask } = talk();
    const source = { name: 'x.bin', file: new Blob([Uint8Array.of(0xff, 0xfe, 0)]) };
    const answer = await ask({ type: 'readData', checkpoint: 'base-small', source });
    expect(answer).toMatchObject({ type: 'refused', failure: { code: 'data' } });
  });
});

describe('keeping house', () => {
  it('renames, deletes, restores and empties', async () => {
    const { train, ask, stored, start, until, ended, events } = talk();
    const { id } = keptOf(await train(1, experiment({ evaluateEvery: 0, steps: 1 })))!;
    expect(await ask({ type: 'rename', id, name: 'my / own' })).toMatchObject({ type: 'done' });
    expect(stored()!.checkpoints[0]!.name).toBe('my - own');
    await ask({ type: 'delete', id });
    expect(stored()!.checkpoints[0]!.deleted).toBeDefined();
    start(2, { small: id });
    await until(() => ended(2));
    expect(failureOf(events(2))?.message).toContain('in the trash');
    await ask({ type: 'restore', id });
    expect(stored()!.checkpoints[0]!.deleted).toBeUndefined();
    await ask({ type: 'delete', id });
    await ask({ type: 'emptyTrash', of: 'files' });
    expect(stored()!.checkpoints).toEqual([]);
    expect(await ask({ type: 'rename', id, name: 'x' })).toMatchObject({ type: 'refused' });
  });

  it('a checkpoint that is not here, and one whose bytes changed, are told apart', async () => {
    const shelf = createMemoryShelf();
    const { train, start, until, ended, events } = talk({ store: () => openStore(shelf) });
    const unknown = `local:${'b'.repeat(64)}:somebody’s`;
    start(1, { small: unknown });
    await until(() => ended(1));
    expect(failureOf(events(1))?.message).toContain('not in this browser');
    const { id } = keptOf(await train(2, experiment({ evaluateEvery: 0, steps: 1 })))!;
    const path = `checkpoints/${parseLocalId(id)!.sha256}/onnx/model.onnx`;
    await shelf.write(path, Uint8Array.of(1, 2, 3));
    start(3, { small: id });
    await until(() => ended(3));
    expect(failureOf(events(3))?.message).toContain('other bytes');
  });

  it('a built-in checkpoint is exported as it is', async () => {
    const { ask } = talk();
    const files = await unzipped(await ask({ type: 'export', id: 'base-small' }));
    const before = await diskFolder('public/models/base-small').read('onnx/model.onnx');
    expect(Buffer.compare(files.get('onnx/model.onnx')!, Buffer.from(before))).toBe(0);
  });
});

/** The stored (uncompressed) entries of an exported zip, without their folder. */
async function unzipped(answer: FromWorker): Promise<Map<string, Buffer>> {
  if (answer.type !== 'exported') throw new Error(JSON.stringify(answer));
  const bytes = Buffer.from(await answer.file.arrayBuffer());
  const files = new Map<string, Buffer>();
  // The central directory at the end says where everything is.
  const end = bytes.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'));
  let at = bytes.readUInt32LE(end + 16);
  for (let i = bytes.readUInt16LE(end + 10); i > 0; i--) {
    const size = bytes.readUInt32LE(at + 20);
    const nameLength = bytes.readUInt16LE(at + 28);
    const extra = bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
    const local = bytes.readUInt32LE(at + 42);
    const name = bytes.toString('utf8', at + 46, at + 46 + nameLength);
    const data = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
    files.set(name.replace(/^[^/]*\//, ''), bytes.subarray(data, data + size));
    at += 46 + nameLength + extra;
  }
  return files;
}
