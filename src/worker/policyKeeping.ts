// What came of a training by reward: the last good weights of every model that learned, as checkpoints.

import { UserError } from '../core/errors.ts';
import type { RunEvent } from '../core/events.ts';
import type { Accuracy, ByPolicy, PolicyRole } from '../core/policyEvents.ts';
import { checkpointTitle } from '../experiment/catalogue.ts';
import type { Experiment } from '../experiment/experiment.ts';
import { cleanName, parseFileId } from '../experiment/names.ts';
import { tasks } from '../tasks/index.ts';
import { type Keep, keepTrained } from './keepTrained.ts';
import { type Learner, type PolicyRoom, policyParams } from './policyRoom.ts';

/** Where a training has ended. */
interface End {
  /** Steps that were made. */
  readonly step: number;
  /** Before its time, so that the last evaluation may be of earlier weights. */
  readonly halted: boolean;
  readonly scores: ByPolicy<Accuracy>;
  /** All that was told. */
  readonly events: readonly RunEvent[];
}

/** @throws UserError 'runtime' where no weights are good, 'storage' */
export async function* keepLearned(
  experiment: Experiment,
  { learners, progress }: Pick<PolicyRoom, 'learners' | 'progress'>,
  keep: Keep,
  { step, halted, scores, events }: End,
): AsyncGenerator<RunEvent, void, void> {
  const { prompts } = policyParams(experiment);
  for (const learner of learners) {
    const { role, trainable, learns } = learner;
    if (!learns || trainable.steps === 0) continue;
    progress({ stage: 'keep', role });
    await lastGoodWeights(learner);
    yield await keepTrained(experiment, learner, keep, {
      name: nameOf(experiment, role, step),
      step,
      scores: scores[role] ? { accuracy: scores[role].accuracy } : {},
      measuredAt: halted ? lastMeasured(events) : step,
      data: dataOf(experiment),
      batch: prompts,
    });
  }
}

/** Those before the last step, if the last ones are no numbers. @throws UserError 'runtime' if neither are */
async function lastGoodWeights({ trainable }: Learner): Promise<void> {
  const good = async () => {
    const { tensors } = await trainable.state();
    return [...tensors.values()].every(({ weights }) => weights.every(Number.isFinite));
  };
  if (await good()) return;
  trainable.undo();
  if (await good()) return;
  throw new UserError(
    'runtime',
    'The weights are no finite numbers, and neither are those of the step before.',
    'Lower the learning rate or raise the warm-up, and train again.',
  );
}

const lastMeasured = (events: readonly RunEvent[]): number =>
  events.reduce(
    (step, run) =>
      run.type === 'policy' && run.event.type === 'evaluated' ? run.event.step : step,
    0,
  );

const dataOf = ({ data, task, difficulty }: Experiment): string => {
  const file = parseFileId(data);
  return file
    ? `rewards for the questions of ${file.name} (SHA-256 ${file.sha256})`
    : `rewards for ${tasks[task].title}, difficulty ${difficulty}`;
};

function nameOf(experiment: Experiment, role: PolicyRole, step: number): string {
  const { data, task } = experiment;
  const what = parseFileId(data)?.name.replace(/\.jsonl?$/, '') ?? tasks[task].title;
  return cleanName(`${checkpointTitle(experiment[role])} + ${what} by reward, ${step} steps`);
}
