// What came of a training by reward, in few words and as rows of a table.

import { METRICS, type MetricName, type PolicyRole } from '../core/policyEvents.ts';
import type { RunFigures } from '../core/runRecord.ts';
import { duration, percent, plural, quantity, THIN, titled } from './format.ts';
import { type Divergence, POLICY_ROLES, policy } from './policy.ts';
import { isActive, type Run } from './run.ts';

/** Its last evaluation, of each model that learns. */
export function finalAccuracy(run: Run) {
  const { evaluations, learners } = policy(run);
  const last = evaluations.at(-1);
  if (!last) return [];
  return POLICY_ROLES.filter((role) => learners.length === 0 || learners.includes(role)).flatMap(
    (role) => {
      const accuracy = last.accuracy[role];
      return accuracy ? [{ role, step: last.step, ...accuracy }] : [];
    },
  );
}

/** What diverged, as a sentence; and what to do about it. */
export function divergence(news: Divergence): { readonly what: string; readonly why: string } {
  const { step, role, what, tensor, gradNorm, usual } = news;
  const where = tensor === undefined ? '' : ` It is in ${tensor}.`;
  if (what !== 'spike') {
    return {
      what: `The ${what} of the ${role} model in step ${step} is no finite number.`,
      why: `${where} The step was not made: all models are at their last good weights.`.trim(),
    };
  }
  const sizes =
    gradNorm !== undefined && usual !== undefined
      ? ` It is ${quantity(gradNorm)} long, where ${quantity(usual)} was usual.`
      : '';
  const largest = tensor === undefined ? '' : ` The largest part is in ${tensor}.`;
  return {
    what: `The gradient of the ${role} model in step ${step} is far above what it was.`,
    why: `${sizes}${largest} The step was not made: all models are at their last good weights.`.trim(),
  };
}

export function policySteps(run: Run): string {
  const { step, steps, msLeft } = policy(run);
  if (run.status === 'completed') return plural(step, 'step');
  const left = run.status === 'running' && msLeft !== undefined;
  return `step ${step} of ${steps || Number(run.experiment.params.steps)}${left ? `, about ${duration(msLeft)} left` : ''}`;
}

export function policyNotice(run: Run): string {
  const { step, checkpoints, diverged } = policy(run);
  const names = POLICY_ROLES.flatMap((role) => checkpoints[role]?.name ?? []);
  const kept = names.length === 0 ? '' : ` Kept: ${names.join(', ')}.`;
  return diverged
    ? `Run ${run.id} ended: ${divergence(diverged).what}${kept}`
    : `Run ${run.id} finished: ${plural(step, 'step')}.${kept}`;
}

export function policyFigures(run: Run): RunFigures {
  const { step, tokensPerSecond } = policy(run);
  const found = finalAccuracy(run);
  const each = found.map(({ role, accuracy }) => `${role} ${percent(accuracy, 0)}`);
  return {
    result:
      found.length > 0
        ? `${each.join(', ')} after ${found[0]!.step}`
        : step > 0
          ? `step ${step}`
          : '',
    speed: tokensPerSecond === undefined ? '' : `${quantity(tokensPerSecond)}${THIN}tok/s`,
    speedUp: '',
  };
}

/** Active milliseconds of the whole training. */
export const activeMs = (run: Run): number =>
  Object.values(policy(run).times).reduce((all, one) => all + one, 0);

/** For runs beside each other. */
export function policyResults(run: Run): readonly (readonly [label: string, text: string])[] {
  const { step, generated, parameters } = policy(run);
  const of = (role: PolicyRole, what: string) => `${titled(role)}: ${what}`;
  return [
    ['Steps', quantity(step)],
    ...finalAccuracy(run).map(
      ({ role, accuracy, low, high }) =>
        [
          of(role, 'right, held out'),
          `${percent(accuracy, 1)} (${percent(low, 1)} to ${percent(high, 1)})`,
        ] as const,
    ),
    ...POLICY_ROLES.flatMap((role) =>
      generated[role] === undefined
        ? []
        : [[of(role, 'tokens written'), quantity(generated[role])] as const],
    ),
    ...POLICY_ROLES.flatMap((role) =>
      parameters[role] === undefined
        ? []
        : [[of(role, 'parameters'), quantity(parameters[role])] as const],
    ),
    ['Time', activeMs(run) > 0 || !isActive(run) ? duration(Math.round(activeMs(run))) : '–'],
  ];
}

type Row = Readonly<Record<string, string | number | undefined>>;

/** A row for each step, in TRL's names; with two models a column of each, begun by its role. */
export function policyRows(run: Run): readonly Row[] {
  const { points, evaluations, learners } = policy(run);
  const several = learners.length > 1;
  const name = (role: PolicyRole, metric: string) => (several ? `${role}/${metric}` : metric);
  const evaluated = new Map(evaluations.map((one) => [one.step, one]));
  const evaluation = (step: number): Row =>
    Object.fromEntries(
      POLICY_ROLES.flatMap((role) => {
        const found = evaluated.get(step)?.accuracy[role];
        return found ? [[name(role, 'eval_reward'), found.accuracy]] : [];
      }),
    );
  const rows = points.map((point): Row => {
    const ms = Object.values(point.times).reduce((all, one) => all + one, 0);
    const metrics = POLICY_ROLES.flatMap((role) =>
      (Object.keys(METRICS) as MetricName[]).flatMap((metric) => {
        const value = point.metrics[role]?.[metric];
        return value === undefined ? [] : [[name(role, metric), value] as const];
      }),
    );
    return {
      step: point.step,
      phase: point.phase,
      step_time: ms / 1000,
      ...Object.fromEntries(metrics),
      ...Object.fromEntries(
        POLICY_ROLES.flatMap((role) =>
          point.generated[role] === undefined ? [] : [[`generated/${role}`, point.generated[role]]],
        ),
      ),
      ...Object.fromEntries(
        Object.entries(point.times).map(([part, time]) => [`seconds/${part}`, time / 1000]),
      ),
      ...evaluation(point.step),
    };
  });
  return evaluated.has(0) ? [{ step: 0, ...evaluation(0) }, ...rows] : rows;
}
