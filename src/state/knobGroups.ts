// The knobs of training by reward under headings: what is asked of each is in its params table; where it belongs among
// dozens of them is said here. A knob that no heading names comes last.

import type { ParamSpec } from '../core/params.ts';
import { learnsByReward, methods } from '../experiment/catalogue.ts';
import type { Experiment, MethodId } from '../experiment/experiment.ts';

export interface KnobGroup {
  readonly title: string;
  /** Open from the start: what most people turn first. */
  readonly open: boolean;
  readonly knobs: readonly (readonly [key: string, spec: ParamSpec])[];
}

const GROUPS: readonly { readonly title: string; readonly open?: true; readonly keys: string }[] = [
  {
    title: 'Training',
    open: true,
    keys: 'model tune loraRank loraAlpha loraTargets steps prompts learningRate largeLearningRate evaluateEvery continued',
  },
  { title: 'Rollout', open: true, keys: 'samples group completion temperature topP topK' },
  { title: 'Down-sampling', open: true, keys: 'selection' },
  {
    title: 'Distillation',
    open: true,
    keys: 'alpha coefficient discount distillation normaliser surrogate',
  },
  {
    title: 'Objective',
    keys: 'lossType scaleRewards largeAdvantages largeRatio epsilon epsilonHigh delta beta klRatio iterations truncated',
  },
  { title: 'Hints', keys: 'hints hintLength epoch hintDistillation' },
  { title: 'Reward', keys: 'correctness format length checker' },
  {
    title: 'Optimiser',
    keys: 'schedule warmup floor weightDecay beta1 beta2 clip spike microBatch',
  },
];

/** A method that decodes has few knobs, which need no headings. */
export const hasGroups = (method: MethodId): boolean => learnsByReward(method);

export function knobGroups(
  { method, data }: Pick<Experiment, 'method' | 'data'>,
  without: readonly string[] = [],
  /** The checker has its place beside the file. */
  shown = false,
): readonly KnobGroup[] {
  // A built-in task has its own checker; a file’s is set beside the file, where there is one method.
  const hidden = new Set([...without, ...(data === 'task' || shown ? ['checker'] : [])]);
  const all = Object.entries(methods[method].params).filter(([key]) => !hidden.has(key));
  const named = new Set<string>();
  const groups = GROUPS.map(({ title, open, keys }): KnobGroup => {
    const wanted = keys.split(' ');
    const knobs = wanted.flatMap((key) => all.filter(([own]) => own === key));
    for (const key of wanted) named.add(key);
    return { title, open: open === true, knobs };
  });
  const rest = all.filter(([key]) => !named.has(key));
  return [...groups, { title: 'More', open: false, knobs: rest }].filter(
    ({ knobs }) => knobs.length > 0,
  );
}

/** How many of a group's knobs are not at their default. */
export const turned = ({ knobs }: KnobGroup, params: Experiment['params']): number =>
  knobs.filter(([key, spec]) => (params[key] ?? spec.default) !== spec.default).length;
