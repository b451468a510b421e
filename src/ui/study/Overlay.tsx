// Trainings laid over each other, as charts: accuracy of each model and reward, over steps, time or tokens written.

import { useState } from 'react';
import type { PolicyRole } from '../../core/policyEvents.ts';
import { duration, percent, quantity } from '../../state/format.ts';
import {
  ACROSS,
  type Across,
  accuracyOverlay,
  type RunGroup,
  rewardOverlay,
} from '../../state/overlay.ts';
import { CurveChart } from '../charts/CurveChart.tsx';

const TITLES: Readonly<Record<Across, string>> = {
  step: 'Steps',
  seconds: 'Time',
  tokens: 'Tokens written',
};
const AXES = {
  seconds: {
    label: 'time of learning',
    format: (seconds: number) => duration(Math.round(1000 * seconds)),
  },
  tokens: {
    label: 'tokens written',
    format: (tokens: number) => quantity(Math.round(tokens)),
  },
} as const;
const decimals = (value: number): string => String(Number(value.toFixed(3)));

export default function Overlay({ groups }: { groups: readonly RunGroup[] }) {
  const [across, setAcross] = useState<Across>('step');
  const steps = Math.max(
    2,
    ...groups.flatMap(({ runs }) => runs.map(({ experiment }) => Number(experiment.params.steps))),
  );
  const seeds = Math.max(1, ...groups.map(({ runs }) => runs.length));
  const band =
    seeds > 1
      ? 'Mean over the seeds, with Student’s 95 % interval'
      : 'One seed, with the 95 % interval over its problems';
  const common = {
    steps,
    ...(across !== 'step' && { across: AXES[across] }),
  };
  const accuracy = (role: PolicyRole) => {
    const curves = accuracyOverlay(groups, role, across);
    if (curves.curves.length === 0 && groups.length > 0) return null;
    return (
      <CurveChart
        {...common}
        {...curves}
        title={`Right answers, ${role}`}
        metric="eval_reward"
        about={`${band}: share of held-out problems that ${role} answers right.`}
        format={(value) => percent(value, 1)}
        shares
        height={210}
        empty={`A curve for each training of ${role}.`}
      />
    );
  };
  return (
    <>
      <fieldset className="across">
        <legend className="fine">Over</legend>
        <div className="segments">
          {ACROSS.map((one) => (
            <label key={one}>
              <input
                type="radio"
                name="across"
                checked={across === one}
                onChange={() => setAcross(one)}
              />
              {TITLES[one]}
            </label>
          ))}
        </div>
      </fieldset>
      {accuracy('small')}
      {accuracy('large')}
      <CurveChart
        {...common}
        {...rewardOverlay(groups, 'small', across)}
        title="Reward, small"
        metric="reward"
        about="Smoothed mean reward of a step’s completions; its parts differ between methods."
        format={decimals}
        empty="A curve for each training by reward."
      />
    </>
  );
}
