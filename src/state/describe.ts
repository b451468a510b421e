// An experiment in a few words: for the list of runs and for folded settings.

import { methods, taskList } from '../experiment/catalogue.ts';
import type { Experiment } from '../experiment/experiment.ts';
import { parseFileId } from '../experiment/names.ts';

/** TeX symbols of the params tables as plain text: `\alpha_{FB}` -> `α_FB`. */
const GREEK: Readonly<Record<string, string>> = {
  alpha: 'α',
  beta: 'β',
  gamma: 'γ',
  epsilon: 'ε',
  eta: 'η',
  lambda: 'λ',
  tau: 'τ',
  Delta: 'Δ',
  ell: 'ℓ',
};
export const plainSymbol = (tex: string): string =>
  tex.replace(/\\([a-zA-Z]+)/g, (all, name: string) => GREEK[name] ?? all).replace(/[{}]/g, '');

/** The knobs: "α_FB 0.6, α_RB 2, γ 10". */
export function describeKnobs({ method, params }: Experiment): string {
  return Object.entries(methods[method].params)
    .filter(([key, spec]) => !spec.advanced || params[key] !== spec.default)
    .map(([key, spec]) =>
      spec.kind === 'choice'
        ? String(params[key])
        : `${spec.symbol ? plainSymbol(spec.symbol) : spec.label} ${params[key]}`,
    )
    .join(', ');
}

/** What it is about: the prompt, or the task. */
export function describeInput({ mode, prompt, task, problems, data }: Experiment): string {
  if (mode === 'generate') return prompt;
  const { title } = taskList[task];
  return mode === 'evaluate' ? `${problems} × ${title}` : (parseFileId(data)?.name ?? title);
}

export const describeExperiment = (experiment: Experiment): string =>
  `${methods[experiment.method].title}: ${describeKnobs(experiment)}`;
