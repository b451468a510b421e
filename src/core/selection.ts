// Which of the completions for a prompt are learned from. Down-sampling by the largest variance of the rewards is
// PODS (Xu et al., "Not all rollouts are useful", 2025, arXiv 2504.13818): the best and the worst teach most.

import { deviation, mean } from './advantages.ts';

export const SELECTIONS = ['maxVariance', 'farthest', 'highest', 'random', 'all'] as const;
export type Selection = (typeof SELECTIONS)[number];

/**
 * Indices of those that are kept, in the order in which the rule finds them; ties go to the lower index.
 * @param draws of `random`, one number in [0, 1) for each reward
 */
export function selected(
  rewards: readonly number[],
  count: number,
  rule: Selection,
  draws: readonly number[] = [],
): readonly number[] {
  const all = rewards.map((_, i) => i);
  if (rule === 'all' || count >= rewards.length) return all;
  const best = (value: (i: number) => number) =>
    all.toSorted((a, b) => value(b) - value(a) || a - b).slice(0, count);
  switch (rule) {
    case 'maxVariance':
      return mostVaried(rewards, count);
    case 'farthest': {
      const centre = mean(rewards);
      return best((i) => Math.abs(rewards[i]! - centre));
    }
    case 'highest':
      return best((i) => rewards[i]!);
    case 'random':
      return best((i) => -draws[i]!);
    default:
      return rule satisfies never;
  }
}

/** A set of the largest variance is some of the highest and some of the lowest. Of equals, the first that is found. */
function mostVaried(rewards: readonly number[], count: number): readonly number[] {
  const order = rewards.map((_, i) => i).toSorted((a, b) => rewards[b]! - rewards[a]! || a - b);
  const spread = (some: readonly number[]) => deviation(some.map((i) => rewards[i]!)) ** 2;
  let kept = order.slice(0, count);
  let most = spread(kept);
  for (let high = 0; high < count; high++) {
    const some = [...order.slice(0, high), ...order.slice(order.length - (count - high))];
    const variance = spread(some);
    if (variance > most) [kept, most] = [some, variance];
  }
  return kept;
}
