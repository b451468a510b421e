// Emulated fine-tuning: Mitchell, Rafailov, Sharma, Finn, Manning, "An Emulator for Fine-Tuning Large Language Models
// using Small Language Models", ICLR 2024, arXiv 2310.12962 (METHODS 2.7, 5.4): the large model writes as if it had
// been tuned as the small one was,
//
//   log p_large + beta (log p_tuned - log p_untuned),
//
// the token-level yardstick of weak-to-strong search. On logits instead of log-probabilities it is the same after
// softmax: the differences are constants of a step. Temperature and filters come after, as in the code of that search.

import { defineAlgorithm } from '../core/algorithm.ts';
import { defineParams } from '../core/params.ts';
import { fusedText } from './fusedText.ts';
import { sample } from './sample.ts';

const params = defineParams({
  beta: {
    kind: 'number',
    label: 'Strength',
    symbol: '\\beta',
    meaning: 'How much of what tuning changed is added; 0 is the large model alone.',
    min: 0,
    max: 5,
    step: 0.1,
    default: 1,
  },
  temperature: { ...sample.params.temperature, default: 0.7 },
  topK: { ...sample.params.topK, default: 50 },
  topP: sample.params.topP,
  minP: sample.params.minP,
});

export const emulatedFineTuning = defineAlgorithm({
  title: 'Emulated fine-tuning',
  summary: 'The large model writes as if it had been tuned as the small one was.',
  source: {
    citation:
      'Mitchell et al., An Emulator for Fine-Tuning Large Language Models using Small Language Models, ICLR 2024',
    url: 'https://arxiv.org/abs/2310.12962',
  },
  params,
  roles: () => ['large', 'tuned', 'untuned'],
  parts: {
    large: 'Writes as if it were tuned.',
    tuned: 'A small model, tuned.',
    untuned: 'The same small model before it was tuned.',
  },
  authors: ['fused'],

  decode: ({ models: { large, tuned, untuned }, ...context }) =>
    fusedText({ large, small: untuned, experts: [tuned], alphas: [context.params.beta] }, context),
});
