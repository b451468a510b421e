// Round numbers for an axis that counts places from 1.

/** 1 and multiples of a round step up to `last`, at most about eight. */
export function placeTicks(last: number): readonly number[] {
  const rough = last / 7;
  const power = 10 ** Math.floor(Math.log10(Math.max(1, rough)));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough) ?? 1;
  const ticks = [1];
  for (let tick = step; tick <= last; tick += step) if (tick > 1) ticks.push(tick);
  return ticks;
}
