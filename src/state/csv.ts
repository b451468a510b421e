// Runs as tables for other programs: a row for each contender and seed, each training step, or each token. Names of
// metrics are those of TRL where it has one; what is empty was not measured.

import { ROLES, type Role } from '../core/roles.ts';
import { learnsByReward } from '../experiment/catalogue.ts';
import { contendersOf, seedsOf } from '../experiment/contenders.ts';
import { contenderName } from './contenders.ts';
import { answersOf, isVerifiable, talliesOf } from './evaluation.ts';
import { policyRows } from './policyText.ts';
import type { Run } from './run.ts';
import { streamOf } from './tokenStream.ts';
import { training } from './training.ts';

type Value = string | number | undefined;
type Row = Readonly<Record<string, Value>>;

export interface Named {
  readonly name: string;
  readonly run: Run;
}

/** RFC 4180, with a header; rows of several runs have all their columns. */
export function csvOf(runs: readonly Named[]): string {
  const rows = runs.flatMap(({ name, run }) =>
    rowsOf(run).map((row): Row => ({ run: name, seed: run.experiment.seed, ...row })),
  );
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const lines = [columns, ...rows.map((row) => columns.map((column) => row[column]))];
  return lines.map((line) => `${line.map(cell).join(',')}\r\n`).join('');
}

/** Text that a spreadsheet would take for a formula gets an apostrophe before it. */
function cell(value: Value): string {
  if (value === undefined) return '';
  if (typeof value === 'number') return String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function rowsOf(run: Run): readonly Row[] {
  switch (run.experiment.mode) {
    case 'generate':
      return tokenRows(run);
    case 'train':
      return learnsByReward(run.experiment.method) ? policyRows(run) : stepRows(run);
    default:
      return contenderRows(run);
  }
}

function contenderRows(run: Run): readonly Row[] {
  const { experiment } = run;
  const contenders = contendersOf(experiment);
  return seedsOf(experiment).flatMap((seed) =>
    talliesOf(
      answersOf(run).filter((answer) => answer.seed === seed),
      experiment,
    ).map((tally): Row => {
      const { contender, answered, score, tokens, ms, passes } = tally;
      const { method, params } = contenders[contender]!;
      const knobs = Object.entries(params).map(([key, value]) => [`params/${key}`, value]);
      const works = ROLES.filter((role) => passes[role] !== undefined).map((role: Role) => [
        `passes/${role}`,
        passes[role],
      ]);
      return {
        seed,
        task: experiment.task,
        contender: contenderName(experiment, contender),
        method,
        ...Object.fromEntries(knobs),
        problems: answered,
        ...(isVerifiable(experiment) && { accuracy: score.mean }),
        reward: score.mean,
        reward_std: score.deviation,
        reward_low: score.low,
        reward_high: score.high,
        num_tokens: tokens,
        'completions/mean_length': tokens / answered,
        seconds: ms / 1000,
        tokens_per_second: tally.tokensPerSecond,
        speed_up: tally.speedUp,
        ...Object.fromEntries(works),
        bytes_read_back: tally.bytesReadBack,
        fallback_share: tally.fallbackShare,
        rollback_share: tally.rollbackShare,
      };
    }),
  );
}

function stepRows(run: Run): readonly Row[] {
  const evaluated = new Map(training(run).evaluations.map((one) => [one.step, one]));
  const evaluation = (step: number): Row => {
    const found = evaluated.get(step);
    return { eval_loss: found?.loss, eval_reward: found?.accuracy };
  };
  let tokens = 0;
  const rows = run.events.flatMap((one): Row[] => {
    if (one.type !== 'train' || one.event.type !== 'step') return [];
    const { step, loss, read, gradNorm, learningRate } = one.event;
    tokens += read;
    return [
      {
        step,
        num_tokens: tokens,
        step_time: one.ms / 1000,
        loss,
        grad_norm: gradNorm,
        learning_rate: learningRate,
        ...evaluation(step),
      },
    ];
  });
  return evaluated.has(0) ? [{ step: 0, ...evaluation(0) }, ...rows] : rows;
}

function tokenRows(run: Run): readonly Row[] {
  const { cells, prompt } = streamOf(run);
  return cells.flatMap((one): Row[] =>
    one.kind === 'token'
      ? [
          {
            position: one.at - prompt.length + 1,
            token: one.token,
            text: one.text,
            by: one.by,
            prob: one.prob,
            state: one.state,
            distance: one.distance,
          },
        ]
      : [],
  );
}
