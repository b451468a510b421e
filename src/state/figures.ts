// The few numbers of a generation that are written large: what the method is for, and what it cost.

import { searchTotals } from './beams.ts';
import { costFormula } from './costFormula.ts';
import { percent, plural, quantity, THIN, times } from './format.ts';
import { fusionTotals } from './fusion.ts';
import { baselineOf, fuses, isActive, judgedBy, type Run, searches } from './run.ts';
import { speculationTotals } from './speculation.ts';
import { summary } from './summary.ts';

export interface FigureLine {
  readonly name: string;
  /** With its unit; what is still to come is `…`, what never came `–`. */
  readonly value: string;
  /** What it is made of, in words or as a formula. */
  readonly about: string | { readonly tex: string };
}

export function figures(run: Run): readonly FigureLine[] {
  const judged = judgedBy(run.experiment);
  if (judged === 'chance') return speculation(run);
  if (judged === 'distance') return [speedUp(run), costModel(run), passesSaved(run), sameText(run)];
  if (fuses(run.experiment)) return [...strength(run), speedUp(run), sameText(run)];
  if (searches(run.experiment)) return [...search(run), speedUp(run)];
  return [speedUp(run), sameText(run)];
}

/** For a number that is not known (yet). */
const shown = <T>(run: Run, value: T | undefined, text: (value: T) => string): string => {
  if (value !== undefined) return text(value);
  return isActive(run) ? '…' : '–';
};
const decimals = (value: number): string => value.toFixed(2);

function speedUp(run: Run): FigureLine {
  const { measuredSpeedUp, timingRounds = 0 } = summary(run);
  const rounds =
    timingRounds > 0 ? `; medians of ${plural(timingRounds, 'more round')}, taking turns` : '';
  return {
    name: 'Speed-up, measured',
    value: shown(run, measuredSpeedUp, times),
    about: baselineOf(run)
      ? `as fast as large alone, per token${rounds}`
      : 'large alone is timed after the text',
  };
}

const costModel = (run: Run): FigureLine => ({
  name: 'Speed-up, cost model',
  value: shown(run, summary(run).modelledSpeedUp, times),
  about: { tex: costFormula(run) },
});

function passesSaved(run: Run): FigureLine {
  const { passes, baseline } = summary(run);
  const large = passes.large ?? 0;
  return {
    name: 'Large passes saved',
    value: shown(run, baseline && 1 - large / baseline.passes, percent),
    about: baseline ? `${large} instead of ${baseline.passes}` : 'against large alone',
  };
}

function sameText(run: Run): FigureLine {
  const { agreement } = summary(run);
  return {
    name: 'Same text as large alone',
    value: shown(run, agreement, ({ same }) => (same ? 'yes' : 'no')),
    about: !agreement
      ? 'token by token'
      : agreement.same
        ? 'every token'
        : `differs from token ${agreement.at + 1} on`,
  };
}

/** Where alpha was solved: how large it was, and how often its range was too short for it. */
function strength(run: Run): readonly FigureLine[] {
  if (run.experiment.params.solver === undefined) return [];
  const totals = fusionTotals(run);
  const { alphaMin, alphaMax } = run.experiment.params;
  return [
    {
      name: 'Strength α, mean',
      value: shown(run, totals?.mean, decimals),
      about: totals
        ? `${decimals(totals.least)} to ${decimals(totals.most)} over ${plural(totals.tokens, 'token')}`
        : 'solved at every token',
    },
    {
      name: 'At the edge of its range',
      value: shown(run, totals && (totals.low + totals.high) / totals.tokens, percent),
      about: totals
        ? `${quantity(totals.high)} at ${alphaMax}, ${quantity(totals.low)} at ${alphaMin}, of ${plural(totals.tokens, 'token')}`
        : 'tokens at which a better α may lie beyond',
    },
  ];
}

/** What the small pair makes of the text, beside what it was chosen from, and what that took. */
function search(run: Run): readonly FigureLine[] {
  const totals = searchTotals(run);
  const { tokens } = summary(run);
  return [
    {
      name: 'Score of the text',
      value: shown(run, totals?.best, (best) => `${decimals(best)}${THIN}nats`),
      about: { tex: '\\sum_t \\log p_{\\mathrm{tuned}} - \\log p_{\\mathrm{untuned}}' },
    },
    {
      name: 'Above the mean candidate',
      value: shown(
        run,
        totals && totals.best - totals.mean,
        (gain) => `${decimals(gain)}${THIN}nats`,
      ),
      about: 'of those that were compared last',
    },
    {
      name: 'Written by large',
      value: shown(run, totals?.written, (written) => plural(written, 'token')),
      about: totals
        ? `for ${plural(tokens, 'token')} of text, in ${plural(totals.rounds, 'round')}`
        : 'over all candidates',
    },
  ];
}

function speculation(run: Run): readonly FigureLine[] {
  const totals = speculationTotals(run);
  const { expectedTokensPerPass: expected, expectedSpeedUp, cost } = totals ?? {};
  const gamma = Number(run.experiment.params.draftLength);
  return [
    {
      name: 'Acceptance rate',
      value: shown(run, totals?.acceptance, percent),
      about: totals
        ? `${totals.accepted} of ${plural(totals.asked, 'drafted token')} that were asked about`
        : 'how often a drafted token stands',
    },
    {
      name: 'Tokens per large pass',
      value: shown(run, totals?.tokensPerPass, decimals),
      about: {
        tex: `\\text{expected } \\frac{1-a^{\\gamma+1}}{1-a}${expected === undefined ? '' : ` = ${decimals(expected)}`}`,
      },
    },
    speedUp(run),
    {
      name: 'Speed-up, expected',
      value: shown(run, expectedSpeedUp, times),
      about: {
        tex:
          expected === undefined || cost === undefined
            ? 'E / (\\gamma\\, t_S / t_L + 1)'
            : `${decimals(expected)} / (${gamma}{\\cdot}${decimals(cost)} + 1)`,
      },
    },
    // Sampled, two texts of the same distribution are two texts.
    ...(run.experiment.params.temperature === 0 ? [sameText(run)] : []),
  ];
}
