// What comes next, twice: with the file's numbers and with the turned ones, both after the same settings.

/** Probabilities after temperature (0: all on the largest logit, ties to the lowest id) and top-p. */
export function probabilities(
  logits: Float32Array,
  temperature: number,
  topP: number,
): Float64Array<ArrayBuffer> {
  const probs = new Float64Array(logits.length);
  let best = 0;
  for (let i = 1; i < logits.length; i++) if (logits[i]! > logits[best]!) best = i;
  if (temperature === 0) {
    probs[best] = 1;
    return probs;
  }
  const top = logits[best]!;
  let sum = 0;
  for (let i = 0; i < logits.length; i++) {
    const weight = Math.exp((logits[i]! - top) / temperature);
    probs[i] = weight;
    sum += weight;
  }
  for (let i = 0; i < probs.length; i++) probs[i]! /= sum;
  if (topP < 1) keepMost(probs, topP);
  return probs;
}

/** The smallest set of the most probable whose mass reaches p; the rest becomes 0. */
function keepMost(probs: Float64Array, topP: number): void {
  const order = mostProbable(probs, probs.length);
  let mass = 0;
  let kept = 0;
  while (kept < order.length && mass < topP) mass += probs[order[kept++]!]!;
  for (const token of order.slice(kept)) probs[token] = 0;
  for (let i = 0; i < probs.length; i++) probs[i]! /= mass;
}

/** Ids of the k most probable, ties to the lowest. */
export const mostProbable = (probs: Float64Array, k: number): number[] =>
  Array.from(probs.keys())
    .sort((a, b) => probs[b]! - probs[a]! || a - b)
    .slice(0, k);

/** KL(p || q) in nats; infinite where q never says what p may say. */
export function divergence(p: Float64Array, q: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < p.length; i++) if (p[i]! > 0) sum += p[i]! * Math.log(p[i]! / q[i]!);
  return Math.max(0, sum);
}
