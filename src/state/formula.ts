// What a method computes, in one line, with its settings in it: TeX, to stand beside the controls. What is solved
// while it runs is shown as it is now.

import type { Experiment } from '../experiment/experiment.ts';
import { rewardFormula } from './explainReward.ts';

const EXPERTS = ['expert', 'expert\\,2', 'expert\\,3'] as const;

const z = (who: string): string => `z_{\\mathrm{${who}}}`;
const number = (value: unknown): string => String(Number(Number(value).toFixed(2)));
const rows = (...lines: readonly string[]): string =>
  `\\begin{aligned}${lines.join('\\\\[2pt]')}\\end{aligned}`;

/**
 * @param alphas as they were last solved, one per expert
 * @returns undefined where there is nothing to say that its name does not say
 */
export function formulaOf(experiment: Experiment, alphas?: readonly number[]): string | undefined {
  const { method, params } = experiment;
  switch (method) {
    case 'bild':
      return rows(
        `&p_{\\mathrm{small}} < ${number(params.fallbackThreshold)} \\;\\rightarrow\\; \\text{hand over}`,
        `&-\\log p_{\\mathrm{large}} > ${number(params.rollbackThreshold)} \\;\\rightarrow\\; \\text{strike out}`,
      );
    case 'speculative':
      return rows(
        `x &\\sim q_{\\mathrm{small}}`,
        `u &< \\frac{p_{\\mathrm{large}}(x)}{${params.lenience === 1 ? '' : `${number(params.lenience)}\\,`}q_{\\mathrm{small}}(x)} \\;\\rightarrow\\; \\text{it stands}`,
      );
    case 'dynamicFusion': {
      const count = Number(params.experts);
      const experts = EXPERTS.slice(0, count);
      const tilt = (symbol: string, who: string) => `${symbol}\\,(${z(who)} - ${z('small')})`;
      const symbols = experts.map((_, t) => (count === 1 ? '\\alpha' : `\\alpha_${t + 1}`));
      const [first, ...others] = experts.map((who, t) => tilt(symbols[t] as string, who));
      const known = alphas?.length === count ? alphas : undefined;
      return rows(
        `z &= ${z('large')} + ${first}`,
        ...others.map((term) => `&\\quad + ${term}`),
        ...symbols.map((symbol, t) =>
          known
            ? `${symbol} &= ${(known[t] as number).toFixed(2)}`
            : `${symbol} &\\in [${number(params.alphaMin)}, ${number(params.alphaMax)}]`,
        ),
      );
    }
    case 'proxyTuning':
    case 'dExperts': {
      const sum = `z &= ${z('large')} + ${number(params.alpha)}\\,(${z('expert')} - ${z('anti')})`;
      return method === 'proxyTuning'
        ? rows(sum)
        : rows(sum, `v &\\in \\text{top-}p_{\\mathrm{large}},\\; p = ${number(params.filterP)}`);
    }
    case 'emulatedFineTuning':
      return rows(
        `z &= ${z('large')} + ${number(params.beta)}\\,(${z('tuned')} - ${z('untuned')})`,
      );
    case 'contrastiveDecoding':
      return rows(
        `z &= ${number(1 + Number(params.beta))}\\,${z('large')} - ${number(params.beta)}\\,${z('small')}`,
        `p_{\\mathrm{large}} &\\ge ${number(params.plausibility)}\\,\\max p_{\\mathrm{large}}`,
      );
    case 'weakToStrong':
    case 'bestOfN':
      return '\\max_y\\; \\sum_t \\log \\frac{p_{\\mathrm{tuned}}(y_t)}{p_{\\mathrm{untuned}}(y_t)}';
    default:
      return rewardFormula(experiment);
  }
}
