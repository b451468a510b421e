// Why a drafted token of speculative sampling stands or falls, and where the large model's own come from.

import type { Experiment } from '../experiment/experiment.ts';
import { percent, plural, quote } from './format.ts';
import type { HandOverCell, TokenCell, TokenStream } from './tokenStream.ts';

/** "u 0.41 < p/q 0.73" */
export function comparison(
  { ratio = Number.NaN, uniform = Number.NaN }: Pick<TokenCell, 'ratio' | 'uniform'>,
  { params }: Experiment,
): string {
  const quotient = params.lenience === 1 ? 'p/q' : 'p/(ℓq)';
  return `u ${uniform.toFixed(2)} ${uniform < ratio ? '<' : '≥'} ${quotient} ${ratio.toFixed(2)}`;
}

export function explainSpeculated(
  stream: TokenStream,
  cell: TokenCell,
  experiment: Experiment,
): string {
  return cell.by === 'small' ? drafted(stream, cell, experiment) : own(stream, cell, experiment);
}

function drafted(stream: TokenStream, cell: TokenCell, experiment: Experiment): string {
  const greedy = experiment.params.temperature === 0;
  const drew = greedy
    ? `Small drafted its most probable token, p = ${percent(cell.prob)}.`
    : `Small drew it with q = ${percent(cell.prob)}.`;
  if (cell.ratio === undefined) return `${drew} The large model has not looked at it yet.`;
  const cut = cutOf(stream, cell);
  if (cut && cut !== cell) {
    return `${drew} It fell because ${quote(cut.text)} before it was struck out; nobody asked about it.`;
  }
  const stands = cell.state === 'accepted';
  if (greedy) {
    return `${drew} It is ${stands ? '' : 'not '}the large model’s most probable one: ${stands ? 'it stands' : 'struck out'}.`;
  }
  return `${drew} ${comparison(cell, experiment)}: ${stands ? 'it stands' : 'struck out'}.`;
}

function own(stream: TokenStream, cell: TokenCell, { params }: Experiment): string {
  const handOver = cell.handOver === undefined ? undefined : stream.cells[cell.handOver];
  const drew =
    params.temperature === 0
      ? 'Large wrote its most probable token'
      : `Large drew it, p = ${percent(cell.prob)}`;
  if (cell.replaces !== undefined) {
    const from = params.temperature === 0 ? '' : ' from what is left of p after q';
    return `${drew}${from}, in place of ${quote(cell.replaces)}.`;
  }
  const draft = handOver?.kind === 'handOver' ? handOver.pending : 0;
  const after = draft > 0 ? `: ${whole(draft)} stood, so one more came for free` : '';
  return `${drew}${after}.`;
}

const whole = (pending: HandOverCell['pending']): string =>
  pending === 1 ? 'the drafted token' : `all ${plural(pending, 'drafted token')}`;

/** The token at which the draft of `cell` was cut. */
function cutOf(stream: TokenStream, cell: TokenCell): TokenCell | undefined {
  if (cell.state === 'accepted') return undefined;
  return stream.cells.find(
    (other): other is TokenCell =>
      other.kind === 'token' &&
      other.by === 'small' &&
      other.handOver === cell.handOver &&
      other.state !== 'accepted',
  );
}
