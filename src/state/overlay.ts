// Trainings laid over each other: those that differ by their seed only are one group, a curve with a band. Where there
// are several seeds the band is Student's 95 % interval of their mean; with one it is the interval over its problems.

import { type Mean, meanInterval } from '../core/meanInterval.ts';
import type { PolicyRole } from '../core/policyEvents.ts';
import { learnersOf, learnsByReward, methods } from '../experiment/catalogue.ts';
import type { Experiment } from '../experiment/experiment.ts';
import { encode } from '../experiment/link.ts';
import { LOOKS, type Look } from './contenders.ts';
import type { Curve, CurveRow, Curves } from './curves.ts';
import { describeKnob } from './describe.ts';
import { POLICY_ROLES, policy } from './policy.ts';
import { activeMs, finalAccuracy } from './policyText.ts';
import type { Run } from './run.ts';
import { training } from './training.ts';

export interface RunGroup {
  readonly key: string;
  readonly name: string;
  readonly look: Look;
  /** By seed. */
  readonly runs: readonly Run[];
}

/** What the curves are drawn over. */
export const ACROSS = ['step', 'seconds', 'tokens'] as const;
export type Across = (typeof ACROSS)[number];

/** What trainings that differ by their seed only have in common. */
export const groupKey = (experiment: Experiment): string => encode({ ...experiment, seed: 0 });

/** A kind of training that is expected: it has its name and its look before there is any run of it. */
export interface Expected {
  readonly key: string;
  readonly name: string;
}

/** Trainings only; those that are expected in their order, then the others, each kind where its first run comes. */
export function groupsOf(
  runs: readonly Run[],
  expected: readonly Expected[] = [],
): readonly RunGroup[] {
  const byKey = new Map<string, Run[]>();
  for (const run of runs) {
    if (run.experiment.mode !== 'train') continue;
    const key = groupKey(run.experiment);
    byKey.set(key, [...(byKey.get(key) ?? []), run]);
  }
  const known = [...new Set([...expected.map(({ key }) => key), ...byKey.keys()])];
  const groups = known.flatMap((key, at) => {
    const own = byKey.get(key);
    return own ? [{ key, own, at }] : [];
  });
  const names = namesOf(groups.map(({ own: [first] }) => first!));
  return groups.map(({ key, own, at }, i) => ({
    // A chart takes dots in a key for a path.
    key: `group${at}`,
    name: expected.find((one) => one.key === key)?.name ?? names[i]!,
    look: LOOKS[at % LOOKS.length]!,
    runs: own.toSorted((a, b) => a.experiment.seed - b.experiment.seed),
  }));
}

/** The method, whom it trains where that can be chosen, and the knobs that set it apart from its like. */
function namesOf(firsts: readonly Run[]): readonly string[] {
  const plain = firsts.map(({ experiment: { method, params } }) =>
    params.model === undefined
      ? methods[method].title
      : `${methods[method].title}, ${params.model}`,
  );
  return firsts.map(({ experiment: { method, params } }, i) => {
    const like = firsts.filter((_, j) => plain[j] === plain[i]);
    const differing = Object.keys(params).filter((key) =>
      like.some(({ experiment }) => experiment.params[key] !== params[key]),
    );
    const knobs = differing.slice(0, 3).map((key) => describeKnob(method, key, params[key]!));
    const name = knobs.length === 0 ? plain[i]! : `${plain[i]}: ${knobs.join(', ')}`;
    const earlier = plain.slice(0, i).filter((other) => other === plain[i]).length;
    return knobs.length === 0 && earlier > 0 ? `${name} (${earlier + 1})` : name;
  });
}

/** A value at a place of a run, with what is known of it alone. */
interface At {
  readonly step: number;
  readonly seconds: number;
  readonly tokens: number;
  readonly value: number;
  readonly low?: number;
  readonly high?: number;
}

/** Accuracy at every evaluation, whatever kind of training it is. */
function accuracies(run: Run, role: PolicyRole): readonly At[] {
  const clock = clockOf(run);
  if (!learnsByReward(run.experiment.method)) {
    if (!learnersOf(run.experiment).includes(role)) return [];
    return training(run).evaluations.map(({ step, accuracy, interval }) => ({
      ...clock(step),
      value: accuracy,
      low: interval[0],
      high: interval[1],
    }));
  }
  const { learners, evaluations } = policy(run);
  if (!learners.includes(role)) return [];
  return evaluations.flatMap(({ step, accuracy }) => {
    const found = accuracy[role];
    return found
      ? [{ ...clock(step), value: found.accuracy, low: found.low, high: found.high }]
      : [];
  });
}

function rewards(run: Run, role: PolicyRole): readonly At[] {
  if (!learnsByReward(run.experiment.method)) return [];
  const clock = clockOf(run);
  return policy(run).points.flatMap(({ step, smooth }) => {
    const value = smooth[role];
    return value === undefined ? [] : [{ ...clock(step), value }];
  });
}

/** Active seconds of learning, and tokens written, when so many steps were made. */
function clockOf(run: Run): (step: number) => Pick<At, 'step' | 'seconds' | 'tokens'> {
  const at = new Map<number, { seconds: number; tokens: number }>();
  let ms = 0;
  let tokens = 0;
  for (const one of run.events) {
    if (one.type === 'policy') {
      ms += one.ms - one.times.evaluation;
      if (one.event.type !== 'step') continue;
      for (const role of POLICY_ROLES) tokens += one.event.generated[role] ?? 0;
      at.set(one.event.step, { seconds: ms / 1000, tokens });
    } else if (one.type === 'train') {
      ms += one.ms - one.times.evaluation;
      if (one.event.type === 'step') at.set(one.event.step, { seconds: ms / 1000, tokens });
    }
  }
  return (step) => ({ step, ...(at.get(step) ?? { seconds: 0, tokens: 0 }) });
}

type Measure = (run: Run, role: PolicyRole) => readonly At[];

/** A curve for each group that has the measure; over the seeds, at the steps that all of them have. */
function overlay(
  groups: readonly RunGroup[],
  role: PolicyRole,
  measure: Measure,
  across: Across,
): Curves {
  const curves: Curve[] = [];
  const rows: CurveRow[] = [];
  for (const { key, name, look, runs } of groups) {
    const each = runs.map((run) => measure(run, role)).filter((points) => points.length > 0);
    const [first] = each;
    if (!first) continue;
    const dots = first.length <= 30;
    curves.push({ key, title: name, look, band: true, ...(dots && { dots: true as const }) });
    for (const { step } of first) {
      const here = each.flatMap((points) => points.find((point) => point.step === step) ?? []);
      if (here.length < each.length) continue;
      const { mean, low, high } = spreadOf(here);
      const x = here.reduce((sum, point) => sum + point[across], 0) / here.length;
      rows.push({
        step: x,
        [key]: mean,
        ...(low !== undefined && high !== undefined && { [`${key}Band`]: [low, high] }),
      } as CurveRow);
    }
  }
  return { curves, rows: merged(rows) };
}

function spreadOf(points: readonly At[]): { mean: number; low?: number; high?: number } {
  if (points.length > 1) return meanInterval(points.map(({ value }) => value));
  const [one] = points;
  const { value: mean = Number.NaN, low, high } = one ?? {};
  return low === undefined || high === undefined ? { mean } : { mean, low, high };
}

/** One row for each place, in order. */
function merged(rows: readonly CurveRow[]): readonly CurveRow[] {
  const byPlace = new Map<number, CurveRow>();
  for (const row of rows) byPlace.set(row.step, { ...byPlace.get(row.step), ...row });
  return [...byPlace.values()].sort((a, b) => a.step - b.step);
}

/** A share lies in [0, 1], and so does what is known of it. */
const within = ({ curves, rows }: Curves): Curves => ({
  curves,
  rows: rows.map((row) => {
    const bands = curves.flatMap(({ key }) => {
      const band = row[`${key}Band`];
      return typeof band === 'object'
        ? [[`${key}Band`, [Math.max(0, band[0]), Math.min(1, band[1])]] as const]
        : [];
    });
    return { ...row, ...Object.fromEntries(bands) } as CurveRow;
  }),
});

export const accuracyOverlay = (groups: readonly RunGroup[], role: PolicyRole, across: Across) =>
  within(overlay(groups, role, accuracies, across));
export const rewardOverlay = (groups: readonly RunGroup[], role: PolicyRole, across: Across) =>
  overlay(groups, role, rewards, across);

export interface GroupResult extends Pick<RunGroup, 'key' | 'name' | 'look'> {
  readonly seeds: number;
  /** Of the last evaluation, over the seeds; absent where the model does not learn. */
  readonly accuracy: Readonly<Partial<Record<PolicyRole, Pick<Mean, 'mean' | 'low' | 'high'>>>>;
  /** Of one training, evaluations left out; mean over the seeds. */
  readonly ms: number;
  /** Tokens that each model wrote in one training; mean over the seeds. */
  readonly generated: Readonly<Partial<Record<PolicyRole, number>>>;
  /** Time of GRPO for each of the models that it trains, over its own; where both are trained. */
  readonly speedUp?: number;
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, one) => sum + one, 0) / values.length;

/** Time that was spent learning. */
function learningMs(run: Run): number {
  if (learnsByReward(run.experiment.method)) return activeMs(run) - policy(run).times.evaluation;
  const { data, gradients, update } = training(run).times;
  return data + gradients + update;
}

function lastAccuracy(run: Run, role: PolicyRole) {
  if (learnsByReward(run.experiment.method)) {
    return finalAccuracy(run).find((one) => one.role === role);
  }
  const last = learnersOf(run.experiment).includes(role)
    ? training(run).evaluations.at(-1)
    : undefined;
  return last && { accuracy: last.accuracy, low: last.interval[0], high: last.interval[1] };
}

export function groupResults(groups: readonly RunGroup[]): readonly GroupResult[] {
  const results = groups.map(({ key, name, look, runs }): GroupResult => {
    const accuracy = POLICY_ROLES.flatMap((role) => {
      const found = runs.flatMap((run) => lastAccuracy(run, role) ?? []);
      if (found.length === 0) return [];
      const [one] = found;
      const spread =
        found.length > 1
          ? meanInterval(found.map((each) => each.accuracy))
          : { mean: one!.accuracy, low: one!.low, high: one!.high };
      const { mean: middle, low, high } = spread;
      return [[role, { mean: middle, low: Math.max(0, low), high: Math.min(1, high) }] as const];
    });
    const generated = POLICY_ROLES.flatMap((role) => {
      const written = runs.flatMap((run) => policy(run).generated[role] ?? []);
      return written.length === 0 ? [] : [[role, mean(written)] as const];
    });
    return {
      key,
      name,
      look,
      seeds: runs.length,
      accuracy: Object.fromEntries(accuracy),
      ms: mean(runs.map(learningMs)),
      generated: Object.fromEntries(generated),
    };
  });
  const alone = (role: PolicyRole) =>
    results[
      groups.findIndex(
        ({ runs: [run] }) =>
          run?.experiment.method === 'grpo' && run.experiment.params.model === role,
      )
    ]?.ms;
  const [small, large] = [alone('small'), alone('large')];
  return results.map((one, i) => {
    const experiment = groups[i]!.runs[0]!.experiment;
    const both = learnersOf(experiment).length > 1;
    if (!both || small === undefined || large === undefined || one.ms <= 0) return one;
    return { ...one, speedUp: (small + large) / one.ms };
  });
}

export interface Difference {
  readonly role: PolicyRole;
  /** CoDistill-GRPO minus GRPO, accuracy. */
  readonly mean: number;
  /** Of the mean over the seeds; absent with fewer than two. */
  readonly standardError?: number;
  /** Seeds that both have. */
  readonly seeds: number;
}

/** What learning together changes, seed by seed. */
export function differences(groups: readonly RunGroup[]): readonly Difference[] {
  const together = groups.find(({ runs: [run] }) => run?.experiment.method === 'codistillGrpo');
  if (!together) return [];
  return POLICY_ROLES.flatMap((role) => {
    const alone = groups.find(
      ({ runs: [run] }) =>
        run?.experiment.method === 'grpo' && run.experiment.params.model === role,
    );
    const pairs = together.runs.flatMap((run) => {
      const other = alone?.runs.find(({ experiment }) => experiment.seed === run.experiment.seed);
      const [a, b] = [lastAccuracy(run, role), other && lastAccuracy(other, role)];
      return a && b ? [a.accuracy - b.accuracy] : [];
    });
    if (pairs.length === 0) return [];
    const middle = mean(pairs);
    const squares = pairs.reduce((sum, one) => sum + (one - middle) ** 2, 0);
    return [
      {
        role,
        mean: middle,
        seeds: pairs.length,
        ...(pairs.length > 1 && {
          standardError: Math.sqrt(squares / (pairs.length - 1) / pairs.length),
        }),
      },
    ];
  });
}
