// Best-of-N (METHODS 5.5): the large model writes N texts, and the one that the small pair prefers is taken. The limit of
// weak-to-strong search with one beam, N successors and chunks without end; its equal-compute yardstick with N = W K.

import { defineAlgorithm } from '../core/algorithm.ts';
import { defineParams } from '../core/params.ts';
import { chunkSearch } from './chunkSearch.ts';
import { checkDraws, searchParts, searchSampling, searchSource } from './weakToStrong.ts';

const params = defineParams({
  samples: {
    kind: 'integer',
    label: 'Samples',
    symbol: 'N',
    meaning: 'How many texts are written and judged.',
    min: 1,
    max: 64,
    step: 1,
    default: 16,
  },
  ...searchSampling,
});

export const bestOfN = defineAlgorithm({
  title: 'Best of N',
  summary:
    'The large model writes several texts; a small model, compared with itself before its tuning, picks one.',
  source: searchSource,
  params,
  roles: () => ['large', 'tuned', 'untuned'],
  parts: searchParts,
  ownVocabulary: ['tuned', 'untuned'],
  authors: ['large'],
  check: ({ temperature, samples }) => checkDraws(temperature, samples),

  decode: (context) =>
    chunkSearch(
      { beams: 1, successors: context.params.samples, chunkLength: context.maxTokens },
      context,
    ),
});
