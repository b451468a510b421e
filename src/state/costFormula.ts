// The cost model with the numbers of a run in it, as TeX.

import { baselineOf, drafts, type Run } from './run.ts';
import { summary } from './summary.ts';

const SYMBOLS = 'n\\,t_L / (n_S\\,t_S + n_L\\,t_L)';

export function costFormula(run: Run): string {
  const { small, large } = baselineOf(run)?.passMs ?? {};
  const { tokens, passes } = summary(run);
  // Written out for a draft and its judge; what others cost cannot be measured from outside.
  if (small === undefined || large === undefined || !drafts(run.experiment)) return SYMBOLS;
  const [s, l] = [small.toPrecision(2), large.toPrecision(2)];
  return `${tokens}{\\cdot}${l} / (${passes.small}{\\cdot}${s} + ${passes.large}{\\cdot}${l})`;
}
