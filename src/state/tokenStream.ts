// The token stream: what was written, by whom, and what became of it, in the order in which it happened.
// A function of the run's events and of nothing else.

import type {
  Author,
  DecodeEvent,
  FinishReason,
  HandOverReason,
  Piece,
  RunEvent,
} from '../core/events.ts';
import type { Candidate } from '../core/ops.ts';
import { derived } from './derive.ts';
import { drafts } from './run.ts';

export interface TokenCell {
  readonly kind: 'token';
  /** Index into the sequence, prompt included. */
  readonly at: number;
  readonly token: number;
  readonly text: string;
  readonly by: Author;
  /** The author's own probability of it. */
  readonly prob: number;
  readonly state: 'accepted' | 'pending' | 'rolledBack';
  /** Nats, −log p under the large model, once it has judged a drafted token. */
  readonly distance?: number;
  /** p / (lenience q) of a token that speculative sampling has judged: it stands while `uniform` is below. */
  readonly ratio?: number;
  readonly uniform?: number;
  /** How far the large model's logits were moved for it, where that was solved. */
  readonly fusion?: Extract<DecodeEvent, { readonly type: 'fusion' }>;
  /** Index of the hand-over that made the large model write it, or judge it. */
  readonly handOver?: number;
  /** Text of the token that it stands in for, after a rollback. */
  readonly replaces?: string;
  /** The first of the tokens struck out together; those after it fell with it. */
  readonly cut?: boolean;
}

export interface HandOverCell {
  readonly kind: 'handOver';
  /** The sequence's length when it happened. */
  readonly at: number;
  readonly why: HandOverReason;
  /** What the small model would have said. */
  readonly proposal?: Candidate & { readonly text?: string };
  /** Drafted tokens that waited for a verdict. */
  readonly pending: number;
  /** How many of them stood; absent until the large model has spoken. */
  readonly accepted?: number;
}

export type Cell = TokenCell | HandOverCell;

export interface TokenStream {
  readonly prompt: readonly Piece[];
  readonly maxTokens: number;
  readonly cells: readonly Cell[];
  readonly finished?: FinishReason;
}

const EMPTY: TokenStream = { prompt: [], maxTokens: 0, cells: [] };

/**
 * The stream of the last generation in `events`. `drafting`: tokens of the small model wait for the large
 * one's verdict (else they stand at once).
 */
export function tokenStream(events: readonly RunEvent[], drafting: boolean): TokenStream {
  let stream = EMPTY;
  let cells: Cell[] = [];
  let handOver: number | undefined;
  let replaces: string | undefined;
  let fusion: TokenCell['fusion'];
  const change = (index: number, news: Partial<TokenCell>) => {
    const cell = cells[index];
    if (cell?.kind === 'token') cells[index] = { ...cell, ...news };
  };
  const pendingCells = () =>
    cells.flatMap((cell, i) => (cell.kind === 'token' && cell.state === 'pending' ? [i] : []));

  for (const run of events) {
    if (run.type === 'prompt') {
      cells = [];
      handOver = replaces = fusion = undefined;
      stream = { prompt: run.pieces, maxTokens: run.maxTokens, cells };
    }
    if (run.type !== 'decode') continue;
    const { event, text } = run;
    switch (event.type) {
      case 'token': {
        const drafted = drafting && event.by === 'small';
        const { at, token, by, prob } = event;
        cells.push({
          kind: 'token',
          at,
          token,
          text: text ?? `⟨${token}⟩`,
          by,
          prob,
          state: drafted ? 'pending' : 'accepted',
          ...(drafted || handOver === undefined ? {} : { handOver }),
          ...(drafted || replaces === undefined ? {} : { replaces }),
          ...(fusion && { fusion }),
        });
        replaces = fusion = undefined;
        break;
      }
      case 'handOver': {
        const { at, why, pending, proposal } = event;
        handOver = cells.length;
        const named = proposal && { ...proposal, ...(text === undefined ? {} : { text }) };
        cells.push({ kind: 'handOver', at, why, pending, ...(named ? { proposal: named } : {}) });
        // Nothing was drafted: there is nothing to judge.
        if (pending === 0) setAccepted(cells, handOver, 0);
        break;
      }
      case 'verdict': {
        const judged = pendingCells();
        event.distances.forEach((distance, j) => {
          const state = j < event.accepted ? 'accepted' : 'pending';
          change(judged[j] ?? -1, {
            distance,
            state,
            ...(handOver === undefined ? {} : { handOver }),
          });
        });
        setAccepted(cells, handOver, event.accepted);
        break;
      }
      case 'speculation': {
        const judged = pendingCells();
        event.ratios.forEach((ratio, j) => {
          const state = j < event.accepted ? 'accepted' : 'pending';
          const uniform = event.uniforms[j] as number;
          change(judged[j] ?? -1, {
            ratio,
            uniform,
            state,
            ...(handOver === undefined ? {} : { handOver }),
          });
        });
        setAccepted(cells, handOver, event.accepted);
        break;
      }
      case 'rollback': {
        pendingCells().forEach((index, j) => {
          const cell = cells[index];
          if (cell?.kind !== 'token' || cell.at < event.at) return;
          if (j === 0) replaces = cell.text;
          change(index, { state: 'rolledBack', ...(j === 0 ? { cut: true } : {}) });
        });
        break;
      }
      case 'fusion':
        fusion = event;
        break;
      case 'beams':
      case 'chunk':
      case 'winner':
        break;
      case 'finished':
        stream = { ...stream, cells, finished: event.reason };
        break;
      default:
        event satisfies never;
    }
  }
  return stream;
}

function setAccepted(cells: Cell[], index: number | undefined, accepted: number): void {
  const cell = index === undefined ? undefined : cells[index];
  if (index !== undefined && cell?.kind === 'handOver') cells[index] = { ...cell, accepted };
}

/** The stream of a run. */
export const streamOf = derived((run) => tokenStream(run.events, drafts(run.experiment)));

/** The token cells that are part of the text as it stands. */
export const standing = (stream: TokenStream): TokenCell[] =>
  stream.cells.filter(
    (cell): cell is TokenCell => cell.kind === 'token' && cell.state !== 'rolledBack',
  );

/** The text as it stands, without the prompt. */
export const textOf = (stream: TokenStream): string =>
  standing(stream)
    .map((cell) => cell.text)
    .join('');

/** A place that shows what the method does: a cut, else a doubt, else where the author was least sure. */
export function worthALook({ cells }: TokenStream): number | undefined {
  const cut = cells.findIndex((cell) => cell.kind === 'token' && cell.cut);
  if (cut >= 0) return cut;
  const doubt = cells.findIndex((cell) => cell.kind === 'handOver' && cell.why === 'fallback');
  if (doubt >= 0) return doubt;
  let least: number | undefined;
  let lowest = Number.POSITIVE_INFINITY;
  cells.forEach((cell, index) => {
    if (cell.kind !== 'token' || cell.prob >= lowest) return;
    least = index;
    lowest = cell.prob;
  });
  return least;
}

/** The cell that an event has written or changed, when it was the last one. */
export function newestCell(
  { cells }: TokenStream,
  event: RunEvent | undefined,
): number | undefined {
  if (event?.type !== 'decode') return undefined;
  const index: Readonly<Partial<Record<DecodeEvent['type'], () => number>>> = {
    token: () => cells.length - 1,
    handOver: () => cells.length - 1,
    verdict: () => cells.findLastIndex((cell) => cell.kind === 'handOver'),
    speculation: () => cells.findLastIndex((cell) => cell.kind === 'handOver'),
    rollback: () => cells.findLastIndex((cell) => cell.kind === 'token' && cell.cut === true),
  };
  const at = index[event.event.type]?.() ?? -1;
  return at >= 0 ? at : undefined;
}

/** The token that is asked about at a cell: itself, what small would have said, or what came next. */
export function tokenAt({ cells }: TokenStream, index: number): number | undefined {
  const cell = cells[index];
  if (cell?.kind === 'token') return cell.token;
  if (cell?.proposal) return cell.proposal.token;
  return cells.slice(index).find((next) => next.kind === 'token')?.token;
}

/** What had been read when this cell was written, prompt included; what an inspection needs. */
export function prefixOf(stream: TokenStream, index: number): number[] {
  const y = stream.prompt.map((piece) => piece.id);
  const at = stream.cells[index]?.at ?? y.length;
  for (const cell of stream.cells.slice(0, index)) {
    if (cell.kind !== 'token') continue;
    y.length = cell.at;
    y.push(cell.token);
  }
  y.length = at;
  return y;
}
