// A second opinion on sampling, for tests: the textbook in float64, with sorting and no cleverness. What it
// shares with kernels/sampleToken.ts is the meaning, not a line.

/** Filters as the kernel takes them: topP in units of 2^-24, minWeight in units of 2^-27. */
interface Filters {
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
  readonly minWeight: number;
}

/**
 * @param row logits without NaN or +Infinity, else the token is 0xffffffff.
 * @param u a uniform number in [0, 1).
 * @param nudge moves the borders of top-p and min-p by this much, to ask whether an answer is in doubt.
 */
export function bruteDraw(
  row: Float32Array,
  { temperature, topK, topP, minWeight }: Filters,
  u: number,
  nudge = 0,
): { token: number; prob: number; probs: number[] } {
  const x = [...row].map((value) => Math.max(value, -1e30));
  if (!x.every(Number.isFinite)) return { token: 0xffffffff, prob: 0, probs: [] };
  const max = x.reduce((a, b) => Math.max(a, b));
  const normalise = (p: number[]) => {
    const sum = p.reduce((a, b) => a + b, 0);
    return p.map((value) => value / sum);
  };
  let probs = normalise(x.map((value) => Math.exp((value - max) / temperature)));
  const order = [...x.keys()].sort((a, b) => (x[b] as number) - (x[a] as number) || a - b);

  if (topK > 0) {
    const dropped = new Set(order.slice(topK));
    probs = normalise(probs.map((p, id) => (dropped.has(id) ? 0 : p)));
  }
  const border = topP / 2 ** 24 + (topP < 2 ** 24 ? nudge : 0);
  if (border < 1) {
    let mass = 0;
    const kept = new Set<number>();
    for (const id of order) {
      if (kept.size > 0 && mass >= border) break;
      kept.add(id);
      mass += probs[id] as number;
    }
    probs = normalise(probs.map((p, id) => (kept.has(id) ? p : 0)));
  }
  if (minWeight > 0) {
    const largest = probs.reduce((a, b) => Math.max(a, b));
    const least = (minWeight / 2 ** 27) * largest;
    const doubt = minWeight < 2 ** 27 ? nudge : -1e-9;
    probs = normalise(probs.map((p) => (p >= least + doubt * largest ? p : 0)));
  }

  let sum = 0;
  let token = probs.findLastIndex((p) => p > 0);
  for (let id = 0; id < probs.length; id++) {
    sum += probs[id] as number;
    if (sum > u) {
      token = id;
      break;
    }
  }
  return { token, prob: probs[token] as number, probs };
}
