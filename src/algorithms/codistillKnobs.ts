// The knobs of CoDistill-GRPO (METHODS 1), and what the page needs to know of the method before it runs. What our
// sources of the paper leave open is a knob that says so.

import { UserError } from '../core/errors.ts';
import { defineParams, type ParamsOf } from '../core/params.ts';
import { paper } from '../core/source.ts';
import { defineTrainer } from '../core/trainer.ts';
import { clipKnobs, iterationsKnob, truncatedKnob } from './grpoKnobs.ts';
import {
  ASSUMED,
  evaluateKnobs,
  optimiserKnobs,
  rewardKnobs,
  rolloutKnobs,
  stepKnobs,
} from './policyKnobs.ts';

const params = defineParams({
  steps: stepKnobs.steps,
  prompts: stepKnobs.prompts,
  samples: {
    kind: 'integer',
    label: 'Completions',
    symbol: 'M',
    meaning: 'Completions that the small model writes for each prompt.',
    min: 2,
    max: 64,
    step: 1,
    default: 14,
  },
  group: {
    kind: 'integer',
    label: 'Kept',
    symbol: 'G',
    meaning: 'Completions of each prompt that both models learn from; the others are dropped.',
    min: 2,
    max: 64,
    step: 1,
    default: 8,
  },
  selection: {
    kind: 'choice',
    label: 'Selection',
    meaning: `Which G of the M are kept, by reward with the distillation in it. ${ASSUMED}`,
    options: [
      { value: 'maxVariance', label: 'largest variance (PODS)' },
      { value: 'farthest', label: 'farthest from the mean' },
      { value: 'highest', label: 'highest' },
      { value: 'random', label: 'at random' },
      { value: 'all', label: 'all of them' },
    ],
    default: 'maxVariance',
  },
  alpha: {
    kind: 'number',
    label: 'Distillation',
    symbol: '\\alpha',
    meaning:
      'How much of (1/N) sum (log p_large - log p_small) is in the small model’s reward; 0 is GRPO without dividing by the deviation.',
    min: 0,
    max: 10,
    step: 0.1,
    default: 1,
  },
  ...rolloutKnobs,
  learningRate: { ...stepKnobs.learningRate, label: 'Learning rate, small' },
  largeLearningRate: {
    ...stepKnobs.learningRate,
    symbol: '\\eta_\\theta',
    label: 'Learning rate, large',
    meaning: 'How far a step of the large model goes; 0 leaves it as it is.',
    default: 5e-5,
  },
  distillation: {
    kind: 'choice',
    label: 'Distillation as',
    meaning:
      'Part of the reward, as the paper has it, or a loss term of its own, which it found unstable: k2 descends the same divergence, k3 the opposite one.',
    options: [
      { value: 'reward', label: 'part of the reward' },
      { value: 'k2', label: 'loss, k2' },
      { value: 'k3', label: 'loss, k3' },
    ],
    default: 'reward',
    advanced: true,
  },
  normaliser: {
    kind: 'choice',
    label: 'Length N',
    symbol: 'N',
    meaning: `What sums over a completion’s tokens are divided by. With a constant the distillation is exactly a divergence; with the length it is not. ${ASSUMED}`,
    options: [
      { value: 'constant', label: 'the longest allowed' },
      { value: 'length', label: 'the completion’s own' },
    ],
    default: 'constant',
  },
  largeAdvantages: {
    kind: 'choice',
    label: 'Large’s advantages',
    meaning: `Whether the large model’s advantages are divided by their deviation, as GRPO’s are. ${ASSUMED}`,
    options: [
      { value: 'group', label: 'divided by the deviation' },
      { value: 'plain', label: 'not divided' },
    ],
    default: 'group',
    advanced: true,
  },
  largeRatio: {
    kind: 'choice',
    label: 'Large’s ratio',
    meaning:
      'The large model learns from what the small one wrote: p_large / p_small, clipped (the paper), or capped at 3 without leaving tokens out (truncated importance sampling), or ignored.',
    options: [
      { value: 'clipped', label: 'clipped' },
      { value: 'truncated', label: 'capped at 3' },
      { value: 'ignored', label: 'ignored' },
    ],
    default: 'clipped',
  },
  ...clipKnobs,
  delta: {
    ...clipKnobs.delta,
    meaning: `${clipKnobs.delta.meaning} The large model needs it: where it finds a bad token much likelier than the small one did, nothing else bounds the ratio. ${ASSUMED}`,
    default: 2,
  },
  epsilon: { ...clipKnobs.epsilon, meaning: `${clipKnobs.epsilon.meaning} ${ASSUMED}` },
  iterations: {
    ...iterationsKnob.iterations,
    meaning: `${iterationsKnob.iterations.meaning} ${ASSUMED}`,
  },
  hints: {
    kind: 'choice',
    label: 'Hints',
    meaning:
      'Whether the large model writes the first tokens and the small one goes on. In every epoch it collapsed, in the paper; in the first it helped.',
    options: [
      { value: 'never', label: 'never' },
      { value: 'first', label: 'in the first epoch' },
      { value: 'always', label: 'always' },
    ],
    default: 'never',
  },
  hintLength: {
    kind: 'integer',
    label: 'Hint length',
    symbol: 'T',
    meaning: 'Tokens of a hint; the paper’s 50 are for answers of thousands.',
    min: 1,
    max: 256,
    step: 1,
    default: 2,
    advanced: true,
  },
  epoch: {
    kind: 'integer',
    label: 'Epoch',
    meaning:
      'Steps that count as one epoch: a task’s problems have no end. Of a file, its problems decide.',
    min: 1,
    max: 10_000,
    step: 10,
    default: 100,
    advanced: true,
  },
  hintDistillation: {
    kind: 'choice',
    label: 'Hints in the distillation',
    meaning: `Whether a hint’s tokens count in the distillation’s sum, which is meant for what the small model wrote. ${ASSUMED}`,
    options: [
      { value: 'masked', label: 'do not count' },
      { value: 'counted', label: 'count' },
    ],
    default: 'masked',
    advanced: true,
  },
  ...truncatedKnob,
  truncated: {
    ...truncatedKnob.truncated,
    meaning: `${truncatedKnob.truncated.meaning} ${ASSUMED}`,
  },
  continued: {
    kind: 'integer',
    label: 'Continued',
    meaning: `Steps at the end in which the large model alone goes on, by GRPO on its own completions. The paper has such a phase; its recipe is not in our sources. ${ASSUMED}`,
    min: 0,
    max: 10_000,
    step: 10,
    default: 0,
  },
  ...rewardKnobs,
  ...evaluateKnobs,
  ...optimiserKnobs,
});

export type CodistillParams = ParamsOf<typeof params>;

export const codistillTrainer = defineTrainer({
  title: 'CoDistill-GRPO',
  summary:
    'Small and large learn together: the small one writes, is rewarded for being right and for what the large one finds likely, and the large one learns from the same answers.',
  source: paper({
    authors: ['Kwon', 'Sun', 'Suresh', 'Jain', 'Kumar'],
    title:
      'CoDistill-GRPO: A Co-Distillation Recipe for Efficient Group Relative Policy Optimization',
    venue: 'arXiv',
    year: 2026,
    arxiv: '2605.08873',
  }),
  params,
  roles: () => ['small', 'large'],
  parts: {
    small: 'Writes all completions; learns from rewards and from the large model.',
    large: 'Judges what the small model wrote, and learns from it.',
  },
  needs: 'rewards',
  check({ samples, group, hints, hintLength, completion }) {
    if (group > samples) {
      throw new UserError(
        'experiment',
        `${group} completions are to be kept of ${samples}.`,
        'Write at least as many completions as are kept (M ≥ G).',
      );
    }
    if (hints !== 'never' && hintLength >= completion) {
      throw new UserError(
        'experiment',
        `A hint of ${hintLength} tokens leaves nothing of a completion of ${completion}.`,
        'Shorten the hint, or allow longer completions.',
      );
    }
  },
});
