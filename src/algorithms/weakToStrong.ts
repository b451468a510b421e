// Weak-to-Strong Search: Zhou, Liu, Liu, Dong, Yang, Qiao, "Weak-to-Strong Search: Align Large Language Models via
// Searching over Small Language Models", NeurIPS 2024, arXiv 2405.19262 (METHODS 2). A large model, left as it is,
// writes K chunks after each of W beams; a small model before and after its tuning says which of them to keep. How, and
// where we differ from the official code, is in chunkSearch.ts.

import { defineAlgorithm } from '../core/algorithm.ts';
import { UserError } from '../core/errors.ts';
import { defineParams } from '../core/params.ts';
import { chunkSearch } from './chunkSearch.ts';
import { sample } from './sample.ts';

/** How candidates are drawn, as in the official scripts. */
export const searchSampling = defineParams({
  temperature: { ...sample.params.temperature, default: 0.7 },
  topK: { ...sample.params.topK, default: 50 },
  topP: sample.params.topP,
  minP: sample.params.minP,
});

export const searchSource = {
  citation:
    'Zhou et al., Weak-to-Strong Search: Align Large Language Models via Searching over Small Language Models, NeurIPS 2024',
  url: 'https://arxiv.org/abs/2405.19262',
} as const;

export const searchParts = {
  large: 'Writes the candidates; is left as it is.',
  tuned: 'A small model, tuned: judges what is written.',
  untuned: 'The same small model before it was tuned: what it finds likely as well does not count.',
} as const;

/** @throws UserError 'experiment' */
export function checkDraws(temperature: number, successors: number): void {
  if (temperature > 0 || successors === 1) return;
  throw new UserError(
    'experiment',
    `At temperature 0 all ${successors} candidates after a beam are equal: there is nothing to choose from.`,
    'Raise the temperature, or ask for one candidate.',
  );
}

const params = defineParams({
  beams: {
    kind: 'integer',
    label: 'Beams',
    symbol: 'W',
    meaning: 'How many texts are kept at each selection.',
    min: 1,
    max: 16,
    step: 1,
    default: 4,
  },
  successors: {
    kind: 'integer',
    label: 'Successors',
    symbol: 'K',
    meaning: 'How many continuations of each are written and judged.',
    min: 1,
    max: 16,
    step: 1,
    default: 4,
  },
  chunkLength: {
    kind: 'integer',
    label: 'Chunk',
    symbol: 'L',
    meaning: 'Tokens between two selections: the shorter, the more the small pair decides.',
    min: 1,
    max: 100,
    step: 1,
    default: 5,
  },
  ...searchSampling,
});

export const weakToStrong = defineAlgorithm({
  title: 'Weak-to-strong search',
  summary:
    'The large model writes several continuations at a time; a small model, compared with itself before its tuning, decides which of them go on.',
  source: searchSource,
  params,
  roles: () => ['large', 'tuned', 'untuned'],
  parts: searchParts,
  ownVocabulary: ['tuned', 'untuned'],
  authors: ['large'],
  check: ({ temperature, successors }) => checkDraws(temperature, successors),

  decode: (context) => chunkSearch(context.params, context),
});
