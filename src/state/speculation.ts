// Speculative sampling as numbers: which drafted tokens stood and why, how often one does, and what follows from
// that for the tokens per large pass and the speed (METHODS 5.1).

import { derived } from './derive.ts';
import { baselineOf, type Run } from './run.ts';
import { streamOf, type TokenCell } from './tokenStream.ts';

/** What became of a drafted token. */
export type DraftFate =
  /** Its uniform was below its ratio. */
  | 'stood'
  /** It was not: the first of its draft, which cut it. */
  | 'rejected'
  /** It came after that one, so nobody asked. */
  | 'fell';

export interface JudgedPoint {
  /** Which token of the new text it was to be, counted from 1. */
  readonly n: number;
  readonly text: string;
  /** p / (lenience q); may be above 1. */
  readonly ratio: number;
  /** In [0, 1): it stands while this is below the ratio. */
  readonly uniform: number;
  readonly fate: DraftFate;
}

/** One draft and the large pass that judged it. */
export interface Draft {
  /** Counted from 1. */
  readonly pass: number;
  readonly drafted: number;
  readonly accepted: number;
  /** Tokens that the pass left in the text: those that stood, and one of the large model's own, if any. */
  readonly tokens: number;
}

export const judged: (run: Run) => readonly JudgedPoint[] = derived((run) => {
  const { cells, prompt } = streamOf(run);
  /** The draft in which one was rejected already. */
  let over: number | undefined;
  const fateOf = ({ state, handOver }: TokenCell): DraftFate => {
    if (state === 'accepted') return 'stood';
    if (handOver === over) return 'fell';
    over = handOver;
    return 'rejected';
  };
  return cells.flatMap((cell) => {
    if (cell.kind !== 'token' || cell.ratio === undefined || cell.uniform === undefined) return [];
    const { text, ratio, uniform } = cell;
    return [{ n: cell.at - prompt.length + 1, text, ratio, uniform, fate: fateOf(cell) }];
  });
});

export const draftsOf: (run: Run) => readonly Draft[] = derived((run) => {
  const found: Draft[] = [];
  const { cells } = streamOf(run);
  for (const [index, cell] of cells.entries()) {
    if (cell.kind === 'handOver') {
      const { pending: drafted, accepted } = cell;
      if (accepted === undefined) continue;
      const next = cells[index + 1];
      // Before the large model has written its own token, or where the draft ended the text, there is none.
      const own = next?.kind === 'token' && next.by === 'large' ? 1 : 0;
      found.push({ pass: found.length + 1, drafted, accepted, tokens: accepted + own });
    }
  }
  return found;
});

/** (1 - a^(gamma + 1)) / (1 - a): tokens per large pass, if each drafted token stands with probability a. */
export const expectedTokens = (acceptance: number, drafted: number): number =>
  acceptance === 1 ? drafted + 1 : (1 - acceptance ** (drafted + 1)) / (1 - acceptance);

export interface SpeculationTotals {
  readonly passes: number;
  /** Drafted tokens that were asked about: those that stood, and the first of each draft that did not. */
  readonly asked: number;
  readonly accepted: number;
  /** accepted / asked; how often a token stands, however long the drafts were. */
  readonly acceptance: number;
  /** Tokens in the text per large pass. */
  readonly tokensPerPass: number;
  /** The same, predicted from the acceptance for whole drafts of gamma tokens. */
  readonly expectedTokensPerPass: number;
  /** t_small / t_large, where both were measured. */
  readonly cost?: number;
  /** expected tokens / (gamma c + 1). */
  readonly expectedSpeedUp?: number;
}

/** Undefined before the first verdict. */
export const speculationTotals: (run: Run) => SpeculationTotals | undefined = derived((run) => {
  const drafts = draftsOf(run);
  if (drafts.length === 0) return undefined;
  const sum = (of: (draft: Draft) => number) => drafts.reduce((all, one) => all + of(one), 0);
  const gamma = Number(run.experiment.params.draftLength);
  const accepted = sum((draft) => draft.accepted);
  const asked = sum((draft) => Math.min(draft.accepted + 1, draft.drafted));
  const acceptance = accepted / asked;
  const expected = expectedTokens(acceptance, gamma);
  const { small, large } = baselineOf(run)?.passMs ?? {};
  const cost = small !== undefined && large !== undefined && large > 0 ? small / large : undefined;
  return {
    passes: drafts.length,
    asked,
    accepted,
    acceptance,
    tokensPerPass: sum((draft) => draft.tokens) / drafts.length,
    expectedTokensPerPass: expected,
    ...(cost !== undefined && { cost, expectedSpeedUp: expected / (gamma * cost + 1) }),
  };
});
