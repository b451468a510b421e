// The knobs of GRPO and its variants, by TRL's names where TRL has them (METHODS 5.6), and what the page needs to
// know of the method before it runs.

import { defineParams, type ParamsOf } from '../core/params.ts';
import { LOSS_TYPES } from '../core/policyVariants.ts';
import { paper } from '../core/source.ts';
import { defineTrainer } from '../core/trainer.ts';
import {
  evaluateKnobs,
  modelKnob,
  optimiserKnobs,
  rewardKnobs,
  rolloutKnobs,
  stepKnobs,
} from './policyKnobs.ts';

const TITLES = {
  grpo: 'GRPO: mean of each completion’s mean',
  bnpo: 'BNPO: mean over the batch’s tokens',
  dr_grpo: 'Dr. GRPO: by the longest allowed length',
  dapo: 'DAPO: mean over all tokens of the step',
  cispo: 'CISPO: capped weights, no token left out',
  sapo: 'SAPO: soft gate instead of a clip',
  gspo: 'GSPO: one ratio for a whole completion',
} as const;

/** Of the clipped surrogate. */
export const clipKnobs = defineParams({
  epsilon: {
    kind: 'number',
    label: 'Clip below',
    symbol: '\\varepsilon',
    meaning:
      'The ratio counts from 1 - ε on; beyond that a token gets no gradient. GSPO wants about 3e-4.',
    min: 0,
    max: 1,
    step: 0.01,
    default: 0.2,
  },
  epsilonHigh: {
    kind: 'number',
    label: 'Clip above',
    symbol: '\\varepsilon_{high}',
    meaning:
      'The ratio counts up to 1 + this; 0: the same as below. DAPO’s clip-higher is 0.28. For CISPO the cap itself, about 5.',
    min: 0,
    max: 100,
    step: 0.01,
    default: 0,
    advanced: true,
  },
  delta: {
    kind: 'number',
    label: 'Two-sided clip',
    symbol: '\\delta',
    meaning:
      'Holds the ratio below this where the advantage is negative, so that one token cannot drown the rest; 0 does not.',
    min: 0,
    max: 1000,
    step: 0.5,
    default: 0,
    advanced: true,
  },
});

export const truncatedKnob = defineParams({
  truncated: {
    kind: 'choice',
    label: 'Truncated',
    meaning: 'What a completion that ran out of room counts.',
    options: [
      { value: 'counted', label: 'as any other' },
      { value: 'masked', label: 'nothing: left out of the loss' },
    ],
    default: 'counted',
    advanced: true,
  },
});

export const iterationsKnob = defineParams({
  iterations: {
    kind: 'integer',
    label: 'Iterations',
    symbol: '\\mu',
    meaning:
      'Updates from the same completions; from the second on, ratios leave 1 and clips bite.',
    min: 1,
    max: 8,
    step: 1,
    default: 1,
  },
});

const params = defineParams({
  ...modelKnob,
  steps: stepKnobs.steps,
  prompts: stepKnobs.prompts,
  group: {
    kind: 'integer',
    label: 'Group',
    symbol: 'G',
    meaning:
      'Completions for each prompt; a completion’s advantage is over the others of its group.',
    min: 2,
    max: 64,
    step: 1,
    default: 16,
  },
  ...rolloutKnobs,
  learningRate: stepKnobs.learningRate,
  lossType: {
    kind: 'choice',
    label: 'Loss',
    meaning: 'What stands for ratio times advantage, and what each token counts.',
    options: LOSS_TYPES.map((value) => ({ value, label: TITLES[value] })),
    default: 'dapo',
  },
  scaleRewards: {
    kind: 'choice',
    label: 'Divide advantages',
    meaning: 'What a reward’s difference from its group’s mean is divided by.',
    options: [
      { value: 'group', label: 'by the group’s deviation' },
      { value: 'batch', label: 'by the whole step’s deviation' },
      { value: 'nothing', label: 'by nothing' },
    ],
    default: 'group',
  },
  ...clipKnobs,
  beta: {
    kind: 'number',
    label: 'KL weight',
    symbol: '\\beta',
    meaning:
      'Pulls the policy to the weights it began with (k3 estimate); 0, as in TRL, keeps no reference and saves a pass.',
    min: 0,
    max: 10,
    step: 0.01,
    default: 0,
  },
  klRatio: {
    kind: 'choice',
    label: 'KL ratio',
    meaning: 'Whether the KL term is weighted by the ratio, which makes it unbiased off-policy.',
    options: [
      { value: 'plain', label: 'not weighted' },
      { value: 'weighted', label: 'weighted' },
    ],
    default: 'plain',
    advanced: true,
  },
  ...iterationsKnob,
  ...truncatedKnob,
  ...rewardKnobs,
  ...evaluateKnobs,
  ...optimiserKnobs,
});

export type GrpoParams = ParamsOf<typeof params>;

export const grpoTrainer = defineTrainer({
  title: 'GRPO',
  summary:
    'A model writes several answers to each problem and learns to write more like those that did better than the rest.',
  source: paper({
    authors: ['Shao', 'Wang', 'Zhu', 'Xu', 'Song', 'Bi', 'Zhang', 'Zhang', 'Li', 'Wu', 'Guo'],
    title: 'DeepSeekMath: Pushing the Limits of Mathematical Reasoning in Open Language Models',
    venue: 'arXiv',
    year: 2024,
    arxiv: '2402.03300',
  }),
  params,
  roles: ({ model }) => [model],
  parts: {
    small: 'Writes, and learns from its rewards.',
    large: 'Writes, and learns from its rewards.',
  },
  needs: 'rewards',
});
