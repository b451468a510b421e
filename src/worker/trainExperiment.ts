// Train mode: a checkpoint learns, is measured now and then by what it writes, and is kept in the end, also when
// it was stopped or its numbers ran away: then with the last weights that were good.

import { trainers } from '../algorithms/index.ts';
import { type SftParams, sft, sftRows } from '../algorithms/sft.ts';
import type { RunEvent } from '../core/events.ts';
import type { KeptCheckpoint } from '../core/kept.ts';
import { defaultsOf } from '../core/params.ts';
import type { TrainableModel } from '../core/trainable.ts';
import type { TrainTimes } from '../core/trainEvents.ts';
import { checkpointTitle } from '../experiment/catalogue.ts';
import type { Experiment } from '../experiment/experiment.ts';
import { encode } from '../experiment/link.ts';
import { cleanName, parseFileId } from '../experiment/names.ts';
import { tasks } from '../tasks/index.ts';
import type { Stopped } from './generation.ts';
import { HELD_OUT_EXAMPLES, measure, type Sample } from './measure.ts';
import { trainedFiles } from './trainedFiles.ts';
import type { Files, TrainRoom } from './trainRoom.ts';

/** Where a training is saved while it runs, so that it can go on after a crash. */
export interface Saves {
  /** What it said before it was interrupted. */
  readonly past: readonly RunEvent[];
  /** What there is to save: these events, which go on growing. */
  watch(room: TrainRoom, events: readonly RunEvent[]): void;
  /** Is it time to save? */
  due(): boolean;
  save(): Promise<void>;
}

/** Takes a trained checkpoint and says what became of it. */
export type Keep = (
  files: Files,
  about: Omit<KeptCheckpoint, 'id' | 'bytes' | 'saved' | 'deleted' | 'temporary'>,
) => Promise<KeptCheckpoint>;

const NO_TIMES: TrainTimes = { data: 0, gradients: 0, update: 0, evaluation: 0 };

/** The trainer's settings, completed. */
export const trainParams = ({ params }: Experiment) => {
  const table = trainers.sft.params;
  return { ...defaultsOf(table), ...params } as SftParams & { microBatch: number };
};

/** Whether a step is complete with this event, or an evaluation of it follows. */
export function endsStep(experiment: Experiment): (event: RunEvent) => boolean {
  const { steps, evaluateEvery } = trainParams(experiment);
  const due = (step: number) => step === steps || (evaluateEvery > 0 && step % evaluateEvery === 0);
  return (run) => {
    if (run.type === 'sample') return false;
    if (run.type !== 'train') return true;
    return run.event.type === 'step' ? !due(run.event.step) : run.event.type !== 'started';
  };
}

/** Asked for by what runs inside a step, to leave it. */
class Interrupted extends Error {}

/**
 * @param stopped asked between steps and while it is measured; what was learned is kept then
 * @throws UserError 'runtime', 'gpu', 'storage'
 */
export async function* trainExperiment(
  experiment: Experiment,
  room: TrainRoom,
  keep: Keep,
  stopped: Stopped = () => false,
  saves?: Saves,
): AsyncGenerator<RunEvent, void, void> {
  const { trainable, source, role, base } = room;
  const params = trainParams(experiment);
  const laps = { ...NO_TIMES } as { -readonly [K in keyof TrainTimes]: number };
  const events: RunEvent[] = [...(saves?.past ?? [])];
  const say = (event: RunEvent): RunEvent => {
    events.push(event);
    return event;
  };
  saves?.watch(room, events);
  const done = trainable.steps;
  let samples: readonly Sample[] = [];
  let scores: Readonly<Record<string, number>> = {};
  let measuredAt = 0;
  for (const past of saves?.past ?? []) {
    yield past;
    if (past.type !== 'train' || past.event.type !== 'evaluated') continue;
    ({ scores, step: measuredAt } = past.event);
  }
  if (done === 0) {
    const heldOut = source.heldOuts ?? HELD_OUT_EXAMPLES;
    yield say({
      type: 'train',
      ms: 0,
      times: NO_TIMES,
      event: {
        type: 'started',
        steps: params.steps,
        done,
        parameters: trainable.size,
        batch: params.batch,
        heldOut,
        ...(source.examples !== undefined && { examples: source.examples }),
      },
    });
  }

  async function evaluate(): Promise<Readonly<Record<string, number>>> {
    const begun = performance.now();
    const halted = async () => {
      const halt = await stopped();
      if (halt) throw new Interrupted();
      return halt;
    };
    const loss = await heldOutLoss();
    const measured = await measure(experiment, room, halted);
    samples = measured.samples;
    laps.evaluation += performance.now() - begun;
    return { loss, accuracy: measured.accuracy };
  }

  /** Mean nats per token on examples that are not learned from; the weights stay as they are. */
  async function heldOutLoss(): Promise<number> {
    const count = Math.min(HELD_OUT_EXAMPLES, source.heldOuts ?? HELD_OUT_EXAMPLES);
    const examples = Array.from({ length: count }, (_, i) => source.heldOut(i));
    const { rows } = sftRows(examples, params.prompts);
    const logProbs = await trainable.accumulate(rows);
    trainable.forget();
    return rows.reduce(
      (sum, { weights }, r) => sum + weights.reduce((s, g, t) => s + g * logProbs[r]![t]!, 0),
      0,
    );
  }

  const training = sft({
    model: timed(trainable, laps),
    example(index) {
      const begun = performance.now();
      const example = source.example(index);
      laps.data += performance.now() - begun;
      return example;
    },
    params,
    done,
    evaluate,
  });
  try {
    for await (const event of training) {
      if (event.type === 'evaluated') {
        for (const sample of samples) yield say({ type: 'sample', step: event.step, ...sample });
        ({ scores, step: measuredAt } = event);
      }
      const times = { ...laps };
      Object.assign(laps, NO_TIMES);
      const ms = Object.values(times).reduce((sum, one) => sum + one, 0);
      yield say({ type: 'train', event, ms, times });
      if (await stopped()) break;
      if (event.type === 'step' && saves?.due()) await saves.save();
    }
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
  }

  const step = trainable.steps;
  if (step > 0) {
    room.progress({ stage: 'keep', role });
    const about = {
      name: nameOf(experiment, step),
      parameters: trainable.size,
      step,
      scores,
      measuredAt,
      base: base.id,
      recipe: encode(experiment),
    };
    const files = trainedFiles(base.files, await trainable.export(), {
      ...about,
      base: checkpointTitle(base.id),
      data: dataOf(experiment),
      seed: experiment.seed,
      batch: params.batch,
    });
    yield { type: 'kept', role, checkpoint: await keep(files, about) };
  }
  yield { type: 'completed' };
}

/** The same model; what it does is timed. */
function timed(
  model: TrainRoom['trainable'],
  laps: { -readonly [K in keyof TrainTimes]: number },
): TrainableModel {
  const during =
    <A extends readonly unknown[], R>(lap: keyof TrainTimes, work: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      const begun = performance.now();
      try {
        return await work(...args);
      } finally {
        laps[lap] += performance.now() - begun;
      }
    };
  return {
    vocab: model.vocab,
    contextLength: model.contextLength,
    accumulate: during('gradients', (rows) => model.accumulate(rows)),
    step: during('update', (update) => model.step(update)),
    forget: () => model.forget(),
    undo: () => model.undo(),
  };
}

const dataOf = ({ data, task, difficulty }: Experiment): string => {
  const file = parseFileId(data);
  return file
    ? `the lines of ${file.name} (SHA-256 ${file.sha256})`
    : `${tasks[task].title}, difficulty ${difficulty}`;
};

function nameOf(experiment: Experiment, step: number): string {
  const { data, task, params } = experiment;
  const id = experiment[params.model === 'large' ? 'large' : 'small'];
  const what = parseFileId(data)?.name.replace(/\.jsonl?$/, '') ?? tasks[task].title;
  return cleanName(`${checkpointTitle(id)} + ${what}, ${step} steps`);
}
