// From an experiment that learns by reward to its events: files read, graphs differentiated, questions at hand, an
// interrupted training taken up again, and what was learned handed to the store.

import { UserError } from '../core/errors.ts';
import type { PolicyRole } from '../core/policyEvents.ts';
import { parseFileId } from '../experiment/names.ts';
import { checkFit, checkShared } from '../models/vocabulary.ts';
import { tasks } from '../tasks/index.ts';
import { parseJsonLines } from '../tasks/jsonLines.ts';
import { keeping } from './keeping.ts';
import { type Dials, endsPolicyStep, policyExperiment } from './policyExperiment.ts';
import {
  type Learner,
  type PolicyRoom,
  policyParams,
  restoreJoint,
  stepsIn,
} from './policyRoom.ts';
import type { QuestionSource } from './questions.ts';
import { rolesNeeded } from './roles.ts';
import { savesOf } from './saves.ts';
import { createStopwatch } from './stopwatch.ts';
import { loraOf } from './trainExperiment.ts';
import type { TrainJob, TrainRequest } from './trainJob.ts';
import { type BaseCheckpoint, inOneFile, MODEL, readBase } from './trainRoom.ts';

/** @throws UserError 'checkpoint', 'onnx', 'tokenizer', 'vocabulary', 'data', 'storage', 'runtime', 'gpu' */
export async function preparePolicyTraining(request: TrainRequest): Promise<TrainJob> {
  const { experiment, store, progress, signal, breathe, ops } = request;
  const params = policyParams(experiment);
  const watch = createStopwatch();
  const runtime = watch.timed(request.runtime);
  const roles = rolesNeeded(experiment) as readonly PolicyRole[];
  const bases: BaseCheckpoint[] = [];
  for (const role of roles) bases.push(await readFiles(request, role));
  const [first, second] = bases;
  if (second) checkShared(first!, second);
  progress({ stage: 'data', role: roles[0]! });
  const source = await questionsOf(request, first!);
  signal?.throwIfAborted();

  const saves = await savesOf(store, experiment, stepsIn(experiment), {
    resume: request.resume,
    every: request.saveEvery,
  });
  const learners: Learner[] = [];
  const release = async () => {
    for (const { writer, trainable } of learners) {
      await writer.release();
      await trainable.release();
    }
    await saves.release();
  };
  try {
    // What differentiates graphs is not needed before somebody trains.
    const { createTrainable } = await import('../models/createTrainable.ts');
    const { PolicyModel } = await import('../models/policyModel.ts');
    const smaller: Partial<Record<PolicyRole, number>> = {};
    const between = { call: async () => {} };
    const lora = loraOf(experiment);
    for (const [i, role] of roles.entries()) {
      const base = bases[i]!;
      progress({ stage: 'gradients', role, id: base.id });
      const trainable = await createTrainable(new Uint8Array(base.files.get(MODEL)!), runtime, {
        contextLength: base.config.contextLength,
        microBatch: params.microBatch,
        between: () => between.call(),
        ...(lora && { lora }),
        byReward: { temperature: params.temperature, reference: Number(params.beta ?? 0) > 0 },
        onSmaller(rows) {
          smaller[role] = rows;
        },
      });
      try {
        const vocab = checkFit(base.name, base.tokenizer, trainable.vocab);
        const writer = await trainable.decoder(base.name, base.config);
        const policy = new PolicyModel(trainable, writer, {
          temperature: params.temperature,
          vocab,
          ops,
          between: () => between.call(),
        });
        const learns = experiment.method !== 'onPolicyDistillation' || role === 'small';
        learners.push({ role, base, trainable, writer, policy, learns });
      } catch (error) {
        await trainable.release();
        throw error;
      }
      await breathe();
    }
    const done = saves.state?.step ?? 0;
    if (saves.state) await restoreJoint(experiment, learners, saves.state);
    for (const { role, trainable, learns } of learners) {
      if (learns) await request.watcher?.follow(role, trainable);
    }
    for (const { role, base } of learners) progress({ stage: 'ready', role, id: base.id });
    const room: PolicyRoom = {
      learners,
      source,
      ops,
      watch,
      progress,
      between,
      smaller() {
        const found = { ...smaller };
        for (const role of roles) delete smaller[role];
        return found;
      },
    };
    const dials: Dials = { rates: {} };
    return {
      events: (stopped) =>
        policyExperiment(
          experiment,
          room,
          keeping(store, saves, learners),
          dials,
          stopped,
          saves,
          done,
        ),
      endsStep: endsPolicyStep(experiment, done),
      hidden: () => saves.hidden(),
      async save() {
        dials.saves = (await saves.save()) ?? dials.saves;
      },
      adjust(role, learningRate) {
        if (Number.isFinite(learningRate) && learningRate >= 0) dials.rates[role] = learningRate;
      },
      release,
    };
  } catch (error) {
    await release();
    throw error;
  }
}

async function readFiles(
  { experiment, folderOf, progress, signal }: TrainRequest,
  role: PolicyRole,
): Promise<BaseCheckpoint> {
  const id = experiment[role];
  const folder = await folderOf(id);
  const told = (loaded: number, total?: number) =>
    progress({ stage: 'download', role, id, loaded, ...(total !== undefined && { total }) });
  return inOneFile(await readBase(id, folder, told, signal), folder, signal);
}

async function questionsOf(
  { experiment, store, progress, breathe }: TrainRequest,
  { tokenizer, config, name }: BaseCheckpoint,
): Promise<QuestionSource> {
  const { checkQuestions, fileQuestions, isChecker, taskQuestions } = await import(
    './questions.ts'
  );
  const { seed, difficulty } = experiment;
  const params = policyParams(experiment);
  if (!parseFileId(experiment.data)) {
    const task = tasks[experiment.task];
    const source = taskQuestions(task, difficulty, seed, tokenizer, params.completion);
    const { prompt } = source.exercise(0);
    if (prompt.length < config.contextLength) return source;
    throw new UserError(
      'context',
      `A prompt of ${task.title} has ${prompt.length} tokens; ${name} reads at most ${config.contextLength}.`,
      'Lower the difficulty, or choose another checkpoint.',
    );
  }
  const data = await store.readData(experiment.data);
  const lines = await parseJsonLines(new TextDecoder().decode(data), breathe, 'answer');
  const total = lines.examples.length;
  const said = async (loaded: number) => {
    progress({ stage: 'data', loaded, total });
    await breathe();
  };
  const checker = String(params.checker);
  if (!isChecker(checker)) throw new Error(`there is no checker ${checker}`);
  const read = await checkQuestions(lines, checker, tokenizer, config.contextLength, said);
  return fileQuestions(read, seed, tokenizer, params.completion);
}
