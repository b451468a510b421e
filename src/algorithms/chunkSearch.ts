// Chunk-level beam search, what weak-to-strong search and best-of-N have in common: a large model writes, a small pair
// judges what is written by
//
//   V(y) = sum_t log p_tuned(y_t | y_<t) - log p_untuned(y_t | y_<t)
//
// (Zhou, Liu, Liu, Dong, Yang, Qiao, "Weak-to-Strong Search: Align Large Language Models via Searching over Small
// Language Models", NeurIPS 2024, arXiv 2405.19262; official code ZHZisZZ/weak-to-strong-search; METHODS 2). Here is
// what that code does, step by step: a sum and never a mean, sampling with replacement, beams that have ended stay in
// the pool with their score, the end of the text is judged as well, also of a text that was cut at its length limit.
//
// Where we differ:
// - the pair reads ids and goes on from chunk to chunk while all three share a vocabulary; only when they do not, texts
//   are tokenised anew for it, as the code always does;
// - beams that have ended are not run any further;
// - equal scores keep the lower row, so that a run can be repeated.
//
// Token t of row r has the address (seed, run, t, r); with one row that is sampling with the large model alone.

import { UserError } from '../core/errors.ts';
import type { BeamCandidate, DecodeEvent } from '../core/events.ts';
import type { LanguageModel } from '../core/languageModel.ts';
import { type Beam, judgeIds, judgeTexts, type SearchContext } from './beamScores.ts';

export interface SearchSize {
  /** W: beams that are kept. */
  readonly beams: number;
  /** K: successors of each. */
  readonly successors: number;
  /** L: tokens between two selections. */
  readonly chunkLength: number;
}

export async function* chunkSearch(
  size: SearchSize,
  context: SearchContext,
): AsyncGenerator<DecodeEvent, void, void> {
  const { models, text, ops, prompt, maxTokens, params, seed, run } = context;
  const { large } = models;
  const { beams: W, successors: K, chunkLength: L } = size;
  checkMemory(models, size, prompt.length + maxTokens);
  const judge = text ? judgeTexts(context, text) : judgeIds(context);
  let rows: Beam[] = Array.from({ length: W * K }, () => newBeam());
  let length = 0;
  let settled = 0;

  for (let round = 0; ; round++) {
    // Every beam that has not ended goes on by a chunk, drawn from the large model.
    const begin = length;
    const open = rows.filter(({ finished }) => !finished);
    while (length < Math.min(maxTokens, begin + L) && open.some(({ finished }) => !finished)) {
      const growing = [...rows.keys()].filter((row) => !rows[row]?.finished);
      const sequences = growing.map((row) => [...prompt, ...(rows[row] as Beam).tokens]);
      // In the beginning there is but the prompt, and all draw from its one row.
      const logits = await large.nextLogits(length === 0 ? [prompt] : sequences);
      const drawn = await ops
        .sampleTokens(logits, params, { seed, run, step: length }, growing)
        .finally(() => logits.dispose());
      growing.forEach((row, i) => {
        const { token, prob } = drawn[i] as (typeof drawn)[0];
        const beam = rows[row] as Beam;
        beam.tokens.push(token);
        beam.probs.push(prob);
        beam.finished = large.eos.has(token);
      });
      const tokens = drawn.map(({ token }) => token);
      yield { type: 'beams', at: prompt.length + length, rows: growing, tokens };
      length++;
    }
    for (const beam of open) beam.finished ||= length === maxTokens;

    // The small pair says what the chunk was worth; the W best stay, those that have ended among them.
    const scores = await judge(open, begin);
    open.forEach((beam, i) => {
      beam.score = scores[i] as number;
    });
    const kept = best(rows, W);
    const candidates = rows.map((beam, row) => candidate(beam, row, begin, kept));
    yield { type: 'chunk', round, at: prompt.length + begin, candidates };

    // What all that are left agree on will not change any more.
    const survivors = kept.map((row) => rows[row] as Beam);
    const winner = survivors[0] as Beam;
    const over = survivors.every(({ finished }) => finished);
    const agreed = over ? winner.tokens.length : commonLength(survivors);
    for (; settled < agreed; settled++) {
      const [token, prob] = [winner.tokens[settled], winner.probs[settled]] as [number, number];
      yield { type: 'token', at: prompt.length + settled, token, by: 'large', prob };
    }
    if (over) {
      const ended = large.eos.has(winner.tokens.at(-1) as number);
      yield { type: 'winner', round, row: kept[0] as number, score: winner.score };
      return yield { type: 'finished', reason: ended ? 'eos' : 'length' };
    }
    // As a tile: the best, the second, ..., and again; not each of them K times in a row.
    rows = rows.map((_, i) => successor(rows, kept[i % W] as number));
  }
}

const newBeam = (): Beam => ({ tokens: [], probs: [], score: 0, finished: false });

function successor(rows: readonly Beam[], parent: number): Beam {
  const { tokens, probs, score, finished } = rows[parent] as Beam;
  return { tokens: [...tokens], probs: [...probs], score, finished, parent };
}

/** Rows of the `count` highest scores, the highest first; of equals the first. */
function best(rows: readonly Beam[], count: number): number[] {
  const score = (row: number) => (rows[row] as Beam).score;
  return [...rows.keys()].sort((a, b) => score(b) - score(a) || a - b).slice(0, count);
}

function candidate(
  { tokens, score, finished, parent }: Beam,
  row: number,
  begin: number,
  kept: readonly number[],
): BeamCandidate {
  const rank = kept.indexOf(row);
  return {
    row,
    ...(parent !== undefined && { parent }),
    tokens: tokens.slice(begin),
    score,
    finished,
    ...(rank >= 0 && { rank }),
  };
}

function commonLength(beams: readonly Beam[]): number {
  const [first, ...others] = beams as [Beam, ...Beam[]];
  const differs = first.tokens.findIndex((token, i) =>
    others.some(({ tokens }) => tokens[i] !== token),
  );
  return differs < 0 ? first.tokens.length : differs;
}

/** @throws UserError 'context' when the KV caches of that many beams would be too large */
function checkMemory(
  models: Readonly<Record<'large' | 'tuned' | 'untuned', LanguageModel>>,
  { beams, successors }: SearchSize,
  length: number,
): void {
  for (const [role, { bytesPerToken, mostBytes }] of Object.entries(models)) {
    const needed = beams * successors * length * bytesPerToken;
    if (needed <= mostBytes) continue;
    const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;
    throw new UserError(
      'context',
      `${beams * successors} candidates of ${length} tokens need ${gigabytes(needed)} for what the ${role} model has read; at most ${gigabytes(mostBytes)} fit.`,
      'Lower the number of candidates or “Most new tokens”.',
    );
  }
}
