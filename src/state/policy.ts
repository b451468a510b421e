// Training by reward as the charts and tables see it: one point per step with what was measured of each model, one
// per evaluation, marks where somebody or something intervened, where the time went. Functions of the run's events.

import type { KeptCheckpoint } from '../core/kept.ts';
import type {
  Accuracy,
  ByPolicy,
  MetricName,
  PolicyEvent,
  PolicyMetrics,
  PolicyRole,
  PolicyTimes,
} from '../core/policyEvents.ts';
import { derived } from './derive.ts';
import type { Run } from './run.ts';
import { type SampleRow, samplesOf } from './training.ts';

export const POLICY_ROLES = ['small', 'large'] as const satisfies readonly PolicyRole[];

export interface PolicyPoint {
  readonly step: number;
  readonly phase: 'together' | 'continued';
  readonly metrics: ByPolicy<PolicyMetrics>;
  /** Mean reward, averaged over the steps before with weights that halve every ten steps. */
  readonly smooth: ByPolicy<number>;
  /** Tokens that each model has written so far, this step included. */
  readonly generated: ByPolicy<number>;
  /** Tokens that were written in this step, per second of it. */
  readonly tokensPerSecond?: number;
  readonly times: PolicyTimes;
}

export interface PolicyEvaluation {
  readonly step: number;
  readonly accuracy: ByPolicy<Accuracy>;
}

/** Something that happened between two steps, to be drawn across the charts. */
export interface PolicyMark {
  /** Steps made by then. */
  readonly step: number;
  readonly role: PolicyRole;
  readonly kind: 'rate' | 'rows';
  /** One short sentence. */
  readonly text: string;
}

export type Divergence = Extract<PolicyEvent, { readonly type: 'diverged' }>;

export interface PolicyState {
  readonly steps: number;
  readonly step: number;
  /** Models that learn, in their usual order; known from the first event on. */
  readonly learners: readonly PolicyRole[];
  readonly parameters: ByPolicy<number>;
  readonly prompts: number;
  readonly samples: number;
  readonly kept: number;
  /** Distinct problems; absent for a task, which has no end. */
  readonly examples?: number;
  readonly heldOut: number;
  readonly points: readonly PolicyPoint[];
  readonly evaluations: readonly PolicyEvaluation[];
  readonly marks: readonly PolicyMark[];
  /** Milliseconds, added up. */
  readonly times: PolicyTimes;
  readonly generated: ByPolicy<number>;
  /** Prompts and completions that were learned from so far. */
  readonly tokens: number;
  /** Tokens written per second of training, evaluations left out. */
  readonly tokensPerSecond?: number;
  /** At the rate so far; absent in the beginning and at the end. */
  readonly msLeft?: number;
  readonly diverged?: Divergence;
  readonly unsaved?: { readonly step: number; readonly why: string };
  readonly checkpoints: ByPolicy<KeptCheckpoint>;
  readonly writtenBy: ByPolicy<readonly SampleRow[]>;
}

const HALF_LIFE = 10;
const NO_TIMES: PolicyTimes = {
  rollout: 0,
  scoring: 0,
  backward: 0,
  update: 0,
  own: 0,
  evaluation: 0,
};
export const TIME_PARTS = Object.keys(NO_TIMES) as (keyof PolicyTimes)[];
const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);
/** Without what only measures. */
export const learningTime = (times: PolicyTimes): number =>
  sum(TIME_PARTS.map((part) => (part === 'evaluation' ? 0 : times[part])));

export const policy = derived(compute);

function compute(run: Run): PolicyState {
  const points: PolicyPoint[] = [];
  const evaluations: PolicyEvaluation[] = [];
  const marks: PolicyMark[] = [];
  const checkpoints: Partial<Record<PolicyRole, KeptCheckpoint>> = {};
  const times: Record<keyof PolicyTimes, number> = { ...NO_TIMES };
  const means = { small: decaying(), large: decaying() };
  let since: Record<keyof PolicyTimes, number> = { ...NO_TIMES };
  let first: Extract<PolicyEvent, { readonly type: 'started' }> | undefined;
  let generated: ByPolicy<number> = {};
  let tokens = 0;
  let diverged: Divergence | undefined;
  let unsaved: PolicyState['unsaved'];
  for (const event of run.events) {
    if (event.type === 'kept' && isPolicyRole(event.role))
      checkpoints[event.role] = event.checkpoint;
    if (event.type !== 'policy') continue;
    for (const part of TIME_PARTS) {
      times[part] += event.times[part];
      since[part] += event.times[part];
    }
    const news = event.event;
    switch (news.type) {
      case 'started':
        first = news;
        break;
      case 'step': {
        const written = sum(POLICY_ROLES.map((role) => news.generated[role] ?? 0));
        generated = added(generated, news.generated);
        tokens = news.tokens;
        const ms = learningTime(since);
        points.push({
          step: news.step,
          phase: news.phase,
          metrics: news.metrics,
          smooth: mapped((role) => {
            const reward = news.metrics[role]?.reward;
            return reward === undefined ? undefined : means[role](reward);
          }),
          generated,
          times: { ...since },
          ...(ms > 0 && { tokensPerSecond: (1000 * written) / ms }),
        });
        since = { ...NO_TIMES };
        break;
      }
      case 'evaluated':
        evaluations.push({ step: news.step, accuracy: news.accuracy });
        break;
      case 'adjusted':
        marks.push({ step: news.step, role: news.role, kind: 'rate', text: rateText(news) });
        break;
      case 'smallerPasses':
        marks.push({ step: news.step, role: news.role, kind: 'rows', text: rowsText(news) });
        break;
      case 'unsaved':
        unsaved = { step: news.step, why: news.why };
        break;
      case 'savedAgain':
        unsaved = undefined;
        break;
      case 'diverged':
        diverged = news;
        break;
      default:
    }
  }
  const step = points.at(-1)?.step ?? first?.done ?? 0;
  const steps = first?.steps ?? 0;
  const learning = learningTime(times);
  const written = sum(POLICY_ROLES.map((role) => generated[role] ?? 0));
  const each = points.length > 0 ? (learning + times.evaluation) / points.length : 0;
  const left = each * (steps - step);
  return {
    steps,
    step,
    learners: POLICY_ROLES.filter((role) => first?.parameters[role] !== undefined),
    parameters: first?.parameters ?? {},
    prompts: first?.prompts ?? 0,
    samples: first?.samples ?? 0,
    kept: first?.kept ?? 0,
    heldOut: first?.heldOut ?? 0,
    ...(first?.examples !== undefined && { examples: first.examples }),
    points,
    evaluations,
    marks,
    times,
    generated,
    tokens,
    checkpoints,
    writtenBy: mapped((role) => {
      if (first?.parameters[role] === undefined) return undefined;
      const rows = samplesOf(run.events, role);
      return rows.length > 0 ? rows : undefined;
    }),
    ...(written > 0 && learning > 0 && { tokensPerSecond: (1000 * written) / learning }),
    ...(left > 0 && !diverged && { msLeft: left }),
    ...(diverged && { diverged }),
    ...(unsaved && { unsaved }),
  };
}

const isPolicyRole = (role: string): role is PolicyRole => role === 'small' || role === 'large';

function mapped<T>(of: (role: PolicyRole) => T | undefined): ByPolicy<T> {
  const known = POLICY_ROLES.flatMap((role) => {
    const value = of(role);
    return value === undefined ? [] : [[role, value] as const];
  });
  return Object.fromEntries(known) as ByPolicy<T>;
}

const added = (a: ByPolicy<number>, b: ByPolicy<number>): ByPolicy<number> =>
  mapped((role) =>
    a[role] === undefined && b[role] === undefined ? undefined : (a[role] ?? 0) + (b[role] ?? 0),
  );

/** A mean in which what was counts half as much after ten more. */
export function decaying(): (value: number) => number {
  const decay = 0.5 ** (1 / HALF_LIFE);
  let total = 0;
  let weight = 0;
  return (value) => {
    total = decay * total + value;
    weight = decay * weight + 1;
    return total / weight;
  };
}

/** 0.0005 -> "5e-4". */
export const shortRate = (rate: number): string =>
  rate !== 0 && Math.abs(rate) < 0.001
    ? Number(rate.toPrecision(2)).toExponential().replace('e-0', 'e-')
    : String(Number(rate.toPrecision(3)));

const rateText = ({ role, learningRate }: { role: PolicyRole; learningRate: number }) =>
  `${role}: learning rate ${shortRate(learningRate)}`;
const rowsText = ({ role, rows }: { role: PolicyRole; rows: number }) =>
  `${role}: memory was short, passes of ${rows} from here on`;

/** What was measured of a model in the last step that measured it. */
export function lastOf(
  { points }: Pick<PolicyState, 'points'>,
  role: PolicyRole,
  name: MetricName,
): number | undefined {
  return points.findLast(({ metrics }) => metrics[role]?.[name] !== undefined)?.metrics[role]?.[
    name
  ];
}

/** Has any step measured it? What never was is not drawn. */
export const measuredRoles = (
  { points }: Pick<PolicyState, 'points'>,
  name: MetricName,
): readonly PolicyRole[] =>
  POLICY_ROLES.filter((role) => points.some(({ metrics }) => metrics[role]?.[name] !== undefined));
