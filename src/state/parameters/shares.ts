// Shares of a whole as percentages that add up to exactly 100: what rounding leaves over goes to those that lost most
// (the largest remainder, or Hamilton's method).

export function percentages(counts: readonly number[], digits = 1): readonly number[] {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const units = 100 * 10 ** digits;
  if (total === 0) return counts.map(() => 0);
  const exact = counts.map((count) => (count / total) * units);
  const whole = exact.map(Math.floor);
  const left = units - whole.reduce((sum, n) => sum + n, 0);
  const byLoss = exact.map((x, i) => [x - whole[i]!, i] as const).sort((a, b) => b[0] - a[0]);
  for (const [, i] of byLoss.slice(0, Math.round(left))) whole[i]!++;
  return whole.map((n) => n / 10 ** digits);
}
