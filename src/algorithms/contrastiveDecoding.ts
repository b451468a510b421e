// Contrastive decoding: Li, Holtzman, Fried, Liang, Eisner, Hashimoto, Zettlemoyer, Lewis, "Contrastive Decoding:
// Open-ended Text Generation as Optimization", ACL 2023, arXiv 2210.15097. What a small model finds likely anyway is
// held against a token, among those that the large model finds plausible: p_large >= alpha max p_large.
//
// Where we differ:
// - that paper scores log p_large - log p_small; here it is (1 + beta) large - beta small, as in O'Brien and Lewis,
//   "Contrastive Decoding Improves Reasoning in Large Language Models", 2023, arXiv 2309.09117, which keeps the large
//   model's own preferences and can be sampled from. As beta grows, greedy decoding chooses by the former;
// - greedy or sampled, where that paper uses beam search;
// - the small model's logits have no temperature of their own.

import { defineAlgorithm } from '../core/algorithm.ts';
import { defineParams } from '../core/params.ts';
import { fusedSampling, fusedText } from './fusedText.ts';

const params = defineParams({
  beta: {
    kind: 'number',
    label: 'Contrast',
    symbol: '\\beta',
    meaning:
      'How much the small model’s logits are held against a token; 0 is the large model alone.',
    min: 0,
    max: 10,
    step: 0.1,
    default: 0.5,
  },
  plausibility: {
    kind: 'number',
    label: 'Plausibility',
    symbol: '\\alpha',
    meaning:
      'Only tokens at least this fraction as probable as the large model’s first choice are compared; 0 compares all.',
    min: 0,
    max: 1,
    step: 0.01,
    default: 0.1,
  },
  ...fusedSampling,
});

export const contrastiveDecoding = defineAlgorithm({
  title: 'Contrastive decoding',
  summary:
    'Among plausible tokens the large model prefers those that it finds more likely than the small one does.',
  source: {
    citation:
      'Li et al., Contrastive Decoding: Open-ended Text Generation as Optimization, ACL 2023',
    url: 'https://arxiv.org/abs/2210.15097',
  },
  params,
  roles: () => ['small', 'large'],
  parts: {
    small: 'The amateur: what it likes as well counts for less.',
    large: 'The expert: says what is plausible.',
  },
  authors: ['fused'],

  decode({ models: { small, large }, ...context }) {
    const { beta: contrast, plausibility: minP } = context.params;
    const before = { temperature: 1, topK: 0, topP: 1, minP };
    const terms = { large, small, experts: [], alphas: [], contrast };
    return fusedText(minP > 0 ? { ...terms, before } : terms, context);
  },
});
