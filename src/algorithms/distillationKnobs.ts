// The knobs of on-policy distillation (METHODS 5.8), and what the page needs to know of it before it runs.

import { defineParams, type ParamsOf } from '../core/params.ts';
import { defineTrainer } from '../core/trainer.ts';
import { clipKnobs, iterationsKnob, truncatedKnob } from './grpoKnobs.ts';
import {
  evaluateKnobs,
  optimiserKnobs,
  rewardKnobs,
  rolloutKnobs,
  stepKnobs,
} from './policyKnobs.ts';

const params = defineParams({
  steps: stepKnobs.steps,
  prompts: stepKnobs.prompts,
  group: {
    kind: 'integer',
    label: 'Completions',
    symbol: 'G',
    meaning: 'Completions that the small model writes for each prompt.',
    min: 1,
    max: 64,
    step: 1,
    default: 4,
  },
  coefficient: {
    kind: 'number',
    label: 'Distillation',
    symbol: 'c',
    meaning: 'Weight of log p_large - log p_small in each token’s advantage.',
    min: 0,
    max: 10,
    step: 0.1,
    default: 1,
  },
  discount: {
    kind: 'number',
    label: 'Discount',
    symbol: '\\gamma',
    meaning:
      'How much of the following tokens’ log-ratios a token answers for; 0 is its own alone.',
    min: 0,
    max: 1,
    step: 0.05,
    default: 0,
  },
  ...rolloutKnobs,
  learningRate: stepKnobs.learningRate,
  surrogate: {
    kind: 'choice',
    label: 'Ratio',
    meaning: 'Importance sampling without a clip, as in the recipe, or PPO’s clip.',
    options: [
      { value: 'plain', label: 'not clipped' },
      { value: 'clipped', label: 'clipped' },
    ],
    default: 'plain',
    advanced: true,
  },
  ...clipKnobs,
  ...iterationsKnob,
  ...truncatedKnob,
  ...rewardKnobs,
  correctness: {
    ...rewardKnobs.correctness,
    meaning: 'Weight of the task’s own reward, over the group’s mean; 0 is distillation alone.',
    default: 0,
  },
  ...evaluateKnobs,
  ...optimiserKnobs,
});

export type DistillationParams = ParamsOf<typeof params>;

export const distillationTrainer = defineTrainer({
  title: 'On-policy distillation',
  summary:
    'The small model writes, and the large one, left as it is, says of each token how much more or less likely it would have been.',
  source: {
    citation: 'Lu and Thinking Machines Lab, On-Policy Distillation, 2025',
    url: 'https://thinkingmachines.ai/blog/on-policy-distillation/',
  },
  params,
  roles: () => ['small', 'large'],
  parts: { small: 'Writes, and learns.', large: 'Judges each token; is left as it is.' },
  needs: 'rewards',
});
