// What a policy learns from a token: the loss, and g_t = dL / d log p(y_t), from which its gradient follows
// (trainable.ts). Plain float64 loops; the definition that shaders/grpoLoss.wgsl is judged by, and what runs where
// weights are arrays. GRPO (Shao et al., "DeepSeekMath", 2024), its variants as TRL has them (METHODS 5.6), and
// distillation on sampled tokens differ in three things only: the surrogate of A rho, whether rho belongs to a
// token or to a sequence, and what each token counts (policyVariants.ts).

type Numbers = ArrayLike<number>;

export interface PolicyObjective {
  /**
   * What stands for rho A.
   * clipped: min(min(rho, delta) A, clip(rho, low, high) A), PPO's and GRPO's;
   * capped: stopgrad(min(rho, high)) A log p, CISPO's, and truncated importance sampling;
   * gated: 4 / tau sigmoid(tau (rho - 1)) A, SAPO's, tau = 1 where A > 0, else 1.05.
   */
  readonly surrogate: 'clipped' | 'capped' | 'gated';
  /** Whose rho it is: a token's, or the geometric mean over a sequence (GSPO). */
  readonly level: 'token' | 'sequence';
  /** Bounds of rho, 1 - epsilon and 1 + epsilon_high; Infinity for none. */
  readonly low: number;
  readonly high: number;
  /** Two-sided clipping: rho is at most this before the minimum; Infinity for none. */
  readonly delta: number;
  /** Weight of k3, an estimate of KL(policy || reference). */
  readonly beta: number;
  /** Multiplies k3 by rho, so that its expectation is right when the behaviour policy is another. */
  readonly unbiased: boolean;
  /** Weight of the distance to a teacher, and its estimator; k1 has no gradient in expectation (METHODS 5.9). */
  readonly distil: number;
  readonly estimator: 'k2' | 'k3';
  /** Of sampling: logits are divided by it. */
  readonly temperature: number;
}

/** One sequence; the lists are as long as it has targets. */
export interface PolicyTokens {
  /** What each token's loss counts; 0 where the policy did not choose: prompts, what is left out. */
  readonly scales: Numbers;
  readonly advantages: Numbers;
  /** log p under the policy that rho divides by. Absent: under this one, as it is; then rho is 1. */
  readonly old?: Numbers;
  /** Needed where beta is not 0. */
  readonly reference?: Numbers;
  /** Needed where distil is not 0. */
  readonly teacher?: Numbers;
}

/** Per token; 0 where the scale is 0. */
export interface PolicyTerms {
  /** g_t, of the scaled loss. */
  readonly weights: Numbers;
  /** Before scaling. */
  readonly losses: Numbers;
  readonly ratios: Numbers;
  /** k3 to the reference, nats. */
  readonly kls: Numbers;
  /** Sums of CLIPPED. */
  readonly clips: Numbers;
}

/** Why the surrogate has no gradient: rho below low and A < 0, above high and A > 0, above delta and A < 0. */
export const CLIPPED = { low: 1, high: 2, delta: 4 } as const;
/** SAPO's temperatures for A > 0, and for the others. */
export const TAU = { positive: 1, other: 1.05 } as const;
/** Log-ratios are held within this, so that no exponential overflows; clips lie far inside. */
export const LARGEST_LOG_RATIO = 20;

const held = (x: number) => Math.min(Math.max(x, -LARGEST_LOG_RATIO), LARGEST_LOG_RATIO);

/** -surrogate, its derivatives by log rho and by log p with rho held, and what clipped it. */
function surrogate(
  { surrogate: kind, low, high, delta }: PolicyObjective,
  rho: number,
  advantage: number,
  logProb: number,
): { loss: number; slope: number; direct: number; clip: number } {
  const tooHigh = rho > high && advantage > 0 ? CLIPPED.high : 0;
  if (kind === 'capped') {
    const weight = -Math.min(rho, high) * advantage;
    return { loss: weight * logProb, slope: 0, direct: weight, clip: tooHigh };
  }
  if (kind === 'gated') {
    const tau = advantage > 0 ? TAU.positive : TAU.other;
    const gate = 1 / (1 + Math.exp(-tau * (rho - 1)));
    const slope = -4 * gate * (1 - gate) * rho * advantage;
    return { loss: (-4 / tau) * gate * advantage, slope, direct: 0, clip: 0 };
  }
  const plain = Math.min(rho, delta) * advantage;
  const clipped = Math.min(Math.max(rho, low), high) * advantage;
  const free = plain <= clipped ? rho <= delta : rho >= low && rho <= high;
  const tooLow = rho < low && advantage < 0 ? CLIPPED.low : 0;
  const tooFar = !free && rho > delta && advantage < 0 ? CLIPPED.delta : 0;
  return {
    loss: -Math.min(plain, clipped),
    slope: free ? -rho * advantage : 0,
    direct: 0,
    clip: tooLow + tooHigh + tooFar,
  };
}

/** Distance of log p from another's log q, and its derivative by log p. */
function distance(estimator: 'k2' | 'k3', logProb: number, other: number): [number, number] {
  const d = held(other - logProb);
  return estimator === 'k2' ? [(d * d) / 2, -d] : [Math.expm1(d) - d, -Math.expm1(d)];
}

/** @param logProbs of the policy as it is, at the objective's temperature */
export function policyTerms(
  tokens: PolicyTokens,
  logProbs: Numbers,
  objective: PolicyObjective,
): PolicyTerms {
  const { scales, advantages, old, reference, teacher } = tokens;
  const { level, beta, unbiased, distil, estimator } = objective;
  const n = scales.length;
  const [weights, losses, ratios] = [new Float64Array(n), new Float64Array(n), new Float64Array(n)];
  const [kls, clips] = [new Float64Array(n), new Uint32Array(n)];
  const active = Array.from({ length: n }, (_, t) => t).filter((t) => scales[t] !== 0);
  // What is no number is none without an old one either.
  const logRatio = (t: number) => logProbs[t]! - (old ?? logProbs)[t]!;
  const shared = active.reduce((sum, t) => sum + logRatio(t), 0) / Math.max(1, active.length);

  // What the losses' derivatives by the one log rho of a sequence add up to.
  let pooled = 0;
  for (const t of active) {
    const [logProb, scale] = [logProbs[t]!, scales[t]!];
    const rho = Math.exp(held(level === 'sequence' ? shared : logRatio(t)));
    const term = surrogate(objective, rho, advantages[t]!, logProb);
    let { loss, slope, direct } = term;
    if (beta !== 0 && reference) {
      const [kl, dKl] = distance('k3', logProb, reference[t]!);
      const weight = unbiased ? beta * rho : beta;
      loss += weight * kl;
      direct += weight * dKl;
      if (unbiased) slope += weight * kl;
      kls[t] = kl;
    }
    if (distil !== 0 && teacher) {
      const [kd, dKd] = distance(estimator, logProb, teacher[t]!);
      loss += distil * kd;
      direct += distil * dKd;
    }
    losses[t] = loss;
    ratios[t] = rho;
    clips[t] = term.clip;
    weights[t] = scale * (level === 'sequence' ? direct : direct + slope);
    pooled += scale * slope;
  }
  if (level === 'sequence') for (const t of active) weights[t]! += pooled / active.length;
  return { weights, losses, ratios, kls, clips };
}
