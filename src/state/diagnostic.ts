// The text of a bug report: enough to find the fault, nothing of what was written or read.

import type { Failure } from '../core/errors.ts';
import { rolesIn } from '../experiment/catalogue.ts';
import { describeKnobs } from './describe.ts';
import type { Run } from './run.ts';
import type { Hardware } from './store.ts';

export function diagnostic(run: Run, failure: Failure, hardware: Hardware | undefined): string {
  const { experiment, uses } = run;
  return [
    `${failure.code}: ${failure.message}`,
    `what to do: ${failure.remedy}`,
    `run ${run.id}: ${experiment.mode}, ${experiment.method}, ${describeKnobs(experiment)}`,
    `models: ${rolesIn(experiment)
      .map((role) => `${role} ${experiment[role]}`)
      .join(', ')}; seed ${experiment.seed}`,
    uses ? `on: ${uses.provider}, kernels ${uses.kernels}` : 'on: not known yet',
    hardware
      ? `hardware: ${hardware.deviceClass}, ${hardware.adapter || 'no adapter'}; ${hardware.features.join(' ')}`
      : 'hardware: not known yet',
    ...(failure.details ? ['', failure.details] : []),
  ].join('\n');
}
