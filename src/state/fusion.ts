// Dynamic logits fusion as numbers: how far alpha went at every token, how far that moved the large model, and how
// far it should have (METHODS 4.1 to 4.3).

import type { KlPair } from '../core/ops.ts';
import type { Role } from '../core/roles.ts';
import type { Experiment } from '../experiment/experiment.ts';
import { derived } from './derive.ts';
import { type Run, rolesOf } from './run.ts';
import { streamOf } from './tokenStream.ts';

export interface FusionPoint {
  /** Which token of the new text it is, counted from 1. */
  readonly n: number;
  readonly text: string;
  /** One per expert. */
  readonly alphas: readonly number[];
  /** fused || large and back, nats. */
  readonly moved: KlPair;
  /**
   * expert || small and back, nats, the mean over the experts: a loss that is a sum over experts is smallest where
   * the large model has moved as far as they have on average.
   */
  readonly wanted: KlPair;
  readonly edge?: 'low' | 'high';
}

const TUNED: readonly Role[] = ['expert', 'expert2', 'expert3', 'tuned'];
const BEFORE: readonly Role[] = ['antiExpert', 'untuned', 'small'];

/** The tuned models of a method that fuses, in the order of its alphas, and what they were tuned from. */
export function shiftOf(experiment: Experiment): {
  readonly experts: readonly Role[];
  readonly small: Role;
} {
  const roles = rolesOf(experiment);
  return {
    experts: TUNED.filter((role) => roles.includes(role)),
    small: BEFORE.find((role) => roles.includes(role)) ?? 'small',
  };
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

export const fusionPoints: (run: Run) => readonly FusionPoint[] = derived((run) => {
  const { cells, prompt } = streamOf(run);
  return cells.flatMap((cell) => {
    if (cell.kind !== 'token' || !cell.fusion) return [];
    const { alphas, moved, wanted, edge } = cell.fusion;
    return [
      {
        n: cell.at - prompt.length + 1,
        text: cell.text,
        alphas,
        moved,
        wanted: {
          there: mean(wanted.map(({ there }) => there)),
          back: mean(wanted.map(({ back }) => back)),
        },
        ...(edge && { edge }),
      },
    ];
  });
});

export interface FusionTotals {
  readonly tokens: number;
  /** Over tokens, of the sum of all experts' alphas. */
  readonly mean: number;
  readonly least: number;
  readonly most: number;
  /** Tokens at which alpha ran into an end of its range. */
  readonly low: number;
  readonly high: number;
}

/** Undefined before the first token. */
export const fusionTotals: (run: Run) => FusionTotals | undefined = derived((run) => {
  const points = fusionPoints(run);
  if (points.length === 0) return undefined;
  const strengths = points.map(({ alphas }) => alphas.reduce((sum, alpha) => sum + alpha, 0));
  const hits = (end: 'low' | 'high') => points.filter(({ edge }) => edge === end).length;
  return {
    tokens: points.length,
    mean: mean(strengths),
    least: Math.min(...strengths),
    most: Math.max(...strengths),
    low: hits('low'),
    high: hits('high'),
  };
});
