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

/**
 * An axis from below `low` to above `high` with round ends and at most seven ticks.
 * @param most nothing lies beyond it: where all is there, the axis shows what is below
 */
export function spreadTicks(
  low: number,
  high: number,
  most = Number.POSITIVE_INFINITY,
): {
  readonly low: number;
  readonly high: number;
  readonly step: number;
  readonly ticks: number[];
} {
  // What differs by less looks the same in every label.
  const wide = Math.max(high - low, Math.max(Math.abs(high), 1) / 100);
  const step = roundStep(wide / 4);
  const begin = Math.floor(low / step + 1e-9);
  const first = (begin + 1) * step > most + 1e-9 ? begin - 1 : begin;
  const last = Math.max(first + 1, Math.ceil(high / step - 1e-9));
  const ticks = Array.from({ length: last - first + 1 }, (_, i) =>
    Number(((first + i) * step).toPrecision(12)),
  );
  return { low: ticks[0]!, high: ticks.at(-1)!, step, ticks };
}

/** The least of 1, 2, 5 times a power of ten that is not below `rough`. */
function roundStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  const steps = [1, 2, 5, 10].map((digit) => digit * power);
  return steps.find((step) => step >= rough * (1 - 1e-9)) ?? 1;
}
