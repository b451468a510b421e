// What a method does, for someone who has never heard of it: a few steps, each with its formula and the
// values that are set now. Texts only; how they look is not decided here.

import type { Author } from '../core/events.ts';
import type { Experiment } from '../experiment/experiment.ts';
import {
  contrastiveSteps,
  dynamicFusionSteps,
  fixedFusionSteps,
  searchSteps,
  speculativeSteps,
} from './methodSteps.ts';

export interface Step {
  readonly title: string;
  /** Who acts. */
  readonly by: Author;
  readonly tex: string;
  readonly text: string;
}

/** 0.1353 -> `13.5\,\%`. */
const texPercent = (share: number): string => {
  const value = share * 100;
  return `${value >= 99.95 || value === 0 ? Math.round(value) : value.toPrecision(3)}\\,\\%`;
};
const texNumber = (value: number): string => String(Number(value.toFixed(2)));

/** A method in a few steps; one model alone needs no more than its summary. */
export function stepsOf({ method, params }: Experiment): readonly Step[] {
  switch (method) {
    case 'bild':
      return bildSteps(params);
    case 'speculative':
      return speculativeSteps(params);
    case 'dynamicFusion':
      return dynamicFusionSteps(params);
    case 'proxyTuning':
    case 'emulatedFineTuning':
    case 'dExperts':
      return fixedFusionSteps(method, params);
    case 'contrastiveDecoding':
      return contrastiveSteps(params);
    case 'weakToStrong':
    case 'bestOfN':
      return searchSteps(params);
    case 'sft':
      return sftSteps(params);
    default:
      return [];
  }
}

function bildSteps(params: Experiment['params']): readonly Step[] {
  const fallback = Number(params.fallbackThreshold);
  const rollback = Number(params.rollbackThreshold);
  const longest = Number(params.maxDraft);
  const draft = longest === 1 ? 'one token' : `${longest} tokens`;
  return [
    {
      title: 'Small drafts',
      by: 'small',
      tex: `\\max_v\\, p_{\\mathrm{small}}(v \\mid y) \\;\\ge\\; \\alpha_{FB} = ${texPercent(fallback)}`,
      text:
        fallback > 1
          ? 'No probability is above 1, so it never writes: large does it all.'
          : `While it is that sure it writes, up to ${draft}; then it hands over.`,
    },
    {
      title: 'Large judges, in one pass',
      by: 'large',
      tex: `d_j = -\\log p_{\\mathrm{large}}(y_j \\mid y_{<j}) > \\alpha_{RB} = ${texNumber(rollback)} \\;\\Leftrightarrow\\; p < ${texPercent(Math.exp(-rollback))}`,
      text: 'A drafted token that far from large’s view, and not its first choice, is struck out with all after it.',
    },
    {
      title: 'Large adds one token',
      by: 'large',
      tex: 'y_j \\leftarrow \\arg\\max_v\\, p_{\\mathrm{large}}(v \\mid y_{<j})',
      text:
        rollback < Math.LN2
          ? 'Then small goes on. With a rollback threshold below ln 2 ≈ 0.69 the text is exactly large’s own.'
          : 'Then small goes on. Few large passes for many tokens: that is where the speed comes from.',
    },
  ];
}

function sftSteps(params: Experiment['params']): readonly Step[] {
  const by = params.model === 'large' ? 'large' : 'small';
  const all = params.prompts !== 'masked';
  return [
    {
      title: 'Read',
      by,
      tex: `L = -\\tfrac{1}{n} \\sum_t \\log p(y_t \\mid y_{<t})`,
      text: `${params.batch} examples; the loss is how surprised the model is by each token of the ${all ? 'prompt and the completion' : 'completion'}, on average.`,
    },
    {
      title: 'Differentiate',
      by,
      tex: '\\nabla L = \\frac{\\partial L}{\\partial \\theta}',
      text: 'Backwards through the checkpoint’s own ONNX graph: for every parameter, which way the loss falls.',
    },
    {
      title: 'Step',
      by,
      tex: `\\theta \\leftarrow \\theta - \\eta\\, \\frac{m}{\\sqrt{v}}`,
      text: 'All parameters move a little that way (AdamW: each at its own pace), and the next batch begins.',
    },
  ];
}

/** Where to look, one sentence. */
export function whatToLookAt({ mode, method, params }: Experiment): string {
  if (mode === 'train') {
    return 'The loss on held-out examples falls as long as the model learns what carries over; below the charts, the same prompts are answered again and again.';
  }
  return (
    LOOK[method] ??
    `All tokens are by the ${String(params.model)} model. Look at the places where it was not sure.`
  );
}

/** In generate mode. */
const LOOK: Readonly<Partial<Record<Experiment['method'], string>>> = {
  bild: 'Orange tokens cost one small pass each; blue ones, a large pass. Look at the marks where small was not sure, and at red: there it was sure and wrong.',
  speculative:
    'Orange tokens were drafted and stand; red ones fell to a random number, and large drew another. The text is distributed as large’s own.',
  dynamicFusion:
    'All models write each token together. Look at how far the large one has to be moved, token by token.',
  proxyTuning: 'All models write each token together. Compare the text with large’s own.',
  emulatedFineTuning: 'All models write each token together. Compare the text with large’s own.',
  dExperts:
    'All models write each token together, among those that large finds likely. Compare the text with large’s own.',
  contrastiveDecoding:
    'Both models write each token together. Look at the places where the text differs from large’s own.',
  weakToStrong:
    'Candidates grow side by side; every few tokens the small pair throws some away. Text appears where all that are left agree.',
  bestOfN: 'All samples are written first; then the small pair picks one.',
};
