// A step in numbers, by TRL's names (policyEvents.ts): functions of the rewards of its groups, and of what the model
// said of each token that it learned from.

import { deviation, mean } from './advantages.ts';
import type { Learned, PolicySequence } from './policy.ts';
import type { MetricName, PolicyMetrics, RewardPart } from './policyEvents.ts';
import { CLIPPED } from './policyLoss.ts';

export type Parts = Readonly<Partial<Record<RewardPart, number>>>;

/** A completion that was written, as far as metrics go. */
export interface Rewarded {
  readonly length: number;
  readonly truncated: boolean;
  readonly parts: Parts;
  readonly reward: number;
}

type Numbers = { -readonly [K in MetricName]?: number };

/** Of all completions that were written, group by group. */
export function rewardMetrics(groups: readonly (readonly Rewarded[])[]): PolicyMetrics {
  const all = groups.flat();
  const lengths = all.map(({ length }) => length);
  const spreads = groups.map((group) => deviation(group.map(({ reward }) => reward)));
  const same = (group: readonly Rewarded[]) =>
    group.every((one) => one.reward === group[0]?.reward);
  const metrics: Numbers = {
    reward: mean(all.map(({ reward }) => reward)),
    reward_std: mean(spreads),
    frac_reward_zero_std: groups.filter(same).length / groups.length,
    'completions/mean_length': mean(lengths),
    'completions/min_length': Math.min(...lengths),
    'completions/max_length': Math.max(...lengths),
    'completions/clipped_ratio': all.filter(({ truncated }) => truncated).length / all.length,
  };
  for (const part of Object.keys(all[0]?.parts ?? {}) as RewardPart[]) {
    metrics[`rewards/${part}/mean`] = mean(all.map(({ parts }) => parts[part] ?? 0));
  }
  return metrics;
}

/**
 * Of what was learned from; all means are over the tokens that count.
 * @param kl whether the policy is held to a reference
 */
export function lossMetrics(
  sequences: readonly PolicySequence[],
  learned: readonly Learned[],
  kl: boolean,
): PolicyMetrics {
  let [tokens, loss, entropy, ratio, distance] = [0, 0, 0, 0, 0];
  let [low, high, delta, free] = [0, 0, 0, 0];
  sequences.forEach(({ scales, advantages }, row) => {
    const { losses, entropies, ratios, kls, clips, weights } = learned[row]!;
    for (let t = 0; t < scales.length; t++) {
      const scale = scales[t]!;
      if (scale === 0) continue;
      tokens++;
      loss += scale * losses[t]!;
      entropy += entropies[t]!;
      ratio += ratios[t]!;
      distance += kls[t]!;
      const clip = clips[t]!;
      if (clip & CLIPPED.low) low++;
      if (clip & CLIPPED.high) high++;
      if (clip & CLIPPED.delta) delta++;
      if (advantages[t] !== 0 && weights[t] !== 0) free++;
    }
  });
  const share = (count: number) => count / Math.max(1, tokens);
  return {
    loss,
    entropy: share(entropy),
    ...(kl && { kl: share(distance) }),
    'clip_ratio/low_mean': share(low),
    'clip_ratio/high_mean': share(high),
    'clip_ratio/region_mean': share(low + high + delta),
    tokens_with_gradient: free,
    'sampling/importance_sampling_ratio/mean': share(ratio),
  };
}

/** k3 estimate of KL(policy || other), per token, over samples of the policy (METHODS 5.9). */
export function divergence(logProbs: ArrayLike<number>, others: ArrayLike<number>): number {
  let sum = 0;
  for (let t = 0; t < logProbs.length; t++) {
    const d = Math.min(20, others[t]! - logProbs[t]!);
    sum += Math.expm1(d) - d;
  }
  return sum;
}
