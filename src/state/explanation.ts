// What a method does, for someone who has never heard of it: a few steps, each with its formula and the
// values that are set now. Texts only; how they look is not decided here.

import type { Author } from '../core/events.ts';
import { learnsByReward } from '../experiment/catalogue.ts';
import type { Experiment } from '../experiment/experiment.ts';
import { rewardSteps, whereReward } from './explainReward.ts';
import { fusionSteps, searchSteps, speculativeSteps } from './explainTogether.ts';
import { fuses, searches } from './run.ts';

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

/** What several models, or a training, do; one model alone needs no more than its summary. */
export function stepsOf(experiment: Experiment): readonly Step[] {
  const { method, params } = experiment;
  if (method === 'sft') return sftSteps(params);
  if (learnsByReward(method)) return rewardSteps(experiment);
  if (method === 'bild') return bildSteps(params);
  if (method === 'speculative') return speculativeSteps(params);
  if (searches(experiment)) return searchSteps(params);
  return fuses(experiment) ? fusionSteps(experiment) : [];
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
export function whatToLookAt(experiment: Experiment): string {
  const { mode, method, params } = experiment;
  if (learnsByReward(method)) return whereReward(experiment);
  if (mode === 'train') {
    return 'The loss on held-out examples falls as long as the model learns what carries over; below the charts, the same prompts are answered again and again.';
  }
  return (
    WHERE[method] ??
    `All tokens are by the ${String(params.model)} model. Look at the places where it was not sure.`
  );
}

/** In one text. */
const WHERE: Readonly<Partial<Record<Experiment['method'], string>>> = {
  bild: 'Orange tokens cost one small pass each; blue ones, a large pass. Look at the marks where small was not sure, and at red: there it was sure and wrong.',
  speculative:
    'Orange tokens were drafted and stood, red ones were struck out by chance. Look at one: its u against p/q says why; and at the tokens per large pass, beside what the acceptance rate predicts.',
  dynamicFusion:
    'Look at how α changes from token to token: it is large where the expert has learned something, and at the end of its range where large is too sure to be moved that far.',
  proxyTuning:
    'Look at tokens where large and all models together disagree: there the expert’s tuning decides, always with the same strength.',
  dExperts:
    'Look at tokens where large and all models together disagree: among what large finds likely, the expert raises some and the anti-expert lowers some.',
  emulatedFineTuning:
    'Look at tokens where large and all models together disagree: there what tuning taught the small model decides.',
  contrastiveDecoding:
    'Look at tokens where large and both together disagree: there small’s favourite was held against it.',
  weakToStrong:
    'Candidates grow side by side, column by column; every few tokens the small pair drops some. Look at what was dropped and why, and at the thick line: the way to the text.',
  bestOfN:
    'All samples are written first; then the small pair picks one. Look at how far the best is above the mean.',
};
