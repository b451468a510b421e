// Curves over the steps of a training, as rows that a chart can draw: one per step, with a value of each curve where
// it has one.

import type { MetricName, PolicyRole, RewardPart } from '../core/policyEvents.ts';
import { METRICS, REWARD_PARTS } from '../core/policyEvents.ts';
import type { Look } from './contenders.ts';
import { titled } from './format.ts';
import {
  decaying,
  measuredRoles,
  POLICY_ROLES,
  type PolicyPoint,
  type PolicyState,
  TIME_PARTS,
} from './policy.ts';
import { thin } from './thin.ts';

export interface Curve {
  readonly key: string;
  readonly title: string;
  readonly look: Look;
  /** Thin and pale, behind the others: what another curve smooths. */
  readonly raw?: true;
  /** Measured now and then: a dot at each. */
  readonly dots?: true;
  /** Rows have an interval under `<key>Band`. */
  readonly band?: true;
}

export type CurveRow = { readonly step: number } & {
  readonly [key: string]: number | readonly [number, number] | undefined;
};

export interface Curves {
  readonly curves: readonly Curve[];
  readonly rows: readonly CurveRow[];
}

/** Points that a chart of this column is wide enough for. */
const WIDE = 200;

const rowsOf = (
  points: readonly PolicyPoint[],
  curves: readonly Curve[],
  value: (point: PolicyPoint, key: string) => number | undefined,
  weight?: (point: PolicyPoint) => number,
): readonly CurveRow[] =>
  curves.length === 0
    ? []
    : thin(points, weight, WIDE).map(
        (point) =>
          ({
            step: point.step,
            ...Object.fromEntries(curves.map(({ key }) => [key, value(point, key)])),
          }) as CurveRow,
      );

const ofRole = (role: PolicyRole): Curve => ({ key: role, title: titled(role), look: role });

/** A metric of each model that it was measured of, as it is: for what does not jump from step to step. */
export function plainCurves(state: PolicyState, name: MetricName): Curves {
  const curves = measuredRoles(state, name).map(ofRole);
  const value = ({ metrics }: PolicyPoint, key: string) => metrics[key as PolicyRole]?.[name];
  return { curves, rows: rowsOf(state.points, curves, value) };
}

/** A metric of each model that it was measured of: each step, pale, and smoothed. */
export function metricCurves(state: PolicyState, name: MetricName): Curves {
  const roles = measuredRoles(state, name);
  const curves: Curve[] = [
    ...roles.map(
      (role): Curve => ({
        ...ofRole(role),
        key: `${role}Raw`,
        title: `${titled(role)}, each step`,
        raw: true,
      }),
    ),
    ...roles.map((role): Curve => ({ ...ofRole(role), title: `${titled(role)}, smoothed` })),
  ];
  const smooth = new Map(
    roles.map((role) => {
      const mean = decaying();
      const by = new Map<number, number>();
      for (const { step, metrics } of state.points) {
        const value = metrics[role]?.[name];
        if (value !== undefined) by.set(step, mean(value));
      }
      return [role, by] as const;
    }),
  );
  const value = ({ step, metrics }: PolicyPoint, key: string) =>
    key.endsWith('Raw')
      ? metrics[key.slice(0, -'Raw'.length) as PolicyRole]?.[name]
      : smooth.get(key as PolicyRole)?.get(step);
  const most = ({ metrics }: PolicyPoint) =>
    Math.max(...roles.map((role) => Math.abs(metrics[role]?.[name] ?? 0)));
  return { curves, rows: rowsOf(state.points, curves, value, most) };
}

const LOOK_OF_PART = {
  correctness: 'c1',
  format: 'c2',
  length: 'c3',
  distillation: 'c5',
} as const satisfies Readonly<Record<RewardPart, Look>>;

/** What one model's reward is made of, before weighting; parts that were 0 all along are left out. */
export function partCurves(state: PolicyState, role: PolicyRole): Curves {
  const of = (point: PolicyPoint, part: string) =>
    point.metrics[role]?.[`rewards/${part as RewardPart}/mean`];
  const parts = REWARD_PARTS.filter((part) =>
    state.points.some((point) => (of(point, part) ?? 0) !== 0),
  );
  const curves = parts.map(
    (part): Curve => ({
      key: part,
      title: METRICS[`rewards/${part}/mean`].label,
      look: LOOK_OF_PART[part],
    }),
  );
  return { curves, rows: rowsOf(state.points, curves, of) };
}

/** Share of held-out problems that are right, with its interval. */
export function accuracyCurves({ evaluations }: Pick<PolicyState, 'evaluations'>): Curves {
  const roles = POLICY_ROLES.filter((role) =>
    evaluations.some(({ accuracy }) => accuracy[role] !== undefined),
  );
  const curves = roles.map((role): Curve => ({ ...ofRole(role), dots: true, band: true }));
  const rows = evaluations.map(({ step, accuracy }) => {
    const values = roles.flatMap((role): (readonly [string, CurveRow[string]])[] => {
      const found = accuracy[role];
      return found
        ? [
            [role, found.accuracy],
            [`${role}Band`, [found.low, found.high]],
          ]
        : [];
    });
    return { step, ...Object.fromEntries(values) } as CurveRow;
  });
  return { curves, rows: curves.length === 0 ? [] : rows };
}

/** Mean, shortest and longest completion of whoever writes: a model that only learns from them has no others. */
export function lengthCurves(state: PolicyState): Curves {
  const measured = measuredRoles(state, 'completions/mean_length');
  const writers = measured.filter((role) => (state.generated[role] ?? 0) > 0);
  const curves = (writers.length > 0 ? writers : measured).map(
    (role): Curve => ({ ...ofRole(role), band: true }),
  );
  const rows = rowsOf(
    state.points,
    curves,
    ({ metrics }, key) => metrics[key as PolicyRole]?.['completions/mean_length'],
  );
  const at = new Map(state.points.map((point) => [point.step, point]));
  return {
    curves,
    rows: rows.map((row) => {
      const bands = curves.flatMap(({ key }) => {
        const found = at.get(row.step)?.metrics[key as PolicyRole];
        const low = found?.['completions/min_length'];
        const high = found?.['completions/max_length'];
        return low === undefined || high === undefined ? [] : [[`${key}Band`, [low, high]]];
      });
      return { ...row, ...Object.fromEntries(bands) } as CurveRow;
    }),
  };
}

export function speedCurves(state: PolicyState): Curves {
  const curves: Curve[] = state.points.some(({ tokensPerSecond }) => tokensPerSecond !== undefined)
    ? [{ key: 'speed', title: 'tokens written per second', look: 'c1' }]
    : [];
  return { curves, rows: rowsOf(state.points, curves, (point) => point.tokensPerSecond) };
}

/** Tokens that each model has written so far. */
export function writtenCurves(state: PolicyState): Curves {
  const curves = POLICY_ROLES.filter((role) => (state.generated[role] ?? 0) > 0).map(ofRole);
  const value = ({ generated }: PolicyPoint, key: string) => generated[key as PolicyRole];
  return { curves, rows: rowsOf(state.points, curves, value) };
}

export const TIME_TITLES = {
  rollout: 'rollout',
  scoring: 'scoring',
  backward: 'backward',
  update: 'update',
  own: 'own',
  evaluation: 'evaluation',
} as const satisfies Readonly<Record<(typeof TIME_PARTS)[number], string>>;

const LOOK_OF_TIME = ['c1', 'c2', 'c3', 'c5', 'c4'] as const;

/** Milliseconds of each step by kind, evaluations left out. */
export function timeCurves(state: PolicyState): Curves {
  const parts = TIME_PARTS.filter(
    (part) => part !== 'evaluation' && state.points.some(({ times }) => times[part] > 0),
  );
  const curves = parts.map(
    (part, i): Curve => ({
      key: part,
      title: TIME_TITLES[part],
      look: LOOK_OF_TIME[i % LOOK_OF_TIME.length]!,
    }),
  );
  const value = ({ times }: PolicyPoint, key: string) => times[key as keyof typeof times];
  return { curves, rows: rowsOf(state.points, curves, value) };
}
