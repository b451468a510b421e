// From rewards to advantages: how much better a completion was than the others for the same prompt (METHODS 5.6 and
// 5.8). A group that agrees teaches nothing: its advantages are exactly 0.

/** Added to the deviation before dividing by it, as in TRL. */
const EPSILON = 1e-4;

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** With n - 1 (Bessel); 0 for fewer than two. */
export function deviation(values: readonly number[]): number {
  if (values.length < 2) return 0;
  const centre = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - centre) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1));
}

/** Do all of them agree? Then the mean of equal numbers may differ from them by rounding, and must not. */
const agree = (values: readonly number[]) => values.every((value) => value === values[0]);

/** Minus the mean, and nothing else. */
export function centred(rewards: readonly number[]): readonly number[] {
  if (agree(rewards)) return rewards.map(() => 0);
  const centre = mean(rewards);
  return rewards.map((reward) => reward - centre);
}

export type Scaling = 'group' | 'batch' | 'none';

/** Group by group: (r - mean) / (deviation + 1e-4), the deviation that of the group or of the whole batch. */
export function groupAdvantages(
  groups: readonly (readonly number[])[],
  scaling: Scaling,
): readonly (readonly number[])[] {
  const whole = deviation(groups.flat());
  return groups.map((group) => {
    const divisor =
      scaling === 'none' ? 1 : (scaling === 'group' ? deviation(group) : whole) + EPSILON;
    return centred(group).map((difference) => difference / divisor);
  });
}

/** Of each token what follows it as well: sum_{i >= t} discount^(i - t) v_i; divided by its weights if `mean`. */
export function discounted(
  values: readonly number[],
  discount: number,
  normalise = false,
): readonly number[] {
  const sums = new Array<number>(values.length);
  let [sum, weight] = [0, 0];
  for (let t = values.length - 1; t >= 0; t--) {
    sum = values[t]! + discount * sum;
    weight = 1 + discount * weight;
    sums[t] = normalise ? sum / weight : sum;
  }
  return sums;
}
