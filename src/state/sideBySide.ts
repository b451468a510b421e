// Runs beside each other: what came of each, and in which settings they differ. Settings are those of the links, so that
// nothing can be forgotten.

import { ROLE_NAMES, ROLES } from '../core/roles.ts';
import {
  checkpointTitle,
  isMethodId,
  isTaskId,
  learnsByReward,
  methods,
  taskList,
} from '../experiment/catalogue.ts';
import type { Experiment, MethodId } from '../experiment/experiment.ts';
import { encode } from '../experiment/link.ts';
import { parseFileId, parseLocalId } from '../experiment/names.ts';
import { contenderName } from './contenders.ts';
import { plainSymbol } from './describe.ts';
import { evaluationProgress, isVerifiable, tallies } from './evaluation.ts';
import { percent, quantity, THIN, times, titled } from './format.ts';
import { policyResults } from './policyText.ts';
import type { Run } from './run.ts';
import { summary } from './summary.ts';
import { type Cell, sweepOf } from './sweep.ts';
import { training } from './training.ts';

export interface ComparedRow {
  readonly key: string;
  readonly label: string;
  /** One text per run; absent where the run has no such thing. */
  readonly values: readonly (string | undefined)[];
  readonly same: boolean;
}

/** @param lists of labelled texts, one list per run; rows come in the order in which their labels first do */
function rowsOf(
  lists: readonly (readonly (readonly [key: string, label: string, text: string])[])[],
): readonly ComparedRow[] {
  const labels = new Map<string, string>();
  for (const list of lists)
    for (const [key, label] of list) labels.set(key, labels.get(key) ?? label);
  return [...labels].map(([key, label]) => {
    const values = lists.map((list) => list.find(([own]) => own === key)?.[2]);
    return { key, label, values, same: new Set(values).size === 1 };
  });
}

/** Every setting of every run. */
export const settingRows = (experiments: readonly Experiment[]): readonly ComparedRow[] =>
  rowsOf(experiments.map(settingsOf));

const PLAIN: Readonly<Record<string, string>> = {
  mode: 'What is done',
  method: 'Method',
  contenders: 'Contenders',
  x: 'Across',
  'x.values': 'Values across',
  y: 'Down',
  'y.values': 'Values down',
  seeds: 'Seeds',
  data: 'Examples',
  task: 'Task',
  difficulty: 'Difficulty',
  prompt: 'Prompt',
  promptAs: 'Prompt as',
  maxTokens: 'Most new tokens',
  problems: 'Problems',
  seed: 'Seed',
  provider: 'Models on',
  kernels: 'Kernels on',
};

function settingsOf(experiment: Experiment) {
  const pairs = [...new URLSearchParams(encode(experiment).slice(1))].filter(
    ([key]) => key !== 'v',
  );
  return pairs.map(([key, value]) => [key, labelOf(key, experiment), textOf(value)] as const);
}

function labelOf(key: string, { method, contenders }: Experiment): string {
  const [, number, inner] = /^c(\d+)\.(.+)$/.exec(key) ?? [];
  if (number !== undefined && inner !== undefined) {
    const own = contenders[Number(number) - 1]?.method ?? method;
    const what = { method: 'method', label: 'name' }[inner] ?? knobLabel(own, inner);
    return `Contender ${number}: ${what}`;
  }
  const role = ROLES.find((one) => one === key);
  return role ? titled(ROLE_NAMES[role]) : (PLAIN[key] ?? knobLabel(method, key));
}

function knobLabel(method: MethodId, key: string): string {
  const spec = methods[method].params[key];
  if (!spec) return key;
  return spec.symbol ? `${spec.label}, ${plainSymbol(spec.symbol)}` : spec.label;
}

function textOf(value: string): string {
  if (isMethodId(value)) return methods[value].title;
  if (isTaskId(value)) return taskList[value].title;
  if (parseLocalId(value)) return checkpointTitle(value);
  return parseFileId(value)?.name ?? value;
}

/** What came of every run. */
export const resultRows = (runs: readonly Run[]): readonly ComparedRow[] =>
  rowsOf(runs.map((run) => resultsOf(run).map(([label, text]) => [label, label, text] as const)));

type Result = readonly [label: string, text: string];

function resultsOf(run: Run): readonly Result[] {
  const { mode } = run.experiment;
  if (mode === 'evaluate') return evaluated(run);
  if (mode === 'sweep') return swept(run);
  return mode === 'train' ? trained(run) : generated(run);
}

const rate = (value: number | undefined): string =>
  value === undefined ? '–' : `${quantity(Math.round(value))}${THIN}tok/s`;
const ratio = (value: number | undefined): string => (value === undefined ? '–' : times(value));

function evaluated(run: Run): readonly Result[] {
  const { experiment } = run;
  const word = isVerifiable(experiment) ? 'accuracy' : 'mean reward';
  return tallies(run).flatMap(({ contender, score, ...tally }): Result[] => {
    const name = contenderName(experiment, contender);
    const { mean, low, high } = score;
    const passes = ROLES.flatMap((role) => tally.passes[role]?.toFixed(1) ?? []);
    return [
      [`${name}: ${word}`, `${percent(mean, 1)} (${percent(low, 1)} to ${percent(high, 1)})`],
      [`${name}: speed-up`, ratio(tally.speedUp)],
      [`${name}: speed`, rate(tally.tokensPerSecond)],
      [`${name}: passes per problem`, passes.join(' + ')],
    ];
  });
}

function swept(run: Run): readonly Result[] {
  const { experiment } = run;
  const { cells, frontier, aloneScore } = sweepOf(run);
  const word = isVerifiable(experiment) ? 'accuracy' : 'mean reward';
  const { done } = evaluationProgress(run);
  const told = (cell: Cell | undefined) =>
    cell?.score && cell.speedUp
      ? `${contenderName(experiment, cell.contender)}: ${percent(cell.score.mean, 1)}, ${times(cell.speedUp.mean)}`
      : '–';
  return [
    ['Settings', String(cells.length)],
    ['Problems each', String(done)],
    [`Large alone: ${word}`, aloneScore ? percent(aloneScore.mean, 1) : '–'],
    ['Best on the frontier', told(frontier[0])],
    ['Fastest on the frontier', told(frontier.at(-1))],
  ];
}

function trained(run: Run): readonly Result[] {
  if (learnsByReward(run.experiment.method)) return policyResults(run);
  const { step, evaluations, parameters } = training(run);
  const last = evaluations.at(-1);
  return [
    ['Steps', quantity(step)],
    ['Parameters', quantity(parameters)],
    ['Loss, held out', last ? last.loss.toFixed(4) : '–'],
    ['Right, held out', last ? percent(last.accuracy, 1) : '–'],
  ];
}

function generated(run: Run): readonly Result[] {
  const { tokens, tokensPerSecond, measuredSpeedUp, passes } = summary(run);
  const made = ROLES.flatMap((role) => (passes[role] === undefined ? [] : [passes[role]]));
  return [
    ['Tokens', quantity(tokens)],
    ['Speed', rate(tokensPerSecond)],
    ['Speed-up', ratio(measuredSpeedUp)],
    ['Passes', made.map(quantity).join(' + ')],
  ];
}
