// What a training says of itself, a line at a time.

import type { TrainEvent } from '../src/core/trainEvents.ts';

type Step = Extract<TrainEvent, { type: 'step' }>;

/** @param since the step and the tokens since which `ms` have passed */
export function progressLine(
  name: string,
  steps: number,
  { step, loss, learningRate }: Step,
  since: { readonly step: number; readonly tokens: number },
  ms: number,
): string {
  const rate = (1000 * (step - since.step)) / ms;
  const parts = [
    `${name}: step ${step} of ${steps}`,
    `loss ${loss.toFixed(4)}`,
    `rate ${learningRate.toExponential(1)}`,
    `${rate.toFixed(1)} steps/s`,
    `${Math.round((1000 * since.tokens) / ms).toLocaleString('en-US')} tokens/s`,
    ...(step < steps ? [`${duration((steps - step) / rate)} left`] : []),
  ];
  return parts.join(', ');
}

/** Loss is of held-out examples, everything else a share. */
export function scoresLine(
  name: string,
  step: number,
  scores: Readonly<Record<string, number>>,
): string {
  const told = Object.entries(scores).map(([key, value]) =>
    key === 'loss' ? `held-out loss ${value.toFixed(4)}` : `${key} ${(100 * value).toFixed(1)} %`,
  );
  return `${name}: after step ${step}, ${told.join(', ')}`;
}

function duration(seconds: number): string {
  return seconds < 90 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`;
}
