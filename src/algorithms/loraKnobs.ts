// LoRA (Hu et al. 2021, arXiv:2106.09685) as knobs, for every method that trains a model: y = x W becomes
// y = x W + (alpha / r) (x A) B with W as it was. What the words mean to a graph is the models' business.

import { defineParams, type ParamsOf } from '../core/params.ts';

/** Adapters instead of weights; the same for every method that trains a model. */
export const loraParams = defineParams({
  tune: {
    kind: 'choice',
    label: 'What learns',
    meaning:
      'All weights, or only low-rank adapters beside them (LoRA), which need little memory and can be added to quantised weights.',
    options: [
      { value: 'all', label: 'all weights' },
      { value: 'lora', label: 'LoRA adapters' },
    ],
    default: 'all',
  },
  loraRank: {
    kind: 'integer',
    when: { knob: 'tune', is: 'lora' },
    label: 'Rank',
    symbol: 'r',
    meaning: 'Columns of A and rows of B; more can learn more and weigh more.',
    min: 1,
    max: 256,
    step: 1,
    default: 8,
  },
  loraAlpha: {
    kind: 'number',
    when: { knob: 'tune', is: 'lora' },
    label: 'Alpha',
    symbol: '\\alpha',
    meaning: 'The adapter’s product is multiplied by alpha / rank.',
    min: 0.1,
    max: 512,
    step: 1,
    default: 16,
  },
  loraTargets: {
    kind: 'choice',
    when: { knob: 'tune', is: 'lora' },
    label: 'Adapted matrices',
    meaning: 'Which matrices get an adapter.',
    options: [
      { value: 'all', label: 'all in the layers' },
      { value: 'attention', label: 'attention' },
      { value: 'queriesValues', label: 'queries and values' },
      { value: 'mlp', label: 'MLP' },
    ],
    default: 'all',
  },
});

export type LoraParams = ParamsOf<typeof loraParams>;
