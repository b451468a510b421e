// The text of a bug report: enough to find the fault, nothing of what was written or read.

import type { Failure } from '../core/errors.ts';
import { rolesIn } from '../experiment/catalogue.ts';
import type { Experiment } from '../experiment/experiment.ts';
import { describeSettings } from './describe.ts';
import type { Run } from './run.ts';
import type { Hardware } from './store.ts';

export function diagnostic(run: Run, failure: Failure, hardware: Hardware | undefined): string {
  const { experiment, uses } = run;
  return [
    `${failure.code}: ${failure.message}`,
    `what to do: ${failure.remedy}`,
    `run ${run.id}: ${experiment.mode}, ${asked(experiment)}`,
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

/** Methods and knobs; names that somebody gave are left out. */
const asked = (experiment: Experiment): string =>
  experiment.mode === 'evaluate'
    ? experiment.contenders.map(({ method }) => method).join(', ')
    : `${experiment.method}, ${describeSettings(experiment)}`;
