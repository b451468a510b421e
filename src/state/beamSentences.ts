// What a candidate of a search is called, and why it was kept or not.

import type { BeamNode, BeamTree } from './beams.ts';
import { plural, quote, THIN } from './format.ts';

/** With a minus sign rather than a hyphen. */
export const scored = (value: number): string => value.toFixed(2).replace('-', '−');
export const nats = (value: number): string => `${scored(value)}${THIN}nats`;
/** With its sign: "+0.41", "−1.20". */
export const signed = (value: number): string =>
  `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(2)}`;

/** For those who do not see where it lies. */
export function nodeName(node: BeamNode): string {
  const { round, row, place, score, text, rank, finished } = node;
  const said = text === '' ? 'nothing new' : quote(text);
  const where = `Chunk ${round + 1}, candidate ${row + 1}: ${said}`;
  if (score === undefined) return `${where}, being written`;
  const became = rank === undefined ? 'dropped' : `kept as number ${rank}`;
  return `${where}, score ${nats(score)}, place ${place}, ${became}${finished ? ', ended' : ''}`;
}

/** Why it was kept or dropped. */
export function whyKept(tree: BeamTree, node: BeamNode): string {
  const { round, score, place, rank, finished, tokens } = node;
  if (score === undefined) return 'It is being written; the small pair has not judged it yet.';
  const all = tree.rounds[round]?.nodes ?? [];
  const kept = all.filter((other) => other.rank !== undefined);
  const cut = Math.min(...kept.map((other) => other.score ?? Number.NaN));
  const ended = finished
    ? tokens === 0
      ? ' Its text had ended before and competes with the score that it had then.'
      : ' Its text has ended.'
    : '';
  if (tree.winner === node) {
    return `Its score, ${nats(score)}, is the highest of ${plural(all.length, 'candidate')}: it is the text.${ended}`;
  }
  const where = `Its score, ${nats(score)}, has place ${place} of ${all.length}`;
  if (rank !== undefined) {
    const with_ =
      kept.length === 1 ? 'the only one that is kept' : `one of the ${kept.length} best`;
    return `${where}: kept, as ${with_}.${ended}`;
  }
  const needed =
    cut === score
      ? `an equal one with a lower number was kept`
      : `${kept.length === 1 ? 'the one that was kept has' : `the ${kept.length} that were kept have at least`} ${nats(cut)}`;
  return `${where}: dropped, because ${needed}.${ended}`;
}
