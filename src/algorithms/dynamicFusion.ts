// Dynamic Logits Fusion: Fan, Lu, Wei, Tian, Qu, Chen, Cheng, "On Giant's Shoulders: Effortless Weak to Strong by
// Dynamic Logits Fusion", NeurIPS 2024, arXiv 2406.15480 (METHODS 4). Small experts steer a large model:
//
//   large + sum_t alpha_t (expert_t - small)
//
// with alphas solved at every step so that the large model moves as far, in both Kullback-Leibler divergences, as the
// experts have moved from the small model that they were tuned from:
//
//   min over alpha of sum_t [KL(fused || large) - KL(expert_t || small)]^2 + [KL(large || fused) - KL(small || expert_t)]^2
//
// Where we differ:
// - the default is the exact minimum between the points of the paper's grid (0, 0.1, ..., 2), which is between the
//   roots of the two differences (METHODS 4.4); the grid as it is remains a choice;
// - of several experts the paper moves one at a time, and so do both of these; all of them together is a third choice;
// - alpha is found anew at every step, as the text has it (the printed pseudo-code would keep the last minimum).

import { defineAlgorithm } from '../core/algorithm.ts';
import { UserError } from '../core/errors.ts';
import { type AlphaSearch, MAX_ALPHA_POINTS } from '../core/ops.ts';
import { defineParams } from '../core/params.ts';
import { fusedSampling, fusedText } from './fusedText.ts';

const EXPERTS = ['expert', 'expert2', 'expert3'] as const;

const params = defineParams({
  experts: {
    kind: 'integer',
    label: 'Experts',
    symbol: 'T',
    meaning: 'How many tuned small models steer the large one.',
    min: 1,
    max: 3,
    step: 1,
    default: 1,
  },
  solver: {
    kind: 'choice',
    label: 'Search',
    meaning:
      'How the strengths are found at every token: exactly, or the best of a grid. Both move one expert at a time; the joint grid tries all combinations.',
    options: [
      { value: 'refined', label: 'exact' },
      { value: 'grid', label: 'grid' },
      { value: 'joint', label: 'joint grid' },
    ],
    default: 'refined',
  },
  alphaMax: {
    kind: 'number',
    label: 'Largest strength',
    symbol: '\\alpha_{max}',
    meaning: 'Where the search ends. A peaked large model may need more than 2 to move as far.',
    min: 0,
    max: 4,
    step: 0.1,
    default: 2,
  },
  alphaMin: {
    kind: 'number',
    label: 'Smallest strength',
    symbol: '\\alpha_{min}',
    meaning: 'Where the search begins; 0 leaves the large model as it is.',
    min: 0,
    max: 4,
    step: 0.1,
    default: 0,
    advanced: true,
  },
  alphaStep: {
    kind: 'number',
    label: 'Step of the grid',
    symbol: '\\Delta\\alpha',
    meaning: 'Distance of the strengths that are tried.',
    min: 0.02,
    max: 1,
    step: 0.02,
    default: 0.1,
    advanced: true,
  },
  ...fusedSampling,
});

export const dynamicFusion = defineAlgorithm({
  title: 'Dynamic logits fusion',
  summary:
    'A small expert steers the large model: at every token its logits are moved so far that they change as much as the expert’s changed when it was tuned.',
  source: {
    citation:
      'Fan et al., On Giant’s Shoulders: Effortless Weak to Strong by Dynamic Logits Fusion, NeurIPS 2024',
    url: 'https://arxiv.org/abs/2406.15480',
  },
  params,
  roles: ({ experts }) => ['small', 'large', ...EXPERTS.slice(0, experts)],
  parts: {
    small: 'What the experts were tuned from.',
    large: 'Is steered.',
    expert: 'Tuned for the task.',
    expert2: 'Tuned for something else.',
    expert3: 'Tuned for something else again.',
  },
  authors: ['fused'],
  check: (params) => void searchOf(params),

  async *decode({ models, params, ...context }) {
    const { large, small } = models;
    const experts = EXPERTS.slice(0, params.experts).map((role) => models[role]);
    const alphas = searchOf(params);
    yield* fusedText({ large, small, experts, alphas }, { ...context, params });
  },
});

/** @throws UserError 'experiment' when there is nothing to search, or too much */
function searchOf({
  solver: kind,
  alphaMin: low,
  alphaMax: high,
  alphaStep: step,
  experts,
}: {
  readonly solver: AlphaSearch['kind'];
  readonly alphaMin: number;
  readonly alphaMax: number;
  readonly alphaStep: number;
  readonly experts: number;
}): AlphaSearch {
  if (low > high) {
    throw new UserError(
      'experiment',
      `The search for alpha would go from ${low} to ${high}: its smallest strength is above its largest.`,
      'Lower “Smallest strength”, or raise “Largest strength”.',
    );
  }
  // 0.3 / 0.1 is a little less than 3.
  const count = Math.floor((high - low) / step + 1e-9) + 1;
  const points = kind === 'joint' ? count ** experts : count * experts;
  if (points > MAX_ALPHA_POINTS) {
    throw new UserError(
      'experiment',
      `A joint search over ${experts} experts would try ${points.toLocaleString('en-US')} combinations of ${count} strengths; at most ${MAX_ALPHA_POINTS.toLocaleString('en-US')} are tried.`,
      'Raise “Step of the grid”, narrow its range, or search one expert at a time.',
    );
  }
  return { kind, low, step, count };
}
