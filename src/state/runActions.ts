// Run, pause, step, stop, reset; and what the worker says in return.

import type { PolicyRole } from '../core/policyEvents.ts';
import type { Experiment } from '../experiment/experiment.ts';
import { encode } from '../experiment/link.ts';
import type { ForPage, ResumableRun, ToWorker } from '../worker/protocol.ts';
import { inMode } from './modes.ts';
import { hasContent, isActive, newRun, type Run, type RunMessage, receive } from './run.ts';
import { heard, KEPT_RUNS, patch, runBefore, type Store, shownRun, told } from './store.ts';
import { nextOf, studyRows } from './study.ts';

/** The worker as the page's state sees it. */
export interface Client {
  send(message: ToWorker): void;
  subscribe(listener: (message: ForPage) => void): unknown;
  /** Stops a run even when the worker no longer answers. */
  stop(run: number): void;
}

/** The latest runs, and those that go on. */
const bounded = (runs: readonly Run[]): readonly Run[] =>
  runs.filter((run, i) => isActive(run) || i >= runs.length - KEPT_RUNS);

export function runActions(store: Store, client: Client) {
  let lastId = 0;
  const active = (): Run | undefined => store.getState().runs.findLast(isActive);
  const change = (id: number, to: (run: Run) => Run) =>
    patch(store, { runs: store.getState().runs.map((run) => (run.id === id ? to(run) : run)) });

  /** Begins a run of the experiment as it is set; one that is going on gives way. */
  function start(held = false, resume?: string): void {
    const { experiment } = store.getState();
    // There the dials are turned, and nothing runs.
    if (experiment.mode === 'parameters') return;
    if (experiment.mode === 'study') startStudy(held);
    else begin(experiment, held, resume);
  }

  /** The trainings of a comparison that are not here yet, one after the other. */
  function startStudy(held: boolean): void {
    const { experiment } = store.getState();
    if (active()) stop();
    nextOfStudy(experiment, [], held);
  }

  function nextOfStudy(experiment: Experiment, tried: readonly string[], held = false): void {
    const { runs, stored } = store.getState();
    const next = nextOf(studyRows({ experiment, runs, stored }), tried);
    if (!next) {
      patch(store, { queue: undefined, notice: told('Every training of the comparison is here.') });
      return;
    }
    // One that was interrupted goes on where it was.
    const saved = stored?.resumable.find((one) => encode(one.experiment) === next.recipe);
    const run = begin(next.experiment, held, saved?.id);
    patch(store, { queue: { experiment, run, tried: [...tried, next.recipe] } });
  }

  /** Returns the number of the run. */
  function begin(experiment: Experiment, held: boolean, resume?: string): number {
    const { runs, link, preferences } = store.getState();
    const before = active();
    if (before) {
      stop();
      // Its worker may be gone before it can say that it has ended.
      change(before.id, (old) => ({ ...old, status: 'stopped' }));
    }
    const id = ++lastId;
    const expected = link?.of === encode(experiment) ? link.digest : undefined;
    // What was seen of it while another tab had it is in it.
    const others = store.getState().runs.filter(({ watched }) => !watched || watched.id !== resume);
    const kept = [...others, newRun(id, experiment, held, expected)];
    patch(store, {
      runs: bounded(kept),
      elsewhere: undefined,
      viewed: id,
      selection: undefined,
      point: undefined,
      asked: undefined,
      notice: heard(runs.length === 0 ? 'Loading the models.' : 'Started.'),
    });
    client.send({
      type: 'start',
      run: id,
      experiment,
      paused: held,
      ...(experiment.mode === 'train' && { saveEvery: preferences.saveEvery }),
      ...(resume !== undefined && { resume }),
    });
    return id;
  }

  /** Goes on with an interrupted training. */
  function goOn({ id, experiment }: ResumableRun): void {
    const { knobs } = store.getState();
    const { method, params } = experiment;
    patch(store, { experiment, knobs: { ...knobs, [method]: params } });
    start(false, id);
  }

  function pause(): void {
    const run = active();
    if (!run || run.status === 'stopping') return;
    client.send({ type: 'pause', run: run.id });
    change(run.id, (old) => ({
      ...old,
      held: true,
      status: old.status === 'running' ? 'paused' : old.status,
    }));
    patch(store, { notice: heard('Paused.') });
  }

  function resume(): void {
    const run = active();
    if (!run || run.status === 'stopping') return;
    client.send({ type: 'resume', run: run.id });
    change(run.id, (old) => ({
      ...old,
      held: false,
      status: old.status === 'paused' ? 'running' : old.status,
    }));
    patch(store, { notice: heard('Going on.') });
  }

  /** One event, then wait. Without a run, begins one that waits after its first event. */
  function step(): void {
    if (!active()) start(true);
    const run = active();
    if (!run || run.status === 'stopping') return;
    client.send({ type: 'step', run: run.id });
    change(run.id, (old) => ({
      ...old,
      held: true,
      status: old.status === 'running' ? 'paused' : old.status,
    }));
  }

  /** Another learning rate for a model that learns by reward, from the next step on. */
  function adjust(role: PolicyRole, learningRate: number): void {
    const run = active();
    if (!run || run.status === 'stopping') return;
    client.send({ type: 'adjust', run: run.id, role, learningRate });
    patch(store, {
      notice: heard(`The learning rate of ${role} is ${learningRate} from the next step on.`),
    });
  }

  function stop(): void {
    const run = active();
    if (!run || run.status === 'stopping') return;
    // Whoever stops a training of a comparison stops the comparison; what there is stays.
    patch(store, { queue: undefined });
    change(run.id, (old) => ({ ...old, status: 'stopping' }));
    client.stop(run.id);
  }

  /** Run, pause or go on: what the one big button does. */
  function toggle(): void {
    const run = active();
    if (!run) start();
    else if (run.held) resume();
    else pause();
  }

  /** Stops what runs and clears the stage. Settings and earlier runs stay. */
  function reset(): void {
    stop();
    patch(store, {
      viewed: undefined,
      selection: undefined,
      point: undefined,
      asked: undefined,
      linkProblems: [],
      notice: told('The stage is clear; settings and earlier runs are kept.'),
    });
  }

  /** Takes a failed run off the stage; the one before comes back, if there is one. */
  function dismissFailure(): void {
    const { runs } = store.getState();
    const failed = shownRun(store.getState());
    if (failed?.status !== 'failed') return;
    const before = runBefore(store.getState(), failed) ?? runs.findLast(hasContent);
    if (before) view(before.id);
    else reset();
  }

  /** Puts a run that is over, of this session or another, on the stage. */
  function admit(make: (id: number) => Run): void {
    const run = make(lastId + 1);
    const { runs } = store.getState();
    if (!runs.some((other) => other.id === run.id)) {
      lastId = Math.max(lastId, run.id);
      patch(store, { runs: bounded([...runs, run]) });
    }
    view(run.id);
  }

  /** Puts an earlier run on the stage. */
  function view(id: number): void {
    const { runs, experiment } = store.getState();
    const run = runs.find((other) => other.id === id);
    if (!run) return;
    patch(store, {
      elsewhere: undefined,
      viewed: id,
      point: undefined,
      selection: undefined,
      asked: undefined,
      experiment: inMode(experiment, run.experiment.mode, store.getState().knobs),
    });
  }

  /** Sets the controls as they were for an earlier run. */
  function adopt(id: number): void {
    const { runs, knobs } = store.getState();
    const run = runs.find((other) => other.id === id);
    if (!run) return;
    const { method, params } = run.experiment;
    patch(store, {
      experiment: run.experiment,
      knobs: { ...knobs, [method]: params },
      notice: told(`The settings are those of run ${id}.`),
    });
  }

  function hear(message: RunMessage): void {
    const run = store.getState().runs.find((other) => other.id === message.run);
    if (!run) return;
    change(run.id, (old) => receive(old, message));
    const { queue } = store.getState();
    // One that failed does not keep the others from being made.
    if (message.type === 'ended' && queue?.run === message.run) {
      nextOfStudy(queue.experiment, queue.tried);
    }
  }

  return {
    start,
    goOn,
    pause,
    resume,
    step,
    adjust,
    stop,
    toggle,
    reset,
    dismissFailure,
    view,
    admit,
    adopt,
    hear,
  };
}
