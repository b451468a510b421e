// Train mode by reward: one policy or two learn, are measured now and then by what they write, and are kept in the end,
// also when they were stopped or their numbers ran away: then with the last weights that were good.

import { codistillGrpo } from '../algorithms/codistillGrpo.ts';
import { grpo } from '../algorithms/grpo.ts';
import { onPolicyDistillation } from '../algorithms/onPolicyDistillation.ts';
import type { PolicyContext } from '../algorithms/policyStep.ts';
import { UserError } from '../core/errors.ts';
import type { RunEvent } from '../core/events.ts';
import type { Policy } from '../core/policy.ts';
import type { Accuracy, ByPolicy, PolicyEvent, PolicyRole } from '../core/policyEvents.ts';
import type { Experiment } from '../experiment/experiment.ts';
import type { Stopped } from './generation.ts';
import type { Keep } from './keepTrained.ts';
import { measurePolicy } from './measurePolicy.ts';
import { keepLearned } from './policyKeeping.ts';
import {
  jointState,
  type Learner,
  type PolicyRoom,
  policyParams,
  stepsIn,
  timedPolicy,
  updatesOf,
} from './policyRoom.ts';
import type { SaveNews, Saves } from './saves.ts';

/** What can be changed while it runs: the height of each learning rate. */
export interface Dials {
  rates: Partial<Record<PolicyRole, number>>;
  /** What a save between two steps came to; told once. */
  saves?: SaveNews | undefined;
}

/** Asked for by what runs inside a step, to leave it. */
class Interrupted extends Error {}

/** What a model says of the next token is no number. */
class Diverged extends Error {
  readonly role: PolicyRole;
  constructor(role: PolicyRole, cause: unknown) {
    super('diverged', { cause });
    this.role = role;
  }
}

const saidNothing = (role: PolicyRole) => (error: unknown) => {
  throw error instanceof UserError && error.code === 'logits' ? new Diverged(role, error) : error;
};

/** The same policy, which says whose logits were no numbers. */
const guarded = (role: PolicyRole, policy: Policy): Policy => ({
  ...policy,
  write: (draws, how) => policy.write(draws, how).catch(saidNothing(role)),
});

const algorithms = { grpo, codistillGrpo, onPolicyDistillation } as const;
type AnyContext = PolicyContext<never>;
const isPolicyMethod = (method: string): method is keyof typeof algorithms =>
  Object.hasOwn(algorithms, method);

/** Is a step complete with this event? The last step runs on to the end, and what is only told again is none. */
export function endsPolicyStep(experiment: Experiment, done = 0): (event: RunEvent) => boolean {
  const steps = stepsIn(experiment);
  const { evaluateEvery: every } = policyParams(experiment);
  return (run) => {
    if (run.type !== 'policy') return false;
    const { event } = run;
    if (event.type !== 'completions' && event.type !== 'evaluated') return false;
    if (event.step <= done || event.step >= steps) return false;
    return event.type === 'evaluated' || !(every > 0 && event.step % every === 0);
  };
}

/**
 * @param stopped asked between passes; what was learned is kept then
 * @throws UserError 'runtime', 'gpu', 'storage'
 */
export async function* policyExperiment(
  experiment: Experiment,
  room: PolicyRoom,
  keep: Keep,
  dials: Dials,
  stopped: Stopped = () => false,
  saves?: Saves,
  done = 0,
): AsyncGenerator<RunEvent, void, void> {
  const { learners, source, watch } = room;
  const { method, seed } = experiment;
  if (!isPolicyMethod(method)) throw new Error(`${method} does not learn by reward`);
  const params = policyParams(experiment);
  const past = saves?.past ?? [];
  const events: RunEvent[] = [...past];
  let step = done;
  let halted = false;
  room.between.call = () =>
    watch.waiting(async () => {
      if (!(await stopped())) return;
      halted = true;
      throw new Interrupted();
    });
  const say = (event: PolicyEvent): RunEvent => {
    const times = watch.lap();
    const ms = Object.values(times).reduce((sum, one) => sum + one, 0);
    const told: RunEvent = { type: 'policy', event, ms, times };
    if (event.type === 'completions') forgetOlder(events);
    events.push(told);
    return told;
  };
  // Between two of a step's updates there is no state that a later run could go on from.
  const whole = () =>
    learners.every((one) => one.trainable.steps === updatesOf(experiment, one, step));
  saves?.watch(
    {
      step: () => step,
      state: async () => (whole() ? jointState(learners, step) : undefined),
    },
    events,
  );
  for (const event of past) yield event;
  const told = past.flatMap((one) => (one.type === 'policy' ? [one.event] : []));
  const rates = ratesIn(told);
  Object.assign(dials.rates, { ...rates, ...dials.rates });
  let adjusted = { ...dials.rates };
  let scores = accuraciesIn(told);

  if (done === 0) {
    yield say({
      type: 'started',
      steps: stepsIn(experiment),
      done,
      parameters: byRole(
        learners.filter(({ learns }) => learns),
        ({ trainable }) => trainable.size,
      ),
      prompts: params.prompts,
      samples: Number(params.samples ?? params.group),
      kept: params.group,
      heldOut: source.heldOuts ?? experiment.problems,
      ...(source.examples !== undefined && { examples: source.examples }),
    });
  }

  const samples: RunEvent[] = [];
  async function evaluate(at: number): Promise<ByPolicy<Accuracy>> {
    const found: Partial<Record<PolicyRole, Accuracy>> = {};
    for (const learner of learners) {
      const asked = await watch
        .during('evaluation', () => measurePolicy(experiment, room, learner))
        .catch(saidNothing(learner.role));
      found[learner.role] = asked.accuracy;
      samples.push(
        ...asked.samples.map((one): RunEvent => {
          const { role } = learner;
          return { type: 'sample', step: at, ...one, ...(learners.length > 1 && { role }) };
        }),
      );
    }
    return found;
  }

  const policies = Object.fromEntries(
    learners.map(({ role, policy }) => [role, guarded(role, timedPolicy(policy, watch))]),
  ) as Record<PolicyRole, Policy>;
  const context = {
    models: policies,
    exercise: (index: number) => source.exercise(index),
    piece: (token: number) => learners[0]!.base.tokenizer.piece(token),
    params,
    seed,
    done,
    past: told,
    evaluate,
    rate: (role: PolicyRole) => dials.rates[role],
  };
  const training = algorithms[method](context as unknown as AnyContext & never);
  try {
    // A training may have been interrupted while it was measured, and its beginning is measured as well.
    const due = done === 0 || (params.evaluateEvery > 0 && done % params.evaluateEvery === 0);
    if (due && !told.some((one) => one.type === 'evaluated' && one.step === done)) {
      scores = await evaluate(done);
      yield* tellSamples();
      yield say({ type: 'evaluated', step: done, accuracy: scores });
    }
    while (true) {
      const { done: over, value: event } = await watch.running(() => training.next());
      if (over || !event) break;
      if (event.type === 'step') ({ step } = event);
      if (event.type === 'evaluated') {
        scores = event.accuracy;
        yield* tellSamples();
      }
      yield say(event);
      if (event.type === 'diverged') {
        halted = true;
        // What a bad loss was found at is given up.
        if (event.what === 'loss' && step > 0) step--;
      }
      if (event.type !== 'completions') continue;
      yield* news();
      if (await watch.waiting(async () => stopped())) {
        halted = true;
        break;
      }
      if (!saves?.due()) continue;
      const about = await saves.save();
      if (about) yield say({ ...about, step });
    }
  } catch (error) {
    for (const { trainable } of learners) trainable.forget();
    if (error instanceof Diverged && step > 0) {
      halted = true;
      for (const { trainable, learns } of learners) if (learns) trainable.undo();
      yield say({ type: 'diverged', step: step--, role: error.role, what: 'loss' });
    } else if (!(error instanceof Interrupted)) {
      await saves?.save().catch(() => {});
      throw error;
    }
  } finally {
    room.between.call = async () => {};
    await training.return();
  }

  function* tellSamples() {
    events.push(...samples);
    yield* samples.splice(0);
  }

  /** What happened beside the steps. */
  function* news() {
    for (const [role, rows] of Object.entries(room.smaller()) as [PolicyRole, number][]) {
      yield say({ type: 'smallerPasses', step, role, rows });
    }
    for (const role of ['small', 'large'] as const) {
      const learningRate = dials.rates[role];
      if (learningRate === undefined || learningRate === adjusted[role]) continue;
      yield say({ type: 'adjusted', step, role, learningRate });
    }
    adjusted = { ...dials.rates };
    const { saves: about } = dials;
    dials.saves = undefined;
    if (about) yield say({ ...about, step });
  }

  yield* keepLearned(experiment, room, keep, { step, halted, scores, events });
  yield { type: 'completed' };
}

/** Completions that stay to be told again when a training goes on. */
const REMEMBERED = 5;

/** Of the completions that were told, the newest stay. */
function forgetOlder(events: RunEvent[]): void {
  const isOne = (run: RunEvent) => run.type === 'policy' && run.event.type === 'completions';
  const count = events.filter(isOne).length;
  if (count >= REMEMBERED) events.splice(events.findIndex(isOne), 1);
}

function ratesIn(past: readonly PolicyEvent[]): Partial<Record<PolicyRole, number>> {
  const rates: Partial<Record<PolicyRole, number>> = {};
  for (const event of past) {
    if (event.type === 'adjusted') rates[event.role] = event.learningRate;
  }
  return rates;
}

const accuraciesIn = (past: readonly PolicyEvent[]): ByPolicy<Accuracy> =>
  past.reduce<ByPolicy<Accuracy>>(
    (found, event) => (event.type === 'evaluated' ? event.accuracy : found),
    {},
  );

const byRole = <T>(learners: readonly Learner[], of: (learner: Learner) => T): ByPolicy<T> =>
  Object.fromEntries(learners.map((learner) => [learner.role, of(learner)]));
