// The few numbers of a training by reward that are written large.

import type { MetricName, PolicyRole } from '../../core/policyEvents.ts';
import { duration, percent, plural, quantity, THIN, titled } from '../../state/format.ts';
import { lastOf, type PolicyState } from '../../state/policy.ts';

interface Props {
  readonly state: PolicyState;
  readonly learners: readonly PolicyRole[];
}

export function PolicyFigures({ state, learners }: Props) {
  const { evaluations, points, generated, step, samples, prompts, kept } = state;
  const first = evaluations[0];
  const last = evaluations.at(-1);
  const both = learners.length > 1;
  const name = (role: PolicyRole, what: string) =>
    both ? `${titled(role)}: ${what}` : titled(what);
  const lost = lastOf(state, 'large', 'clip_ratio/region_mean' satisfies MetricName);
  const written = (['small', 'large'] as const).flatMap((role) =>
    generated[role] === undefined ? [] : [`${quantity(generated[role])} by ${role}`],
  );
  return (
    <>
      <dl className="figures">
        {learners.map((role) => {
          const found = last?.accuracy[role];
          const before = first?.step === 0 ? first.accuracy[role] : undefined;
          return (
            <div key={role}>
              <dt>{name(role, 'right, held out')}</dt>
              <dd>{found ? percent(found.accuracy, 0) : '–'}</dd>
              <dd className="fine">
                {found
                  ? `${percent(found.low, 0)} to ${percent(found.high, 0)}, after ${last?.step}${before && last?.step !== 0 ? `; began at ${percent(before.accuracy, 0)}` : ''}`
                  : 'measured now and then'}
              </dd>
            </div>
          );
        })}
        {learners.map((role) => (
          <div key={`${role} reward`}>
            <dt>{name(role, 'reward, smoothed')}</dt>
            <dd>{points.at(-1)?.smooth[role]?.toFixed(3) ?? '–'}</dd>
            <dd className="fine">mean of a step’s completions</dd>
          </div>
        ))}
        {both && (
          <div className={lost !== undefined && lost > 0.5 ? 'alarm' : ''}>
            <dt>Large: tokens without gradient</dt>
            <dd>{lost === undefined ? '–' : percent(lost)}</dd>
            <dd className="fine">in the last step; at 100{THIN}% it learns nothing</dd>
          </div>
        )}
        <div>
          <dt>Speed</dt>
          <dd>
            {state.tokensPerSecond === undefined
              ? '–'
              : quantity(Math.round(state.tokensPerSecond))}
          </dd>
          <dd className="fine">
            tokens/s written
            {state.msLeft === undefined ? '' : `, ${duration(Math.round(state.msLeft))} left`}
          </dd>
        </div>
        <div>
          <dt>Completions</dt>
          <dd>{quantity(step * prompts * samples)}</dd>
          <dd className="fine">
            {written.length > 0 ? `${written.join(', ')}, in tokens` : 'tokens by each model'}
            {kept > 0 && kept < samples && `; ${kept} of ${samples} kept for each prompt`}
          </dd>
        </div>
      </dl>
      {both && (
        <p className="fine why">
          The large model learns from what the small one wrote, weighted by p_large / p_small. A
          token whose ratio leaves the range gives no gradient. That share makes or breaks it: when
          the two drift apart, nearly all tokens are clipped and the large model stands still. More
          distillation, a wider clip or a capped ratio brings them back.
        </p>
      )}
      {step > 0 && (
        <p className="fine why">
          The loss is near 0 at step 1, and should be: the ratio is 1 there and the advantages of a
          group add up to 0, so what is left is rounding. The gradient is not 0. Later, too, the
          loss says little; the reward and the held-out accuracy tell whether it learns.
          {state.examples !== undefined &&
            ` There are ${plural(state.examples, 'problem')} to learn from.`}
        </p>
      )}
    </>
  );
}
