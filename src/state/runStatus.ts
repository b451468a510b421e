// One line about a run: which it is, how far it is, and whether it is what the controls say.

import { learnsByReward } from '../experiment/catalogue.ts';
import { contendersOf } from '../experiment/contenders.ts';
import type { Experiment } from '../experiment/experiment.ts';
import { encode } from '../experiment/link.ts';
import { evaluationProgress } from './evaluation.ts';
import { duration, plural, quantity } from './format.ts';
import { policySteps } from './policyText.ts';
import { generatedOf, type Run } from './run.ts';
import { summary } from './summary.ts';
import { training } from './training.ts';

const WORDS: Readonly<Record<Run['status'], string>> = {
  loading: 'loading',
  running: 'running',
  paused: 'paused',
  stopping: 'stopping',
  completed: 'finished',
  stopped: 'stopped',
  failed: 'failed',
  watched: 'in another tab',
};

export function statusLine(run: Run): string {
  const { mode } = run.experiment;
  const done = {
    generate: tokens,
    evaluate: problems,
    sweep: answers,
    train: steps,
    study: () => '',
    parameters: () => '',
  }[mode](run);
  return `Run ${run.id}, ${WORDS[run.status]}: ${done}`;
}

function steps(run: Run): string {
  if (learnsByReward(run.experiment.method)) return policySteps(run);
  const { step, steps: of, msLeft } = training(run);
  if (run.status === 'completed') return plural(step, 'step');
  const left = run.status === 'running' && msLeft !== undefined;
  return `step ${step} of ${of || Number(run.experiment.params.steps)}${left ? `, about ${duration(msLeft)} left` : ''}`;
}

function tokens(run: Run): string {
  const { tokens } = summary(run);
  if (run.status === 'running' && generatedOf(run)) {
    return `${plural(tokens, 'token')}; timing large alone on the same prompt`;
  }
  const most = run.experiment.maxTokens;
  return run.status === 'completed'
    ? plural(tokens, 'token')
    : `${tokens} of at most ${most} tokens`;
}

function problems(run: Run): string {
  const { done, of, msLeft } = evaluationProgress(run);
  if (run.status === 'completed') return plural(done, 'problem');
  const left = run.status === 'running' && msLeft !== undefined;
  return `${done} of ${of} problems${left ? `, about ${duration(msLeft)} left at this rate` : ''}`;
}

function answers(run: Run): string {
  const { answers: given, ofAnswers, done, msLeft } = evaluationProgress(run);
  const settings = plural(contendersOf(run.experiment).length - 1, 'setting');
  if (run.status === 'completed') return `${settings}, ${plural(done, 'problem')} each`;
  const left = run.status === 'running' && msLeft !== undefined;
  return `${settings}, ${quantity(given)} of ${quantity(ofAnswers)} answers${left ? `, about ${duration(msLeft)} left at this rate` : ''}`;
}

/** Would Run now do something else than this run did? */
export const settingsChanged = (run: Run, experiment: Experiment): boolean =>
  encode(run.experiment) !== encode(experiment);
