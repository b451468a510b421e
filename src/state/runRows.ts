// Runs as rows of a table: what each was, how far it came, and what came of it in few words.

import type { RunFigures } from '../core/runRecord.ts';
import { learnsByReward } from '../experiment/catalogue.ts';
import { judgedOf } from './answers.ts';
import { describeInput, describeMethod, describeSettings } from './describe.ts';
import { evaluationProgress, isVerifiable, tallies } from './evaluation.ts';
import { percent, plural, quantity, THIN, times } from './format.ts';
import { policyFigures } from './policyText.ts';
import type { Run, RunStatus } from './run.ts';
import { summary } from './summary.ts';
import { sweepOf } from './sweep.ts';
import { training } from './training.ts';

export interface RunRow extends RunFigures {
  readonly id: number;
  readonly method: string;
  readonly knobs: string;
  readonly input: string;
  readonly status: RunStatus;
}

export function runRow(run: Run): RunRow {
  const { id, experiment, status } = run;
  return {
    id,
    status,
    method: describeMethod(experiment),
    knobs: describeSettings(experiment),
    input: describeInput(experiment),
    ...figuresOf(run),
  };
}

/** What came of it. */
export function figuresOf(run: Run): RunFigures {
  switch (run.experiment.mode) {
    case 'evaluate':
      return evaluated(run);
    case 'sweep':
      return swept(run);
    case 'train':
      return trained(run);
    default: {
      const { tokens, tokensPerSecond, measuredSpeedUp } = summary(run);
      return {
        result: tokens > 0 ? `${quantity(tokens)} tokens` : '',
        ...speeds(tokensPerSecond, measuredSpeedUp),
      };
    }
  }
}

function evaluated(run: Run): RunFigures {
  const judged = judgedOf(run.experiment);
  const all = tallies(run);
  const own = all.find(({ contender }) => contender === judged) ?? all.at(-1);
  const word = isVerifiable(run.experiment) ? '' : ' reward,';
  return {
    result: own ? `${percent(own.score.mean, 1)}${word} of ${own.answered}` : '',
    ...speeds(own?.tokensPerSecond, own?.speedUp),
  };
}

/** Of a sweep, the fastest that nothing beats. */
function swept(run: Run): RunFigures {
  const { frontier, cells } = sweepOf(run);
  const { done } = evaluationProgress(run);
  const fastest = frontier.at(-1);
  return {
    result: done > 0 ? `${plural(cells.length, 'setting')} × ${done}` : '',
    ...speeds(fastest?.tally?.tokensPerSecond, fastest?.speedUp?.mean),
  };
}

function trained(run: Run): RunFigures {
  if (learnsByReward(run.experiment.method)) return policyFigures(run);
  const { step, evaluations, tokensPerSecond } = training(run);
  const last = evaluations.at(-1);
  const result = last
    ? `${percent(last.accuracy, 0)} after ${last.step}`
    : step > 0
      ? `step ${step}`
      : '';
  return { result, ...speeds(tokensPerSecond, undefined) };
}

const speeds = (tokensPerSecond: number | undefined, speedUp: number | undefined) => ({
  speed: tokensPerSecond === undefined ? '' : `${quantity(tokensPerSecond)}${THIN}tok/s`,
  speedUp: speedUp === undefined ? '' : times(speedUp),
});
