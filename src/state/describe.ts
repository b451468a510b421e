// An experiment in a few words: for the list of runs and for folded settings.

import type { ParamSpec, ParamValue } from '../core/params.ts';
import { learnsByReward, methods, taskList } from '../experiment/catalogue.ts';
import type { Experiment, MethodId } from '../experiment/experiment.ts';
import { parseFileId } from '../experiment/names.ts';

/** TeX symbols of the params tables as plain text: `\alpha_{FB}` -> `α_FB`. */
const GREEK: Readonly<Record<string, string>> = {
  alpha: 'α',
  beta: 'β',
  gamma: 'γ',
  epsilon: 'ε',
  eta: 'η',
  theta: 'θ',
  mu: 'μ',
  delta: 'δ',
  varepsilon: 'ε',
  lambda: 'λ',
  tau: 'τ',
  ell: 'ℓ',
  Delta: 'Δ',
};
export const plainSymbol = (tex: string): string =>
  tex.replace(/\\([a-zA-Z]+)/g, (all, name: string) => GREEK[name] ?? all).replace(/[{}]/g, '');

/** A knob's symbol, or its name: "α_FB". */
export function knobName(method: MethodId, key: string): string {
  const spec = methods[method].params[key];
  return spec?.symbol ? plainSymbol(spec.symbol) : (spec?.label ?? key);
}

/** A knob with its value: "α_FB 0.6"; a choice says enough by itself. */
export const describeKnob = (method: MethodId, key: string, value: ParamValue): string =>
  methods[method].params[key]?.kind === 'choice'
    ? String(value)
    : `${knobName(method, key)} ${value}`;

/** Of a method with many knobs, those that are said in any case. */
const SAID: readonly string[] = ['model', 'steps', 'alpha'];

/** The knobs: "α_FB 0.6, α_RB 2, γ 10". */
export function describeKnobs({ method, params }: Pick<Experiment, 'method' | 'params'>): string {
  const changed = ([key, spec]: readonly [string, ParamSpec]) =>
    params[key] !== undefined && params[key] !== spec.default;
  // Of dozens of knobs only what was turned says something; few are said whole.
  const many = learnsByReward(method);
  return Object.entries(methods[method].params)
    .filter((one) => changed(one) || (many ? SAID.includes(one[0]) : !one[1].advanced))
    .map(([key, spec]) => describeKnob(method, key, params[key] ?? spec.default))
    .join(', ');
}

/** What it is about: the prompt, or the task. */
export function describeInput(experiment: Experiment): string {
  const { mode, prompt, promptAs, task, problems, data, sweep } = experiment;
  if (mode === 'parameters') return prompt;
  const form = promptAs === 'chat' ? ', as chat' : '';
  if (mode === 'generate') return `${prompt}${form}`;
  const { title } = taskList[task];
  if (mode === 'train' || mode === 'study') return parseFileId(data)?.name ?? title;
  const seeds = mode === 'sweep' && sweep.seeds > 1 ? `${sweep.seeds} seeds × ` : '';
  return `${seeds}${problems} × ${title}${form}`;
}

/** Which method or methods: "BiLD", "BiLD and 2 others", "Sweep of BiLD". */
export function describeMethod({ mode, method, contenders, study }: Experiment): string {
  if (mode === 'sweep') return `Sweep of ${methods[method].title}`;
  if (mode === 'parameters') return 'The parameters of two models';
  if (mode === 'study') return `${study.plans.length} trainings, ${study.seeds} seeds each`;
  if (mode !== 'evaluate') return methods[method].title;
  const [first, ...others] = contenders;
  if (!first) return 'Small and large alone';
  const name = first.label || methods[first.method].title;
  if (others.length === 0) return name;
  return `${name} and ${others.length === 1 ? 'another' : `${others.length} others`}`;
}

/** How it is set: the knobs, or the axes of a sweep. */
export function describeSettings(experiment: Experiment): string {
  const { mode, method, contenders, sweep } = experiment;
  if (mode === 'sweep') {
    return [sweep.x, sweep.y]
      .flatMap((axis) => (axis ? [`${knobName(method, axis.key)} ${range(axis.values)}`] : []))
      .join(', ');
  }
  if (mode === 'parameters' || mode === 'study') return '';
  if (mode !== 'evaluate') return describeKnobs(experiment);
  return contenders.length === 1 ? describeKnobs(contenders[0]!) : '';
}

/** "0.5 … 0.9 (3)". */
const range = (values: readonly ParamValue[]): string =>
  values.length < 3 ? values.join(', ') : `${values[0]} … ${values.at(-1)} (${values.length})`;

export function describeExperiment(experiment: Experiment): string {
  const settings = describeSettings(experiment);
  return settings === ''
    ? describeMethod(experiment)
    : `${describeMethod(experiment)}: ${settings}`;
}
