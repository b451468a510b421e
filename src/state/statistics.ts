// The statistics table: rows of texts with units, the method beside the large model alone.

import { ROLE_NAMES } from '../core/roles.ts';
import { duration, percent, plural, quantity, THIN, titled } from './format.ts';
import { baselineOf, drafts, type Run, rolesOf, severalModels } from './run.ts';
import { summary } from './summary.ts';

export interface StatisticsRow {
  readonly name: string;
  /** What exactly was counted. */
  readonly meaning?: string;
  readonly method: string;
  /** The large model alone; absent when it makes no sense or is not known yet. */
  readonly alone?: string;
}

const NONE = '–';
const speed = (tokensPerSecond: number | undefined): string =>
  tokensPerSecond === undefined ? NONE : `${quantity(tokensPerSecond)}${THIN}tokens/s`;
const share = (value: number | undefined): string =>
  value === undefined ? NONE : percent(value, 1);

export function statistics(run: Run): readonly StatisticsRow[] {
  const { baseline, positions, passes, ...all } = summary(run);
  const compared = severalModels(run.experiment);
  const drafting = drafts(run.experiment);
  const roles = rolesOf(run.experiment);
  const timing = baselineOf(run)?.timing;
  const waiting = all.drafted - all.accepted - all.rolledBack;
  const row = (name: string, method: string, alone?: string, meaning?: string): StatisticsRow => ({
    name,
    method,
    ...(alone !== undefined && compared ? { alone } : {}),
    ...(meaning === undefined ? {} : { meaning }),
  });
  return [
    row('Tokens', quantity(all.tokens), baseline && quantity(baseline.tokens)),
    row(
      'Time',
      duration(all.ms),
      baseline && duration(baseline.ms),
      'Active time, pauses left out, prompt included.',
    ),
    // What the measured speed-up is made of, where the text was short enough to repeat.
    ...(timing && timing.rounds > 0
      ? [
          row(
            'Time, repeated',
            duration(timing.methodMs),
            duration(timing.largeMs),
            `${plural(timing.rounds, 'round')} in turns, when warm; the sum of each event’s median.`,
          ),
        ]
      : []),
    row('Speed', speed(all.tokensPerSecond), baseline && speed(baseline.tokensPerSecond)),
    ...roles.map((role) =>
      row(
        `${titled(ROLE_NAMES[role])} forward passes`,
        quantity(passes[role] ?? 0),
        baseline && (role === 'large' ? quantity(baseline.passes) : NONE),
        role === 'small' && drafting ? 'Those whose token was thrown away included.' : undefined,
      ),
    ),
    row(
      `Positions fed, ${roles.map((role) => ROLE_NAMES[role]).join(' + ')}`,
      positions ? roles.map((role) => quantity(positions[role] ?? 0)).join(' + ') : NONE,
      baseline &&
        roles.map((role) => (role === 'large' ? quantity(baseline.positions) : '0')).join(' + '),
      'Token positions over all passes.',
    ),
    ...(drafting
      ? [
          row(
            'Drafted = accepted + rolled back',
            `${all.drafted} = ${all.accepted} + ${all.rolledBack}${waiting > 0 ? ` + ${waiting}` : ''}`,
            undefined,
            waiting > 0 ? `${plural(waiting, 'token')} not yet judged.` : undefined,
          ),
          ...(run.experiment.params.fallbackThreshold === undefined
            ? []
            : [
                row(
                  'Fallback',
                  share(all.fallbackShare),
                  undefined,
                  'Share of small’s guesses below the fallback threshold.',
                ),
              ]),
          row(
            'Rollback',
            share(all.rollbackShare),
            undefined,
            'Share of drafted tokens struck out.',
          ),
        ]
      : []),
    ...(run.uses?.kernels === 'webgpu' && all.bytesReadBack !== undefined
      ? [row('Read back from the GPU', `${quantity(all.bytesReadBack)}${THIN}B`)]
      : []),
  ];
}
