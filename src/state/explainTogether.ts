// How several models write one text, in steps: speculative sampling, logits that become one, search. Texts only.

import type { Experiment } from '../experiment/experiment.ts';
import type { Step } from './explanation.ts';

type Params = Experiment['params'];

const number = (value: unknown): string => String(Number(Number(value).toFixed(2)));
const p = (who: string): string => `p_{\\mathrm{${who}}}`;
const z = (who: string): string => `z_{\\mathrm{${who}}}`;

export function speculativeSteps(params: Params): readonly Step[] {
  const greedy = params.temperature === 0;
  const lossy = Number(params.lenience) < 1;
  const lenience = lossy ? `${number(params.lenience)}\\,` : '';
  const gamma = Number(params.draftLength);
  return [
    {
      title: 'Small drafts',
      by: 'small',
      tex: `x_i \\sim q = q_{\\mathrm{small}}(\\cdot \\mid y, x_{<i}),\\quad i = 1, \\dots, \\gamma = ${gamma}`,
      text: greedy
        ? 'At temperature 0 it takes its most probable token each time.'
        : 'With the same temperature and filters as the large model.',
    },
    {
      title: 'Large judges, in one pass',
      by: 'large',
      tex: `u_i < \\frac{p(x_i)}{${lenience}q(x_i)},\\quad u_i \\sim U[0, 1)`,
      text: greedy
        ? 'Both are certain: a drafted token stands if it is large’s most probable one. The first that does not takes all after it along.'
        : 'Then a drafted token stands: always where large finds it likelier than small does, else by chance. The first that does not takes all after it along.',
    },
    {
      title: 'Large adds one token',
      by: 'large',
      tex: `y \\sim \\frac{\\max(0,\\; p - ${lenience}q)}{\\sum_v \\max(0,\\; p - ${lenience}q)} \\;\\text{ or }\\; y \\sim p`,
      text: lossy
        ? 'In place of the one that fell, or after a whole draft. With a lenience below 1 more stands than large would have written.'
        : 'In place of the one that fell from what is left of p, after a whole draft from p itself. So the text is distributed exactly as large’s own.',
    },
  ];
}

/** Logits that become one: whose, and how far. */
export function fusionSteps({ method, params }: Experiment): readonly Step[] {
  switch (method) {
    case 'dynamicFusion':
      return dynamicSteps(params);
    case 'proxyTuning':
      return [
        shift('expert', 'anti', 'What tuning did to the small model, token by token.'),
        sum(`${z('large')} + \\alpha D,\\quad \\alpha = ${number(params.alpha)}`, params),
      ];
    case 'emulatedFineTuning':
      return [
        shift('tuned', 'untuned', 'What tuning did to the small model, token by token.'),
        sum(`${z('large')} + \\beta D,\\quad \\beta = ${number(params.beta)}`, params),
      ];
    case 'dExperts':
      return [
        {
          title: 'Large says what can be said',
          by: 'large',
          tex: `V = \\text{top-}p(${p('large')}),\\quad p_0 = ${number(params.filterP)}`,
          text: 'The smallest set of tokens that holds this share of its probability; what it drops stays dropped.',
        },
        shift('expert', 'anti', 'What the one would write and the other would not.'),
        sum(
          `${z('large')} + \\alpha D \\text{ on } V,\\quad \\alpha = ${number(params.alpha)}`,
          params,
        ),
      ];
    case 'contrastiveDecoding':
      return [
        {
          title: 'Large says what is plausible',
          by: 'large',
          tex: `${p('large')}(v) \\ge \\alpha \\max_w ${p('large')}(w),\\quad \\alpha = ${number(params.plausibility)}`,
          text: 'Only these tokens are compared, so that nothing absurd wins for being unlikely to small.',
        },
        {
          title: 'Small’s favourites count for less',
          by: 'small',
          tex: `z = (1 + \\beta)\\,${z('large')} - \\beta\\,${z('small')},\\quad \\beta = ${number(params.beta)}`,
          text: 'What even the small model would have said is no sign of the large one’s knowledge.',
        },
        sum('z', params),
      ];
    default:
      return [];
  }
}

function dynamicSteps(params: Params): readonly Step[] {
  const count = Number(params.experts);
  const experts = count === 1 ? 'the expert' : `the ${count} experts`;
  const shifted = count === 1 ? '\\alpha D' : '\\textstyle\\sum_t \\alpha_t D_t';
  const each = count === 1 ? '' : '_t';
  return [
    {
      title: 'What tuning changed',
      by: 'expert',
      tex: `D${each} = z_{\\mathrm{expert}${each === '' ? '' : ',t'}} - ${z('small')},\\quad KL(q_E \\| q_S),\\; KL(q_S \\| q_E)`,
      text: `How far ${experts} moved away from the small model here, in both directions.`,
    },
    {
      title: 'How strong, solved at every token',
      by: 'fused',
      tex: `\\begin{aligned}\\min_{\\alpha \\in [${number(params.alphaMin)},\\,${number(params.alphaMax)}]}\\; &[KL(\\tilde p \\| p_L) - KL(q_E \\| q_S)]^2 \\\\ {}+{} &[KL(p_L \\| \\tilde p) - KL(q_S \\| q_E)]^2\\end{aligned}`,
      text:
        params.solver === 'refined'
          ? 'So that large moves as far as the small model did; the exact minimum.'
          : `So that large moves as far as the small model did; the best of a grid with step ${number(params.alphaStep)}.`,
    },
    sum(`${z('large')} + ${shifted}`, params),
  ];
}

const shift = (after: string, before: string, text: string): Step => ({
  title: 'What tuning changed',
  by: after === 'tuned' ? 'tuned' : 'expert',
  tex: `D = ${z(after)} - ${z(before)}`,
  text,
});

const sum = (logits: string, params: Params): Step => ({
  title: 'All write one token',
  by: 'fused',
  tex: `\\tilde p = \\mathrm{softmax}(${logits})`,
  text:
    params.temperature === 0
      ? 'The most probable token, greedily; all models read it and go on.'
      : `Drawn at temperature ${number(params.temperature)} after the filters; all models read it and go on.`,
});

/** A large model writes, a small pair chooses. */
export function searchSteps(params: Params): readonly Step[] {
  const samples = params.samples === undefined ? undefined : Number(params.samples);
  const [beams, successors] =
    samples === undefined ? [Number(params.beams), Number(params.successors)] : [1, samples];
  const chunk = samples === undefined ? `${params.chunkLength} tokens` : 'a whole text';
  return [
    {
      title: 'Large writes',
      by: 'large',
      tex: `W K = ${beams} \\cdot ${successors} = ${beams * successors}`,
      text: `So many candidates, ${chunk} each, drawn at temperature ${number(params.temperature)}.`,
    },
    {
      title: 'The small pair judges',
      by: 'tuned',
      tex: 'V = \\sum_t \\log p_{\\mathrm{tuned}}(y_t) - \\log p_{\\mathrm{untuned}}(y_t)',
      text: 'What tuning has made more likely is worth more.',
    },
    {
      title: samples === undefined ? 'The best go on' : 'The best is the text',
      by: 'large',
      tex: `\\arg\\mathrm{top}_{${beams}}\\, V`,
      text:
        samples === undefined
          ? 'Each is continued several times, until all that are kept have ended.'
          : 'All others are thrown away.',
    },
  ];
}
