// Round numbers for axes.

/** 1 and multiples of a round step up to `last`, at most about eight. */
export function placeTicks(last: number): readonly number[] {
  const step = roundStep(Math.max(1, last / 7));
  const ticks = [1];
  for (let tick = step; tick <= last; tick += step) if (tick > 1) ticks.push(tick);
  return ticks;
}

/** 0 and multiples of a round step up to `top`, at most six. */
export function ticksFromZero(top: number): readonly number[] {
  const step = roundStep(top / 5);
  return Array.from({ length: Math.floor(top / step + 1e-9) + 1 }, (_, i) => i * step);
}

/** The least of 1, 2, 5 times a power of ten that is not below `rough`. */
function roundStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  const steps = [1, 2, 5, 10].map((digit) => digit * power);
  return steps.find((step) => step >= rough * (1 - 1e-9)) ?? 1;
}
