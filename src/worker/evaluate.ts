// Many problems, several contenders: an evaluation's list, or every point of a sweep beside large alone.
//
// The queue runs by problem and, within it, by contender in a rotating order: no contender always runs first, what the
// machine does meanwhile hits all alike, and whoever stops early has all contenders over fewer problems instead of a few
// contenders over all of them. Several seeds take turns in the same way.

import { toFailure, UserError } from '../core/errors.ts';
import type { RunEvent } from '../core/events.ts';
import { contendersOf, rolesOf, seedsOf } from '../experiment/contenders.ts';
import type { Experiment } from '../experiment/experiment.ts';
import { tasks } from '../tasks/index.ts';
import { checkContext } from './context.ts';
import { generateQuietly, type Stopped } from './generation.ts';
import { readPrompt } from './prompt.ts';
import { methodOf } from './roles.ts';
import type { Room } from './room.ts';

/** What is wrong with one contender's settings does not stop the others. */
const OWN_FAULT: readonly UserError['code'][] = ['experiment', 'context'];

/**
 * @param stopped asked between the events of every generation
 * @throws UserError 'experiment' without problems; that of the last contender, when none is left
 */
export async function* evaluate(
  experiment: Experiment,
  room: Room,
  stopped: Stopped,
): AsyncGenerator<RunEvent, void, void> {
  const { maxTokens, difficulty, problems } = experiment;
  const task = tasks[experiment.task];
  const seeds = seedsOf(experiment);
  if (!(problems > 0)) throw nothingToAnswer(problems);
  let active = contendersOf(experiment).map((one, contender) => ({
    contender,
    method: one.method,
    roles: rolesOf(one),
    how: methodOf(one),
  }));
  type Active = (typeof active)[number];
  const answer = async ({ how, roles }: Active, seed: number, index: number) => {
    const asked = task.problem(seed, index, difficulty).prompt;
    const prompt = await readPrompt(experiment, room, asked);
    checkContext(room, roles, prompt.length, maxTokens);
    return generateQuietly(room, { ...how, prompt, maxTokens, seed, run: index }, stopped);
  };

  // Whatever a method uses for the first time is made ready now and not timed: pipelines, shapes, compiled code.
  for (const one of active.filter((a, i) => active.findIndex((b) => b.method === a.method) === i)) {
    const ready = await answer(one, seeds[0]!, 0).catch(ownFault);
    if (!ready) return;
  }

  for (let round = 0; round < problems * seeds.length; round++) {
    const index = Math.floor(round / seeds.length);
    const seed = seeds[round % seeds.length]!;
    const problem = task.problem(seed, index, difficulty);
    const turn = round % active.length;
    for (const one of [...active.slice(turn), ...active.slice(0, turn)]) {
      const { contender } = one;
      const written = await answer(one, seed, index).catch(ownFault);
      if (!written) return;
      if (written instanceof UserError) {
        active = active.filter((other) => other !== one);
        if (active.length === 0) throw written;
        yield { type: 'withdrawn', contender, failure: toFailure(written) };
        continue;
      }
      const { text, stats } = written;
      const reward = task.reward(text, problem);
      const { prompt, answer: expected } = problem;
      yield { type: 'answer', seed, index, contender, prompt, expected, text, reward, stats };
    }
  }
  yield { type: 'completed' };
}

/** The error itself, if it is about the contender's settings. @throws any other */
function ownFault(error: unknown): UserError {
  if (error instanceof UserError && OWN_FAULT.includes(error.code)) return error;
  throw error;
}

const nothingToAnswer = (problems: number) =>
  new UserError(
    'experiment',
    `An evaluation of ${problems} problems measures nothing.`,
    'Set Problems to 1 or more; from about 100 on the intervals become narrow enough to compare.',
  );
