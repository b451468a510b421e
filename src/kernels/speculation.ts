// Speculative sampling on distributions, in float64 (Leviathan, Kalman, Matias, "Fast Inference from Transformers
// via Speculative Decoding", ICML 2023, arXiv 2211.17192; Chen et al., arXiv 2302.01318; METHODS 5.1): what the
// shader is judged by, and what the tests of exactness speak of.

export type Probs = ArrayLike<number>;

/** In [0, 1]: how often a token that was drawn from q stands; p / (lenience q), at most 1. */
export function acceptance(p: number, q: number, lenience = 1): number {
  return q > 0 ? Math.min(1, p / (lenience * q)) : 0;
}

/** max(0, p - lenience q), not normalised; p where nothing is left of it. */
export function residual(p: Probs, q: Probs, lenience = 1): Float64Array {
  const left = Float64Array.from(p, (value, id) => Math.max(0, value - lenience * q[id]!));
  return left.some((value) => value > 0) ? left : Float64Array.from(p);
}

/** Inverse CDF in token-id order; u in [0, 1). */
export function drawFrom(weights: Probs, u: number): number {
  let total = 0;
  for (let id = 0; id < weights.length; id++) total += weights[id]!;
  let sum = 0;
  let token = 0;
  for (let id = 0; id < weights.length; id++) {
    sum += weights[id]!;
    if (weights[id]! > 0) {
      token = id;
      if (sum > u * total) break;
    }
  }
  return token;
}

export interface Verdict {
  readonly accepted: number;
  readonly next: number;
  /** p / (lenience q) of each drafted token, not cut at 1. */
  readonly ratios: readonly number[];
}

/**
 * @param target n + 1 distributions of the large model
 * @param drafts n of the small one
 * @param uniforms n + 1: one per drafted token, and that of the token after them
 */
export function verify(
  target: readonly Probs[],
  drafts: readonly Probs[],
  tokens: ArrayLike<number>,
  uniforms: ArrayLike<number>,
  lenience = 1,
): Verdict {
  const n = drafts.length;
  const ratios = drafts.map((q, i) => {
    const [p, own] = [target[i]![tokens[i]!]!, lenience * q[tokens[i]!]!];
    return own > 0 ? p / own : 0;
  });
  const rejected = ratios.findIndex((ratio, i) => !(uniforms[i]! < ratio));
  const accepted = rejected < 0 ? n : rejected;
  const left = accepted < n ? residual(target[accepted]!, drafts[accepted]!, lenience) : target[n]!;
  return { accepted, next: drawFrom(left, uniforms[n]!), ratios };
}

/** Of drafted tokens, given how often one is accepted (METHODS 5.1): tokens per pass of the large model. */
export const expectedTokens = (alpha: number, drafted: number): number =>
  alpha === 1 ? drafted + 1 : (1 - alpha ** (drafted + 1)) / (1 - alpha);

/** How often a token is accepted: the mass that both distributions share. */
export const overlap = (p: Probs, q: Probs): number => {
  let sum = 0;
  for (let id = 0; id < p.length; id++) sum += Math.min(p[id]!, q[id]!);
  return sum;
};
