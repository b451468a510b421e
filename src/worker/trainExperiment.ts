// Train mode: a checkpoint learns, is measured now and then by what it writes, and is kept in the end, also when
// it was stopped or its numbers ran away: then with the last weights that were good.

import { trainers } from '../algorithms/index.ts';
import type { LoraParams } from '../algorithms/loraKnobs.ts';
import { type SftParams, sft } from '../algorithms/sft.ts';
import { UserError } from '../core/errors.ts';
import type { RunEvent } from '../core/events.ts';
import { defaultsOf } from '../core/params.ts';
import type { TrainableModel } from '../core/trainable.ts';
import type { TrainEvent, TrainTimes } from '../core/trainEvents.ts';
import { checkpointTitle } from '../experiment/catalogue.ts';
import type { Experiment } from '../experiment/experiment.ts';
import { cleanName, parseFileId } from '../experiment/names.ts';
import type { LoraSettings } from '../models/lora.ts';
import { tasks } from '../tasks/index.ts';
import type { Stopped } from './generation.ts';
import { type Keep, keepTrained } from './keepTrained.ts';
import { HELD_OUT_EXAMPLES, heldOutLoss, inPasses, measure, type Sample } from './measure.ts';
import type { Saves } from './saves.ts';
import type { TrainRoom } from './trainRoom.ts';

const NO_TIMES: TrainTimes = { data: 0, gradients: 0, update: 0, evaluation: 0 };

/** The trainer's settings, completed. */
export const trainParams = ({ params }: Experiment) => {
  const table = trainers.sft.params;
  return { ...defaultsOf(table), ...params } as SftParams & LoraParams & { microBatch: number };
};

/** Adapters, where the trainer's settings ask for them. */
export function loraOf(experiment: Experiment): LoraSettings | undefined {
  const { tune, loraRank, loraAlpha, loraTargets } = trainParams(experiment);
  if (tune !== 'lora') return undefined;
  return { rank: loraRank, alpha: loraAlpha, targets: loraTargets, seed: experiment.seed };
}

/** Is the model measured after this step? */
const isDue = (experiment: Experiment): ((step: number) => boolean) => {
  const { steps, evaluateEvery } = trainParams(experiment);
  return (step) => step === steps || (evaluateEvery > 0 && step % evaluateEvery === 0);
};

/**
 * Whether a step is complete with this event, or an evaluation of it follows. The last step runs on to the end, and
 * those before `done`, which are only told again, are none.
 */
export function endsStep(experiment: Experiment, done = 0): (event: RunEvent) => boolean {
  const { steps } = trainParams(experiment);
  const due = isDue(experiment);
  return (run) => {
    if (run.type !== 'train') return false;
    const { event } = run;
    if (event.type !== 'step' && event.type !== 'evaluated') return false;
    if (event.step <= done || event.step >= steps) return false;
    return event.type === 'evaluated' || !due(event.step);
  };
}

/** Asked for by what runs inside a step, to leave it. */
class Interrupted extends Error {}
/** The loss on held-out examples is no finite number. */
class Diverged extends Error {}

/**
 * @param stopped asked between passes and while it is measured; what was learned is kept then
 * @throws UserError 'runtime', 'gpu', 'storage'
 */
export async function* trainExperiment(
  experiment: Experiment,
  room: TrainRoom,
  keep: Keep,
  stopped: Stopped = () => false,
  saves?: Saves,
): AsyncGenerator<RunEvent, void, void> {
  const { trainable, source, role } = room;
  const params = trainParams(experiment);
  const laps = { ...NO_TIMES } as { -readonly [K in keyof TrainTimes]: number };
  const spend = (lap: keyof TrainTimes) => (ms: number) => {
    laps[lap] += ms;
  };
  const done = trainable.steps;
  const past = saves?.past ?? [];
  // A training may have been interrupted while it was measured: then it is measured again.
  const unmeasured =
    done > 0 && isDue(experiment)(done) && !past.some((event) => isEvaluation(event, done));
  const told = past.filter(
    (event) => !(unmeasured && event.type === 'sample' && event.step === done),
  );
  const events: RunEvent[] = [...told];
  const say = (event: RunEvent): RunEvent => {
    events.push(event);
    return event;
  };
  saves?.watch({ step: () => trainable.steps, state: () => trainable.state() }, events);
  let samples: readonly Sample[] = [];
  let scores: Readonly<Record<string, number>> = {};
  let measuredAt = 0;
  for (const event of told) {
    yield event;
    if (event.type !== 'train' || event.event.type !== 'evaluated') continue;
    ({ scores, step: measuredAt } = event.event);
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

  const halted = async () => {
    if (await stopped()) throw new Interrupted();
    return false;
  };

  async function evaluate(): Promise<Readonly<Record<string, number>>> {
    const loss = await heldOutLoss(room, params, halted, spend('evaluation'));
    if (!Number.isFinite(loss)) throw new Diverged();
    const measured = await measure(experiment, room, halted, spend('evaluation'));
    samples = measured.samples;
    return { loss, accuracy: measured.accuracy };
  }

  /** The event, with the time since the one before. */
  function timedEvent(event: TrainEvent): RunEvent {
    const times = { ...laps };
    Object.assign(laps, NO_TIMES);
    const ms = Object.values(times).reduce((sum, one) => sum + one, 0);
    return say({ type: 'train', event, ms, times });
  }

  function* evaluated(step: number, found: Readonly<Record<string, number>>) {
    for (const sample of samples) yield say({ type: 'sample', step, ...sample });
    scores = found;
    measuredAt = step;
    yield timedEvent({ type: 'evaluated', step, scores });
  }

  const training = sft({
    model: {
      ...timed(trainable, laps),
      accumulate: (rows) =>
        inPasses(trainable, rows, params.microBatch, halted, spend('gradients')),
    },
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
    if (unmeasured) yield* evaluated(done, await evaluate());
    for await (const event of training) {
      if (event.type === 'evaluated') yield* evaluated(event.step, event.scores);
      else yield timedEvent(event);
      if (await stopped()) break;
      if (event.type !== 'step' || !saves?.due()) continue;
      const about = await saves.save();
      if (about) yield timedEvent({ ...about, step: event.step });
    }
  } catch (error) {
    trainable.forget();
    if (error instanceof Diverged) {
      const step = trainable.steps;
      trainable.undo();
      yield timedEvent({ type: 'diverged', step, what: 'loss' });
    } else if (!(error instanceof Interrupted)) {
      // Whoever can goes on from the last step that was made.
      await saves?.save().catch(() => {});
      throw error;
    }
  }

  if (trainable.steps > 0) {
    room.progress({ stage: 'keep', role });
    if (measuredAt !== trainable.steps) {
      const loss = await lastGoodLoss();
      const step = trainable.steps;
      // What was measured at weights that are given up says nothing of these.
      if (step > 0 && (measuredAt === 0 || measuredAt > step)) {
        scores = { loss };
        measuredAt = step;
      }
    }
  }
  const step = trainable.steps;
  if (step > 0) {
    yield await keepTrained(experiment, room, keep, {
      name: nameOf(experiment, step),
      step,
      scores,
      measuredAt,
      data: dataOf(experiment),
      batch: params.batch,
    });
  }
  yield { type: 'completed' };

  /** Nobody has measured these weights yet: if they are good for nothing, those before are taken. */
  async function lastGoodLoss(): Promise<number> {
    const heard = async () => {
      await stopped();
      return false;
    };
    const loss = await heldOutLoss(room, params, heard);
    if (Number.isFinite(loss)) return loss;
    trainable.undo();
    const before = await heldOutLoss(room, params, heard);
    if (Number.isFinite(before)) return before;
    throw new UserError(
      'runtime',
      'The weights give no finite loss, and neither do those of the step before.',
      'Lower the learning rate or raise the warm-up, and train again.',
    );
  }
}

const isEvaluation = (run: RunEvent, step: number): boolean =>
  run.type === 'train' && run.event.type === 'evaluated' && run.event.step === step;

/** The same model; what it does is timed. */
function timed(
  model: TrainRoom['trainable'],
  laps: { -readonly [K in keyof TrainTimes]: number },
): Omit<TrainableModel, 'accumulate'> {
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
