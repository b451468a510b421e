// What the contenders of an evaluation are called.

import type { Contender } from '../core/events.ts';
import { methods } from '../experiment/catalogue.ts';
import type { Experiment } from '../experiment/experiment.ts';

export function contenderName(contender: Contender, { method, params }: Experiment): string {
  if (contender !== 'method') return `${contender} alone`;
  const { title } = methods[method];
  // "One model, sampling" needs to say which one.
  return typeof params.model === 'string' ? `${params.model}, sampling` : title;
}
