// The search as a tree: what was written in every round, after which candidate, what it was worth, and what was kept.
// A function of the run's events and of nothing else.

import type { BeamCandidate, RunEvent } from '../core/events.ts';
import { derived } from './derive.ts';
import type { Run } from './run.ts';

export interface BeamNode {
  /** From 0. */
  readonly round: number;
  /** Its number in that round. */
  readonly row: number;
  /** Row of the kept candidate of the round before that it continues; absent in the first round. */
  readonly parent?: number;
  /** What it wrote in this round; empty if it had ended before. */
  readonly text: string;
  /** How many tokens that is. */
  readonly tokens: number;
  /** Nats, of all that it has written. Absent while it is being written, as what follows from it. */
  readonly score?: number;
  /** What this round added. */
  readonly gain?: number;
  /** 1 for the highest score of its round; of equals the lower row comes first. */
  readonly place?: number;
  /** Its text has ended, or is as long as allowed. */
  readonly finished: boolean;
  /** 1 for the best that is kept; absent if it was dropped. */
  readonly rank?: number;
  /** On the way to the best candidate of the last round that was judged: to the winner, in the end. */
  readonly leads: boolean;
}

export interface BeamRound {
  readonly round: number;
  /** Best first; in the order of their rows while they are being written. */
  readonly nodes: readonly BeamNode[];
  readonly judged: boolean;
}

export interface BeamTree {
  readonly rounds: readonly BeamRound[];
  /** The text, once the search is over. */
  readonly winner?: BeamNode;
}

interface Round {
  readonly candidates: readonly BeamCandidate[];
  readonly texts: readonly string[];
}

/** Texts and numbers of tokens of a round that goes on, by row. */
type Writing = Map<number, { readonly text: string; readonly tokens: number }>;

export function beamTree(events: readonly RunEvent[]): BeamTree {
  let rounds: Round[] = [];
  let writing: Writing = new Map();
  let over = false;
  for (const run of events) {
    if (run.type === 'prompt') {
      rounds = [];
      writing = new Map();
      over = false;
    }
    if (run.type !== 'decode') continue;
    const { event, texts = [] } = run;
    if (event.type === 'beams') {
      event.rows.forEach((row, i) => {
        const { text, tokens } = writing.get(row) ?? { text: '', tokens: 0 };
        writing.set(row, { text: text + (texts[i] ?? ''), tokens: tokens + 1 });
      });
    } else if (event.type === 'chunk') {
      rounds.push({ candidates: event.candidates, texts });
      writing = new Map();
    } else if (event.type === 'winner') over = true;
  }

  const leading = leadingRows(rounds);
  const judged = rounds.map(({ candidates, texts }, round): BeamRound => {
    const before = rounds[round - 1]?.candidates;
    const order = [...candidates].sort((a, b) => b.score - a.score || a.row - b.row);
    const nodes = order.map((one, i): BeamNode => {
      const { row, parent, score, finished, rank } = one;
      const earlier = before?.find((other) => other.row === parent)?.score ?? 0;
      return {
        round,
        row,
        ...(parent !== undefined && { parent }),
        text: texts[candidates.indexOf(one)] ?? '',
        tokens: one.tokens.length,
        score,
        gain: score - earlier,
        place: i + 1,
        finished,
        ...(rank !== undefined && { rank: rank + 1 }),
        leads: leading[round] === row,
      };
    });
    return { round, nodes, judged: true };
  });
  const winner = over ? judged.at(-1)?.nodes.find(({ leads }) => leads) : undefined;
  return {
    rounds: writing.size > 0 ? [...judged, goingOn(judged, writing)] : judged,
    ...(winner && { winner }),
  };
}

/** The row of the best candidate of the last round, and of what it continues in each round before. */
function leadingRows(rounds: readonly Round[]): readonly number[] {
  const rows: number[] = [];
  let row = rounds.at(-1)?.candidates.find(({ rank }) => rank === 0)?.row;
  for (let round = rounds.length - 1; round >= 0 && row !== undefined; round--) {
    rows[round] = row;
    row = rounds[round]?.candidates.find((one) => one.row === row)?.parent;
  }
  return rows;
}

/** The round that is being written: row i continues the candidate of rank i modulo the number of kept ones. */
function goingOn(judged: readonly BeamRound[], writing: Writing): BeamRound {
  const kept = judged
    .at(-1)
    ?.nodes.filter(({ rank }) => rank !== undefined)
    .sort((a, b) => (a.rank ?? 0) - (b.rank ?? 0));
  const round = judged.length;
  const nodes = [...writing].map(([row, { text, tokens }]): BeamNode => {
    const parent = kept?.[row % kept.length]?.row;
    const of = { round, row, text, tokens, finished: false, leads: false };
    return parent === undefined ? of : { ...of, parent };
  });
  return { round, nodes: nodes.sort((a, b) => a.row - b.row), judged: false };
}

export const beamsOf: (run: Run) => BeamTree = derived((run) => beamTree(run.events));

export const nodeAt = (
  { rounds }: BeamTree,
  round: number,
  row: number | undefined,
): BeamNode | undefined => rounds[round]?.nodes.find((node) => node.row === row);

/** From the first round to this node. */
export function pathTo(tree: BeamTree, node: BeamNode): readonly BeamNode[] {
  const path: BeamNode[] = [];
  let at: BeamNode | undefined = node;
  while (at) {
    path.unshift(at);
    at = nodeAt(tree, at.round - 1, at.parent);
  }
  return path;
}

/** What goes on after it, best first. */
export const childrenOf = (tree: BeamTree, { round, row }: BeamNode): readonly BeamNode[] =>
  tree.rounds[round + 1]?.nodes.filter(({ parent }) => parent === row) ?? [];

export interface ScorePoint {
  /** Counted from 1. */
  readonly chunk: number;
  readonly candidates: number;
  /** Nats. `cut`: of the worst that is kept. */
  readonly best: number;
  readonly mean: number;
  readonly cut: number;
  readonly worst: number;
}

/** How scores grow, round by round. */
export const scorePoints: (run: Run) => readonly ScorePoint[] = derived((run) =>
  beamsOf(run)
    .rounds.filter(({ judged }) => judged)
    .map(({ round, nodes }) => {
      const scores = nodes.map(({ score = Number.NaN }) => score);
      const kept = nodes.filter(({ rank }) => rank !== undefined);
      return {
        chunk: round + 1,
        candidates: nodes.length,
        best: Math.max(...scores),
        mean: scores.reduce((sum, score) => sum + score, 0) / scores.length,
        cut: Math.min(...kept.map(({ score = Number.NaN }) => score)),
        worst: Math.min(...scores),
      };
    }),
);

export interface SearchTotals {
  readonly rounds: number;
  /** Tokens that the large model wrote over all candidates. */
  readonly written: number;
  /** Nats, of the best candidate so far, and the mean of those that it was compared with last. */
  readonly best: number;
  readonly mean: number;
}

/** Undefined before the first round is judged. */
export const searchTotals: (run: Run) => SearchTotals | undefined = derived((run) => {
  const last = scorePoints(run).at(-1);
  if (!last) return undefined;
  const nodes = beamsOf(run).rounds.flatMap((round) => round.nodes);
  return {
    rounds: last.chunk,
    written: nodes.reduce((sum, { tokens }) => sum + tokens, 0),
    best: last.best,
    mean: last.mean,
  };
});
