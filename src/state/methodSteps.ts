// The steps of the methods that fuse logits, search or speculate, with the values that are set now. Texts only.

import type { Experiment } from '../experiment/experiment.ts';
import type { Step } from './explanation.ts';

type Params = Experiment['params'];
const number = (params: Params, key: string): number => Number(params[key]);
const tex = (value: number): string => String(Number(value.toFixed(2)));

/** How the next token comes out of a distribution. */
const drawn = (params: Params): string =>
  number(params, 'temperature') === 0
    ? 'The most probable token is taken.'
    : `A token is drawn at temperature ${tex(number(params, 'temperature'))}.`;

export function speculativeSteps(params: Params): readonly Step[] {
  const lenience = number(params, 'lenience');
  const ratio = lenience === 1 ? 'p(x)/q(x)' : `p(x)/(${tex(lenience)}\\,q(x))`;
  return [
    {
      title: 'Small drafts',
      by: 'small',
      tex: `x_1, \\dots, x_\\gamma \\sim q, \\quad \\gamma = ${number(params, 'draftLength')}`,
      text: 'It draws tokens from its own distribution and remembers how likely each was.',
    },
    {
      title: 'Large judges, in one pass',
      by: 'large',
      tex: `u < ${ratio}`,
      text: 'A token stands if a random number falls below that ratio; the first that does not is struck out with all after it.',
    },
    {
      title: 'Large adds one token',
      by: 'large',
      tex: 'x \\sim \\max(0,\\, p - q)',
      text:
        lenience === 1
          ? 'Drawn from what the draft was short of: so the text is distributed exactly as large’s own.'
          : 'Drawn from what the draft was short of. With a lenience below 1 more stands than exact sampling allows.',
    },
  ];
}

export function dynamicFusionSteps(params: Params): readonly Step[] {
  const experts = number(params, 'experts');
  const [low, high] = [number(params, 'alphaMin'), number(params, 'alphaMax')];
  const sum = experts === 1 ? '' : '\\sum_t';
  return [
    {
      title: 'What was learned',
      by: 'expert',
      tex: 'D = \\ell_{\\mathrm{expert}} - \\ell_{\\mathrm{small}}',
      text:
        experts === 1
          ? 'The expert was tuned from the small model; the difference of their logits is what it learned.'
          : `Each of the ${experts} experts was tuned from the small model; the differences are what they learned.`,
    },
    {
      title: 'How far to go',
      by: 'large',
      tex: `\\min_{${tex(low)} \\le \\alpha \\le ${tex(high)}} ${sum} \\big[\\mathrm{KL}(\\tilde p\\,\\|\\,p) - \\mathrm{KL}(q_{e}\\|q)\\big]^2 + \\big[\\mathrm{KL}(p\\,\\|\\,\\tilde p) - \\mathrm{KL}(q\\|q_{e})\\big]^2`,
      text: 'At every token anew: so far that the large model changes as much as the expert did.',
    },
    {
      title: 'Fuse',
      by: 'fused',
      tex: '\\tilde p \\propto \\exp(\\ell_{\\mathrm{large}} + \\alpha D)',
      text: drawn(params),
    },
  ];
}

/** large + strength (one - other), after whatever filter comes first. */
export function fixedFusionSteps(method: Experiment['method'], params: Params): readonly Step[] {
  const strength = tex(number(params, 'alpha' in params ? 'alpha' : 'beta'));
  const [plus, minus, by] =
    method === 'emulatedFineTuning'
      ? (['tuned', 'untuned', 'tuned'] as const)
      : (['expert', 'anti', 'expert'] as const);
  const filter: Step[] =
    method === 'dExperts' && number(params, 'filterP') < 1
      ? [
          {
            title: 'Large filters',
            by: 'large',
            tex: `p_{\\mathrm{large}}: \\text{top } ${tex(100 * number(params, 'filterP'))}\\,\\%`,
            text: 'What it finds unlikely is never said, however much the expert wants it.',
          },
        ]
      : [];
  return [
    ...filter,
    {
      title: 'What was learned',
      by,
      tex: `D = \\ell_{\\mathrm{${plus}}} - \\ell_{\\mathrm{${minus}}}`,
      text: 'Two small models differ by what one of them was taught.',
    },
    {
      title: 'Fuse',
      by: 'fused',
      tex: `\\tilde p \\propto \\exp(\\ell_{\\mathrm{large}} + ${strength}\\,D)`,
      text: drawn(params),
    },
  ];
}

export function contrastiveSteps(params: Params): readonly Step[] {
  const beta = tex(number(params, 'beta'));
  return [
    {
      title: 'Large says what is plausible',
      by: 'large',
      tex: `p_{\\mathrm{large}}(v) \\ge ${tex(number(params, 'plausibility'))} \\max_w p_{\\mathrm{large}}(w)`,
      text: 'Only these tokens are compared.',
    },
    {
      title: 'Contrast',
      by: 'fused',
      tex: `\\ell_{\\mathrm{large}} + ${beta}\\,(\\ell_{\\mathrm{large}} - \\ell_{\\mathrm{small}})`,
      text: `What the small model likes as well counts for less. ${drawn(params)}`,
    },
  ];
}

export function searchSteps(params: Params): readonly Step[] {
  const samples = params.samples === undefined ? undefined : number(params, 'samples');
  const [beams, successors] =
    samples === undefined ? [number(params, 'beams'), number(params, 'successors')] : [1, samples];
  const chunk = samples === undefined ? `${number(params, 'chunkLength')} tokens` : 'a whole text';
  return [
    {
      title: 'Large writes',
      by: 'large',
      tex: `W K = ${beams} \\cdot ${successors} = ${beams * successors}`,
      text: `So many candidates, ${chunk} each, drawn at temperature ${tex(number(params, 'temperature'))}.`,
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
