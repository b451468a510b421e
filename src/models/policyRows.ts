// Completions as rows that training graphs read: the prompt counts nothing, and what is said of a completion's tokens
// is found behind it.

import type { Learned, PolicySequence, Scores, Sequence } from '../core/policy.ts';
import { type PolicyObjective, type PolicyTerms, policyTerms } from '../core/policyLoss.ts';
import type { TokenRow } from '../core/trainable.ts';

/** @param weights of the completion's tokens; absent: 0 */
export function rowOf({ prompt, completion }: Sequence, weights?: ArrayLike<number>): TokenRow {
  const y = [...prompt, ...completion];
  const before = prompt.length - 1;
  const tokens = y.slice(0, -1);
  return {
    tokens,
    targets: y.slice(1),
    weights: tokens.map((_, t) => (t < before ? 0 : (weights?.[t - before] ?? 0))),
  };
}

/** Numbers of a row's positions, as numbers of the completion's tokens. */
export const ofCompletion = ({ prompt }: Sequence, row: Float32Array): Float32Array =>
  row.slice(prompt.length - 1);

/** Do the gradients' weights not depend on the log-probs? Then there is no need to know them before. */
const isFresh = ({ old }: PolicySequence, { beta, distil }: PolicyObjective): boolean =>
  old === undefined && beta === 0 && distil === 0;

/**
 * Whether a pass must find the log-probs before gradients can be asked for: the weights of some tokens depend on them,
 * and nobody has said them.
 */
export const needsScores = (sequences: readonly PolicySequence[], objective: PolicyObjective) =>
  sequences.some((one) => one.current === undefined && !isFresh(one, objective));

/** Terms before the gradients are known; those of fresh sequences hold their weights only. */
export function termsOf(
  sequences: readonly PolicySequence[],
  scores: readonly Scores[] | undefined,
  objective: PolicyObjective,
): readonly PolicyTerms[] {
  return sequences.map((one, i) => {
    const known = scores?.[i]?.logProbs ?? one.current ?? new Float32Array(one.scales.length);
    return policyTerms(one, known, objective);
  });
}

/** With log-probs as the gradients' own pass has found them. */
export function learnedFrom(
  sequences: readonly PolicySequence[],
  terms: readonly PolicyTerms[],
  scores: readonly Scores[],
  objective: PolicyObjective,
): readonly Learned[] {
  return sequences.map((one, i) => {
    const found = scores[i]!;
    const all = isFresh(one, objective) ? policyTerms(one, found.logProbs, objective) : terms[i]!;
    return { ...found, ...all };
  });
}
