// The cost model with the numbers of a run in it, as TeX.

import { baselineOf, type Run } from './run.ts';
import { summary } from './summary.ts';

const SYMBOLS = 'n\\,t_L / (n_S\\,t_S + n_L\\,t_L)';

export function costFormula(run: Run): string {
  const passMs = baselineOf(run)?.passMs;
  if (!passMs) return SYMBOLS;
  const { tokens, passes } = summary(run);
  const ms = (value: number) => value.toPrecision(2);
  const large = ms(passMs.large);
  return `${tokens}{\\cdot}${large} / (${passes.small}{\\cdot}${ms(passMs.small)} + ${passes.large}{\\cdot}${large})`;
}
