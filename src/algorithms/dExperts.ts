// DExperts: Liu, Sap, Lu, Swayamdipta, Bhagavatula, Smith, Choi, "DExperts: Decoding-Time Controlled Text Generation
// with Experts and Anti-Experts", ACL 2021, arXiv 2105.03023; official code alisawuffles/DExperts (METHODS 5.3).
// The large model's tokens are filtered first, by top-p; to the logits of those that are left alpha
// (expert - anti-expert) is added. What the filter dropped stays dropped, however much the expert wants it.
//
// Where we differ: expert and anti-expert are both there (the code puts the base in place of a missing one; choose the
// large checkpoint for that role), and KV caches are used.

import { defineAlgorithm } from '../core/algorithm.ts';
import { defineParams } from '../core/params.ts';
import { fixedAlpha, fusedSampling, fusedText } from './fusedText.ts';
import { sample } from './sample.ts';

const params = defineParams({
  ...fixedAlpha(
    'How much of the difference between expert and anti-expert is added; 0 is the large model alone.',
    2,
  ),
  filterP: {
    kind: 'number',
    label: 'Filter before',
    symbol: 'p_0',
    meaning:
      'Keeps the smallest set of the large model’s tokens that holds this share of its probability; 1 keeps all.',
    min: 0.05,
    max: 1,
    step: 0.01,
    default: 0.9,
  },
  ...fusedSampling,
  temperature: { ...sample.params.temperature, default: 1 },
});

export const dExperts = defineAlgorithm({
  title: 'DExperts',
  summary:
    'Of the tokens that the large model finds likely, an expert raises and an anti-expert lowers some.',
  source: {
    citation:
      'Liu et al., DExperts: Decoding-Time Controlled Text Generation with Experts and Anti-Experts, ACL 2021',
    url: 'https://arxiv.org/abs/2105.03023',
  },
  params,
  roles: () => ['large', 'expert', 'antiExpert'],
  parts: {
    large: 'Decides what can be said at all.',
    expert: 'Writes as the text should be.',
    antiExpert: 'Writes as the text should not be.',
  },
  authors: ['fused'],

  decode({ models: { large, expert, antiExpert }, ...context }) {
    const { alpha, filterP } = context.params;
    const before = { temperature: 1, topK: 0, topP: filterP, minP: 0 };
    const terms = { large, small: antiExpert, experts: [expert], alphas: [alpha] };
    return fusedText(filterP < 1 ? { ...terms, before } : terms, context);
  },
});
