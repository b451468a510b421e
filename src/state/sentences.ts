// Why things happened, in sentences: what the inspector says about a token and a hand-over.

import type { Experiment } from '../experiment/experiment.ts';
import { percent, plural, quote, THIN } from './format.ts';
import type { Cell, HandOverCell, TokenCell, TokenStream } from './tokenStream.ts';

const nats = (distance: number): string => `${distance.toFixed(2)}${THIN}nats`;
/** A threshold as it was set, without trailing zeros. */
const setting = (value: unknown): number => (typeof value === 'number' ? value : Number.NaN);

/** One or two sentences about a cell of the stream. */
export function explain(stream: TokenStream, cell: Cell, experiment: Experiment): string {
  if (cell.kind === 'handOver') return explainHandOver(cell, experiment);
  if (cell.by === 'fused') return explainFused(cell, experiment);
  if (experiment.method === 'speculative' && cell.by === 'small') return explainGuess(cell);
  if (experiment.method !== 'bild') {
    const [how, after] =
      experiment.method === 'greedy'
        ? ['took its most probable token', '']
        : ['drew this token', ' after temperature and filters'];
    const chosen = beamEvents(experiment)
      ? ' It is part of the candidate that the small pair preferred.'
      : '';
    return `The ${cell.by} model ${how}: p = ${percent(cell.prob)}${after}.${chosen}`;
  }
  return cell.by === 'small' ? explainDraft(stream, cell, experiment) : explainLarge(stream, cell);
}

const beamEvents = ({ method }: Experiment): boolean =>
  method === 'weakToStrong' || method === 'bestOfN';

function explainFused({ prob, fusion }: TokenCell, { params }: Experiment): string {
  const how = Number(params.temperature) === 0 ? 'took their most probable token' : 'drew it';
  const wrote = `All models together ${how}: p = ${percent(prob)}.`;
  if (!fusion) return wrote;
  const alphas = fusion.alphas.map((alpha) => alpha.toFixed(2)).join(', ');
  const end =
    fusion.edge === 'high'
      ? ', the largest strength allowed'
      : fusion.edge === 'low'
        ? ', the smallest strength allowed'
        : '';
  const { moved, wanted } = fusion;
  const mean = wanted.reduce((sum, { there }) => sum + there, 0) / wanted.length;
  return `${wrote} Large was moved by α = ${alphas}${end}: ${nats(moved.there)} away from itself, where the expert is ${nats(mean)} from small.`;
}

/** A token that speculative sampling drafted. */
function explainGuess({ prob, ratio, uniform, state }: TokenCell): string {
  const wrote = `Small drew it: q = ${percent(prob)} after temperature and filters.`;
  if (ratio === undefined || uniform === undefined) {
    return state === 'rolledBack' ? `${wrote} It was struck out.` : `${wrote} Not yet judged.`;
  }
  const chance = ratio >= 1 ? 'certain' : percent(ratio);
  if (state === 'accepted') return `${wrote} To stand was ${chance}, and it stands.`;
  return uniform < ratio
    ? `${wrote} It fell because a token before it was struck out.`
    : `${wrote} To stand had a chance of ${chance}: it was struck out.`;
}

/** "small was 41 % sure, threshold 60 %", and what followed. */
export function explainHandOver(cell: HandOverCell, { params }: Experiment): string {
  const then = outcome(cell);
  switch (cell.why) {
    case 'fallback': {
      const { proposal } = cell;
      const threshold = setting(params.fallbackThreshold);
      if (!proposal) return `The small model was not sure enough. ${then}`;
      const of = proposal.text === undefined ? '' : ` of ${quote(proposal.text)}`;
      return `Hand-over: small was ${percent(proposal.prob)} sure${of}, threshold ${percent(threshold, 0)}. ${then}`;
    }
    case 'draftCap':
      return `Hand-over: the draft reached its longest length, ${plural(cell.pending, 'token')}. ${then}`;
    case 'finalVerify':
      return `Hand-over: the draft ends the text, and nothing ends unverified. ${then}`;
    default:
      return cell.why satisfies never;
  }
}

function outcome({ pending, accepted, why }: HandOverCell): string {
  if (pending === 0) return 'There was no draft to judge: the large model wrote the next token.';
  const draft = pending === 1 ? 'the drafted token' : `the ${pending} drafted tokens`;
  if (accepted === undefined) return `The large model now reads ${draft}.`;
  if (accepted === pending) {
    const end = why === 'finalVerify' ? ' and the text is complete' : ' and added one of its own';
    return `The large model read ${draft} in one pass, let ${pending === 1 ? 'it' : 'all'} stand${end}.`;
  }
  return `The large model read ${draft} in one pass, let ${accepted} stand, struck out ${pending - accepted} and wrote one of its own.`;
}

function explainDraft(stream: TokenStream, cell: TokenCell, { params }: Experiment): string {
  const fallback = percent(setting(params.fallbackThreshold), 0);
  const rollback = setting(params.rollbackThreshold);
  const wrote = `Small drafted it, ${percent(cell.prob)} sure (threshold ${fallback}).`;
  const { distance } = cell;
  if (distance === undefined) {
    if (cell.state === 'rolledBack') return `${wrote} It was struck out.`;
    return `${wrote} The large model has not looked at it yet.`;
  }
  const large = `To the large model it has p = ${percent(Math.exp(-distance))}, distance ${nats(distance)}`;
  if (cell.state === 'rolledBack' && !cell.cut) {
    const cut = cutBefore(stream, cell);
    const after = cut ? `${quote(cut.text)} before it was` : 'a token before it was';
    return `${wrote} It fell because ${after} struck out.`;
  }
  if (cell.state !== 'accepted') {
    const out = cell.state === 'rolledBack' ? 'struck out' : 'about to be struck out';
    return `${wrote} ${large}, above the threshold ${rollback}: ${out}.`;
  }
  if (distance > rollback) {
    return `${wrote} ${large}, above the threshold ${rollback}, but it is still the large model’s first choice: it stands.`;
  }
  return `${wrote} ${large}, within the threshold ${rollback}: it stands.`;
}

function explainLarge(stream: TokenStream, cell: TokenCell): string {
  const wrote = `Large wrote it, ${percent(cell.prob)} sure`;
  if (cell.replaces !== undefined) return `${wrote}, in place of ${quote(cell.replaces)}.`;
  const handOver = cell.handOver === undefined ? undefined : stream.cells[cell.handOver];
  if (handOver?.kind !== 'handOver') return `${wrote}.`;
  if (handOver.why === 'draftCap') return `${wrote}, after a draft of the longest length.`;
  const { proposal } = handOver;
  if (!proposal) return `${wrote}.`;
  const said = proposal.text === undefined ? '' : ` of ${quote(proposal.text)}`;
  const same = proposal.token === cell.token ? ' Both wanted the same token.' : '';
  return `${wrote}, after small was only ${percent(proposal.prob)} sure${said}.${same}`;
}

/** The token whose distance cut the draft to which `cell` belongs. */
function cutBefore(stream: TokenStream, cell: TokenCell): TokenCell | undefined {
  return stream.cells.findLast(
    (other): other is TokenCell =>
      other.kind === 'token' && other.cut === true && other.handOver === cell.handOver,
  );
}
