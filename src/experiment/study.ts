// A comparison of trainings: plans that begin at the same weights, each for several seeds, one after the other. Each is
// an ordinary training, with a link, a record and checkpoints of its own; which of them there are follows from the
// experiment alone, so that a comparison that was cancelled goes on where it was, also on another day.

import { trainers } from '../algorithms/index.ts';
import { defaultsOf, type ParamValue } from '../core/params.ts';
import type { AnyTrainer } from '../core/trainer.ts';
import type { Experiment, TrainerMethodId } from './experiment.ts';

export interface Plan {
  /** Empty: it is called by its method, and by the model that it trains. */
  readonly label: string;
  readonly method: TrainerMethodId;
  readonly params: Readonly<Record<string, ParamValue>>;
}

export interface Study {
  readonly plans: readonly Plan[];
  /** The experiment's seed, and the ones after it. */
  readonly seeds: number;
}

/** Knobs that trainings should share to be comparable: how long they go on, and when they are measured. */
export const COMMON = ['steps', 'evaluateEvery'] as const;

/** Most plans of a comparison. */
export const MOST_PLANS = 8;

const trainerOf = (method: TrainerMethodId) => trainers[method] as unknown as AnyTrainer;

/** A plan with its method's defaults, but for what all plans have in common. */
export function planOf(
  method: TrainerMethodId,
  set: Readonly<Record<string, ParamValue>> = {},
): Plan {
  const table = trainerOf(method).params;
  const known = Object.entries(set).filter(([key]) => Object.hasOwn(table, key));
  return {
    label: '',
    method,
    params: { ...defaultsOf(table), ...Object.fromEntries(known) },
  };
}

/** Long enough to see which learns, short enough to see it within the hour. */
const SHORT = { steps: 100, evaluateEvery: 20 } as const;

/** The large model moves as far alone as together. */
const LARGE_RATE = trainers.codistillGrpo.params.largeLearningRate.default;

/** GRPO of each model, both together, distillation alone, and right answers given. */
export const usualStudy: Study = {
  plans: [
    planOf('grpo', { ...SHORT, model: 'small' }),
    planOf('grpo', { ...SHORT, model: 'large', learningRate: LARGE_RATE }),
    planOf('codistillGrpo', SHORT),
    planOf('onPolicyDistillation', SHORT),
    planOf('sft', { ...SHORT, model: 'small' }),
  ],
  seeds: 3,
};

/** One training of a comparison. */
export interface Planned {
  /** Number of its plan. */
  readonly plan: number;
  readonly seed: number;
  readonly experiment: Experiment;
}

/** Seed by seed, so that whatever is there after a while compares all plans. */
export function plannedOf(experiment: Experiment): readonly Planned[] {
  const { study, seed: first } = experiment;
  return Array.from({ length: study.seeds }, (_, i) => (first + i) >>> 0).flatMap((seed) =>
    study.plans.map(({ method, params }, plan) => ({
      plan,
      seed,
      experiment: { ...experiment, mode: 'train', method, params, seed } as const,
    })),
  );
}

/** What a plan is called where nobody has named it: its method, and whom it trains where that can be chosen. */
export function planName({ label, method, params }: Plan): string {
  if (label !== '') return label;
  const { title } = trainerOf(method);
  return params.model === undefined ? title : `${title}, ${String(params.model)}`;
}

/** All different: numbered where two would be called the same. */
export function planNames(plans: readonly Plan[]): readonly string[] {
  const plain = plans.map(planName);
  return plain.map((name, i) => {
    const earlier = plain.slice(0, i).filter((other) => other === name).length;
    return earlier === 0 ? name : `${name} (${earlier + 1})`;
  });
}
