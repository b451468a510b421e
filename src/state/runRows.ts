// The runs of this session as a table.

import { methods } from '../experiment/catalogue.ts';
import { describeInput, describeKnobs } from './describe.ts';
import { tallies } from './evaluation.ts';
import { percent, quantity, THIN, times } from './format.ts';
import type { Run, RunStatus } from './run.ts';
import { summary } from './summary.ts';
import { training } from './training.ts';

export interface RunRow {
  readonly id: number;
  readonly method: string;
  readonly knobs: string;
  readonly input: string;
  readonly status: RunStatus;
  /** Tokens, or problems and accuracy. */
  readonly result: string;
  readonly speed: string;
  readonly speedUp: string;
}

export function runRow(run: Run): RunRow {
  const { id, experiment, status } = run;
  const common = {
    id,
    status,
    method: methods[experiment.method].title,
    knobs: describeKnobs(experiment),
    input: describeInput(experiment),
  };
  if (experiment.mode === 'evaluate') {
    const all = tallies(run);
    const own = all.find((tally) => tally.contender === 'method') ?? all.at(-1);
    return {
      ...common,
      result: own ? `${percent(own.accuracy, 1)} of ${own.answered}` : '',
      ...speeds(own?.tokensPerSecond, own?.speedUp),
    };
  }
  if (experiment.mode === 'train') {
    const { step, evaluations, tokensPerSecond: speed } = training(run);
    const last = evaluations.at(-1);
    return {
      ...common,
      result: last
        ? `${percent(last.accuracy, 0)} after ${last.step}`
        : step > 0
          ? `step ${step}`
          : '',
      ...speeds(speed, undefined),
    };
  }
  const { tokens, tokensPerSecond, measuredSpeedUp } = summary(run);
  return {
    ...common,
    result: tokens > 0 ? `${quantity(tokens)} tokens` : '',
    ...speeds(tokensPerSecond, measuredSpeedUp),
  };
}

const speeds = (tokensPerSecond: number | undefined, speedUp: number | undefined) => ({
  speed: tokensPerSecond === undefined ? '' : `${quantity(tokensPerSecond)}${THIN}tok/s`,
  speedUp: speedUp === undefined ? '' : times(speedUp),
});
