// What came of trainings that are compared: a row for each kind, over its seeds, and what learning together changes.

import type { PolicyRole } from '../../core/policyEvents.ts';
import { duration, percent, plural, quantity, THIN, times } from '../../state/format.ts';
import { differences, type GroupResult, groupResults, type RunGroup } from '../../state/overlay.ts';
import { Mark } from '../parts/Mark.tsx';
import { Scroller } from '../parts/Scroller.tsx';

export function Results({ groups }: { groups: readonly RunGroup[] }) {
  if (groups.length === 0) return null;
  const results = groupResults(groups);
  const accuracy = ({ accuracy: all }: GroupResult, role: PolicyRole) => {
    const found = all[role];
    return found ? (
      <>
        {percent(found.mean, 1)}
        <span className="fine range-line">
          {percent(found.low, 0)} to {percent(found.high, 0)}
        </span>
      </>
    ) : (
      '–'
    );
  };
  const written = ({ generated }: GroupResult, role: PolicyRole) =>
    generated[role] === undefined ? '–' : quantity(Math.round(generated[role]));
  const compared = results.find(({ speedUp }) => speedUp !== undefined);
  return (
    <section aria-labelledby="results-title">
      <h2 id="results-title">What came of them</h2>
      <Scroller label="Results of the trainings">
        <table className="study-results">
          <thead>
            <tr>
              <th scope="col">Training</th>
              <th scope="col" className="right">
                Seeds
              </th>
              <th scope="col" className="right">
                Small right
              </th>
              <th scope="col" className="right">
                Large right
              </th>
              <th scope="col" className="right">
                Time
              </th>
              <th scope="col" className="right">
                Tokens by small
              </th>
              <th scope="col" className="right">
                Tokens by large
              </th>
              <th scope="col" className="right">
                Speed-up
              </th>
            </tr>
          </thead>
          <tbody>
            {results.map((one) => (
              <tr key={one.key}>
                <th scope="row">
                  <Mark of={one.look} />
                  {one.name}
                </th>
                <td className="number">{one.seeds}</td>
                <td className="number">{accuracy(one, 'small')}</td>
                <td className="number">{accuracy(one, 'large')}</td>
                <td className="number">{duration(Math.round(one.ms))}</td>
                <td className="number">{written(one, 'small')}</td>
                <td className="number">{written(one, 'large')}</td>
                <td className="number">{one.speedUp === undefined ? '–' : times(one.speedUp)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroller>
      <p className="fine">
        Accuracy at the last evaluation, with its 95{THIN}% interval; time of one training without
        evaluations, mean over the seeds.{' '}
        {compared?.speedUp === undefined
          ? 'The speed-up is that of training both models together over training each by GRPO; it needs all three.'
          : `Training both together took 1/${compared.speedUp.toFixed(2)} of the time of training each by GRPO.`}
      </p>
      {differences(groups).map(({ role, mean, standardError, seeds }) => (
        <p key={role} className="fine">
          {role}: CoDistill-GRPO minus GRPO, seed by seed, {mean >= 0 ? '+' : '−'}
          {(100 * Math.abs(mean)).toFixed(1)} points
          {standardError === undefined
            ? ' (one seed: how sure that is, nobody knows)'
            : ` ± ${(100 * standardError).toFixed(1)} (standard error, ${plural(seeds, 'seed')})`}
          .
        </p>
      ))}
    </section>
  );
}
