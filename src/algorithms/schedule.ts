// Learning rates over the course of a run: a linear climb while the moments of the optimiser settle, then a
// constant or half a cosine (Loshchilov and Hutter, "SGDR", 2017, with one period and no restart).

export interface Schedule {
  readonly peak: number;
  readonly shape: 'cosine' | 'constant';
  /** Steps of the climb. */
  readonly warmup: number;
  /** Steps in all. */
  readonly steps: number;
  /** Share of the peak that the cosine ends at. */
  readonly floor: number;
}

/** The rate of step number `step`, from 0; the climb's last step has the peak, the last of all the floor. */
export function learningRate(
  { peak, shape, warmup, steps, floor }: Schedule,
  step: number,
): number {
  if (step < warmup) return (peak * (step + 1)) / warmup;
  if (shape === 'constant') return peak;
  const length = Math.max(1, steps - 1 - warmup);
  const done = Math.min(1, (step - warmup) / length);
  return peak * (floor + ((1 - floor) * (1 + Math.cos(Math.PI * done))) / 2);
}
