// Contenders side by side: how good, how sure, how fast, at what cost.

import { ROLE_NAMES, type Role } from '../../core/roles.ts';
import { contenderName, lookOf } from '../../state/contenders.ts';
import {
  isVerifiable,
  rolesOfRun,
  type Tally,
  tallies,
  withdrawals,
} from '../../state/evaluation.ts';
import { bytes, percent, quantity, times } from '../../state/format.ts';
import type { Run } from '../../state/run.ts';
import { Mark } from '../parts/Mark.tsx';
import { Scroller } from '../parts/Scroller.tsx';
import './evaluate.css';

interface Props {
  readonly run: Run;
  /** These contenders; all, if it is left out. */
  readonly only?: readonly number[];
}

export function Scores({ run, only }: Props) {
  const all = tallies(run).filter(({ contender }) => only?.includes(contender) ?? true);
  const gone = withdrawals(run).filter(({ contender }) => only?.includes(contender) ?? true);
  if (all.length + gone.length === 0) return null;
  const roles = rolesOfRun(run).filter((role) => all.some(({ passes }) => passes[role]));
  const verifiable = isVerifiable(run.experiment);
  const drafting = all.some(({ fallbackShare }) => fallbackShare !== undefined);
  return (
    <section aria-label="Scores of the contenders">
      <Scroller label="Scores">
        <table className="scores">
          <thead>
            <tr>
              <th scope="col">Contender</th>
              <th scope="col" className="right">
                {verifiable ? 'Right' : 'Answers'}
              </th>
              <th scope="col" className="right">
                {verifiable ? 'Accuracy' : 'Mean reward'}
              </th>
              <th scope="col">95 % interval</th>
              <th scope="col" className="right">
                Tokens/s
              </th>
              <th scope="col" className="right">
                Speed-up
              </th>
              <th scope="col" className="right">
                Passes per problem, {roles.map((role) => ROLE_NAMES[role]).join(' + ')}
              </th>
              {run.uses?.kernels === 'webgpu' && (
                <th scope="col" className="right">
                  Read back per problem
                </th>
              )}
              {drafting && (
                <>
                  <th scope="col" className="right">
                    Fallback
                  </th>
                  <th scope="col" className="right">
                    Rollback
                  </th>
                </>
              )}
            </tr>
          </thead>
          <tbody>
            {all.map((tally) => (
              <Score
                key={tally.contender}
                run={run}
                tally={tally}
                roles={roles}
                drafting={drafting}
              />
            ))}
          </tbody>
        </table>
      </Scroller>
      {gone.map(({ contender, failure }) => (
        <p key={contender} className="wrong-setting" role="alert">
          <Mark of={lookOf(run.experiment, contender)} />
          {contenderName(run.experiment, contender)} takes no part. {failure.message}{' '}
          {failure.remedy}
        </p>
      ))}
    </section>
  );
}

const share = (value: number | undefined) => (value === undefined ? '–' : percent(value, 1));

function Score({
  run,
  tally,
  roles,
  drafting,
}: {
  run: Run;
  tally: Tally;
  roles: readonly Role[];
  drafting: boolean;
}) {
  const { contender, score, passes, answered } = tally;
  const { mean, low, high } = score;
  const verifiable = isVerifiable(run.experiment);
  return (
    <tr className={lookOf(run.experiment, contender)}>
      <th scope="row">
        <Mark of={lookOf(run.experiment, contender)} />
        {contenderName(run.experiment, contender)}
      </th>
      <td className="number">{verifiable ? `${tally.right} of ${answered}` : answered}</td>
      <td className="number">{percent(mean, 1)}</td>
      <td className="interval number">
        <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
          <rect y="4.5" width="100" height="1" className="track" />
          <rect x={100 * low} y="2" width={100 * (high - low)} height="6" className="span" />
          <rect x={100 * mean - 0.7} y="0" width="1.4" height="10" className="dot" />
        </svg>
        {(100 * low).toFixed(1)} – {percent(high, 1)}
      </td>
      <td className="number">
        {tally.tokensPerSecond === undefined ? '–' : quantity(Math.round(tally.tokensPerSecond))}
      </td>
      <td className="number strong">{tally.speedUp === undefined ? '–' : times(tally.speedUp)}</td>
      <td className="number">{roles.map((role) => (passes[role] ?? 0).toFixed(1)).join(' + ')}</td>
      {run.uses?.kernels === 'webgpu' && (
        <td className="number">{bytes(Math.round(tally.bytesReadBack))}</td>
      )}
      {drafting && (
        <>
          <td className="number">{share(tally.fallbackShare)}</td>
          <td className="number">{share(tally.rollbackShare)}</td>
        </>
      )}
    </tr>
  );
}
