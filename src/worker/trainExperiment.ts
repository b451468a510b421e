// A training, whole: experiment and room in, events out. It can be stopped between any two passes and keeps what it
// has learned; what the next step depends on is saved now and then, so that it goes on from there after a crash, with
// the same curve to the bit on the same provider.

import { sft, sftTrainer } from '../algorithms/sft.ts';
import { UserError } from '../core/errors.ts';
import type { RunEvent } from '../core/events.ts';
import type { KeptCheckpoint } from '../core/kept.ts';
import { defaultsOf, type ParamsOf } from '../core/params.ts';
import type { TrainableModel } from '../core/trainable.ts';
import type { TrainEvent } from '../core/trainEvents.ts';
import type { Experiment } from '../experiment/experiment.ts';
import { encode } from '../experiment/link.ts';
import { decodeTraining, encodeTraining } from '../models/trainingState.ts';
import type { NewCheckpoint } from '../store/store.ts';
import type { Stopped } from './generation.ts';
import { type Answer, heldOutAnswers, heldOutLoss, inPasses } from './measure.ts';
import type { LoadProgress } from './protocol.ts';
import { createStopwatch } from './stopwatch.ts';
import { trainedName } from './trainedName.ts';
import type { TrainingRoom } from './trainingRoom.ts';

type Bytes = Uint8Array<ArrayBuffer>;
export type SftSettings = ParamsOf<typeof sftTrainer.params>;

/** Answers that are shown, at every evaluation the same ones. */
const SAMPLES = 8;
const SAVE_EVERY_MS = 30_000;

export interface TrainingHost {
  /** Asked before every pass; a pause is waited for in it. */
  readonly stopped: Stopped;
  keep(checkpoint: NewCheckpoint): Promise<KeptCheckpoint>;
  /** Where a state is saved, if anywhere. A training goes on when that fails, and tries again later. */
  readonly save?: (step: number, steps: number, state: Bytes) => Promise<void>;
  readonly saveEveryMs?: number;
  readonly progress?: (progress: LoadProgress) => void;
}

export interface Training {
  readonly events: AsyncGenerator<RunEvent, void, void>;
  /** Saves what the next step depends on, if there is something new. Not while a pass is being made. */
  save(): Promise<void>;
  /** Is this the last event of an optimiser step that is not the last? */
  endsStep(event: RunEvent): boolean;
}

interface Scores {
  readonly scores: Readonly<Record<string, number>>;
  readonly at: number;
}

/** Thrown through the algorithm, which knows nothing of it. */
const STOPPED = Symbol('stopped');
/** The loss on held-out examples is no finite number. */
const DIVERGED = Symbol('diverged');

export const settingsOf = ({ params }: Pick<Experiment, 'params'>): SftSettings => ({
  ...defaultsOf(sftTrainer.params),
  ...(params as SftSettings),
});

/** @param saved the state to go on from. @throws UserError 'checkpoint' when it is of another model */
export async function trainExperiment(
  experiment: Experiment,
  room: TrainingRoom,
  host: TrainingHost,
  saved?: Bytes,
): Promise<Training> {
  const { model, examples, role } = room;
  const { stopped, progress, saveEveryMs = SAVE_EVERY_MS } = host;
  const params = settingsOf(experiment);
  const { steps, evaluateEvery, microBatch } = params;
  const due = (step: number) => step === steps || (evaluateEvery > 0 && step % evaluateEvery === 0);
  const before = saved && (await takeUp(room, saved));
  const done = model.steps;
  const earlier = before?.events ?? [];
  /** What a training that goes on tells again. */
  const told: RunEvent[] = [...earlier];
  let measured: Scores | undefined = before?.measured;
  let samples: readonly Answer[] = [];
  let savedStep = done;
  let savedAt = performance.now();
  const watch = createStopwatch();

  /** The model as the algorithm sees it: timed, and stopped between passes. */
  const watched: TrainableModel = {
    vocab: model.vocab,
    contextLength: model.contextLength,
    async accumulate(rows) {
      const logProbs = await inPasses(model, rows, microBatch, stopped, watch.on('gradients'));
      if (!logProbs) throw STOPPED;
      return logProbs;
    },
    step: (update) => watch.time('update', () => model.step(update)),
    forget: () => model.forget(),
    undo: () => model.undo(),
  };

  const train = (event: TrainEvent): RunEvent => ({ type: 'train', event, ...watch.take() });
  const note = (event: RunEvent): RunEvent => {
    told.push(event);
    return event;
  };

  async function evaluate(): Promise<Readonly<Record<string, number>>> {
    const spend = watch.on('evaluation');
    const total = Math.min(experiment.problems, examples.heldOutCount);
    const tell = (loaded: number) =>
      progress?.({ stage: 'evaluate', role, id: experiment[role], loaded, total });
    tell(0);
    const loss = await heldOutLoss(room, params, stopped, spend);
    if (loss === undefined) throw STOPPED;
    if (!Number.isFinite(loss)) throw DIVERGED;
    const answers = await heldOutAnswers(room, total, stopped, spend, tell);
    if (!answers) throw STOPPED;
    samples = answers.slice(0, SAMPLES);
    const mean = answers.reduce((sum, { reward }) => sum + reward, 0) / answers.length;
    return { loss, [examples.verifiable ? 'accuracy' : 'reward']: mean };
  }

  function* evaluated(step: number, scores: Scores['scores']): Generator<RunEvent, void, void> {
    for (const { index, prompt, expected, text, reward } of samples) {
      yield note({ type: 'sample', step, index, prompt, expected, text, correct: reward === 1 });
    }
    measured = { scores, at: step };
    yield note(train({ type: 'evaluated', step, scores }));
  }

  async function save(): Promise<void> {
    const step = model.steps;
    if (!host.save || step === 0 || step === savedStep) return;
    savedAt = performance.now();
    try {
      const state = await model.state();
      const finite = [...state.tensors.values()].every(({ weights }) =>
        weights.every(Number.isFinite),
      );
      if (!finite) return;
      const meta = { events: told, ...(measured && { measured }) };
      await host.save(step, steps, encodeTraining({ state, meta }));
      savedStep = step;
    } catch {
      // No room, or no GPU any more: what was saved before is still there.
    }
  }

  /** The weights as a checkpoint, if a step was made and they are good for something. */
  async function keep(): Promise<RunEvent | undefined> {
    model.forget();
    progress?.({ stage: 'keep', role, id: experiment[role] });
    // Other messages may come in, but nothing stops it any more.
    const goOn = async () => {
      await stopped();
      return false;
    };
    const measure = () => heldOutLoss(room, params, goOn, () => {});
    let loss = await measure();
    if (!Number.isFinite(loss)) {
      model.undo();
      loss = await measure();
    }
    const step = model.steps;
    if (step === 0) return undefined;
    if (loss === undefined || !Number.isFinite(loss)) throw nothingGood();
    const scores = measured && measured.at <= step ? measured : { scores: { loss }, at: step };
    const checkpoint = await host.keep({
      name: trainedName(room.name, experiment),
      files: new Map([...(await room.files()), ['onnx/model.onnx', await model.export()]]),
      parameters: model.size,
      step,
      scores: scores.scores,
      measuredAt: scores.at,
      base: experiment[role],
      recipe: encode(experiment),
    });
    return { type: 'kept', role, checkpoint };
  }

  async function* events(): AsyncGenerator<RunEvent, void, void> {
    const { size: parameters } = model;
    const { distinct, heldOutCount: heldOut } = examples;
    yield train({
      type: 'started',
      steps,
      done,
      parameters,
      batch: params.batch,
      ...(distinct !== undefined && { examples: distinct }),
      heldOut,
    });
    yield* earlier;
    const example = (index: number) => watch.timeSync('data', () => examples.example(index));
    let over = false;
    try {
      // The beginning of the curve; or what was being measured when the training was interrupted.
      const open = done === 0 ? evaluateEvery > 0 : due(done) && measured?.at !== done;
      if (open) yield* evaluated(done, await evaluate());
      for await (const event of sft({ model: watched, example, params, done, evaluate })) {
        if (event.type === 'evaluated') yield* evaluated(event.step, event.scores);
        else yield note(train(event));
        if (event.type === 'step' && performance.now() - savedAt >= saveEveryMs) await save();
      }
      over = true;
    } catch (reason) {
      if (reason === DIVERGED) {
        const step = model.steps;
        model.undo();
        yield note(train({ type: 'diverged', step, what: 'loss' }));
        over = true;
      } else if (reason !== STOPPED) {
        // Whoever can goes on from the last good step.
        model.forget();
        await save();
        throw reason;
      }
    }
    const kept = await keep();
    if (kept) yield kept;
    if (over) yield { type: 'completed' };
  }

  return {
    events: events(),
    save,
    endsStep(event) {
      if (event.type !== 'train') return false;
      const { event: one } = event;
      if (one.type !== 'step' && one.type !== 'evaluated') return false;
      if (one.step <= done || one.step >= steps) return false;
      return one.type === 'evaluated' || !due(one.step);
    },
  };
}

/** Takes up a saved state, and what it says of the time before. */
async function takeUp({ model }: TrainingRoom, saved: Bytes) {
  const { state, meta } = decodeTraining(saved);
  await model.restore(state);
  const measured = meta.measured as Scores | undefined;
  const events = (meta.events as readonly RunEvent[]).filter(
    (event) =>
      // It is told anew, and so are answers whose evaluation was not finished.
      !(event.type === 'train' && event.event.type === 'started') &&
      !(event.type === 'sample' && event.step === state.step && measured?.at !== state.step),
  );
  return { events, measured };
}

const nothingGood = () =>
  new UserError(
    'runtime',
    'The weights give no finite loss, and neither do those of the step before.',
    'Lower the learning rate, or raise the warm-up, and train again from the checkpoint.',
  );
