// Proxy-tuning: Liu, Han, Wang, Tsvetkov, Choi, Smith, "Tuning Language Models by Proxy", COLM 2024, arXiv 2401.08565;
// official code alisawuffles/proxy-tuning (METHODS 5.2). What tuning did to a small model is added to a large one:
// large + alpha (expert - anti-expert).
//
// Where we differ: all three models read the same prompt (in the code a chat expert gets one of its own).

import { defineAlgorithm } from '../core/algorithm.ts';
import { defineParams } from '../core/params.ts';
import { fixedAlpha, fusedSampling, fusedText } from './fusedText.ts';

const params = defineParams({
  ...fixedAlpha(
    'How much of the difference between expert and anti-expert is added; 0 is the large model alone.',
    1,
  ),
  ...fusedSampling,
});

export const proxyTuning = defineAlgorithm({
  title: 'Proxy-tuning',
  summary: 'What tuning did to a small model is added to the large model’s logits.',
  source: {
    citation: 'Liu et al., Tuning Language Models by Proxy, COLM 2024',
    url: 'https://arxiv.org/abs/2401.08565',
  },
  params,
  roles: () => ['large', 'expert', 'antiExpert'],
  parts: {
    large: 'Is steered.',
    expert: 'A small model, tuned.',
    antiExpert: 'The same small model before it was tuned.',
  },
  authors: ['fused'],

  decode: ({ models: { large, expert, antiExpert }, ...context }) =>
    fusedText(
      { large, small: antiExpert, experts: [expert], alphas: [context.params.alpha] },
      context,
    ),
});
