// The stage of evaluate mode: contenders side by side, and every answer.

import { contenderName } from '../../state/contenders.ts';
import { evaluationProgress, type Tally, tallies } from '../../state/evaluation.ts';
import { percent, quantity, times } from '../../state/format.ts';
import type { Run } from '../../state/run.ts';
import { seenRun } from '../../state/store.ts';
import { usePage } from '../app.ts';
import { Mark } from '../parts/Mark.tsx';
import { Scroller } from '../parts/Scroller.tsx';
import { ErrorCard } from '../stage/ErrorCard.tsx';
import { Loading } from '../stage/Loading.tsx';
import { RunHead } from '../stage/RunHead.tsx';
import { Answers } from './Answers.tsx';
import './evaluate.css';

export function EvaluateStage({ run }: { run: Run }) {
  const shown = usePage(seenRun);
  return (
    <>
      {run.status === 'loading' && <Loading run={run} />}
      {run.status === 'failed' && <ErrorCard run={run} />}
      {shown && (
        <>
          <Progress run={shown} />
          <Scores run={shown} />
          <Answers run={shown} />
        </>
      )}
    </>
  );
}

function Progress({ run }: { run: Run }) {
  const { done, of } = evaluationProgress(run);
  return (
    <div>
      <RunHead run={run} />
      <progress aria-label="Problems answered" value={done} max={of} />
    </div>
  );
}

function Scores({ run }: { run: Run }) {
  const all = tallies(run);
  if (all.length === 0) return null;
  return (
    <section aria-labelledby="scores-title">
      <h2 id="scores-title">Side by side</h2>
      <Scroller label="Scores">
        <table className="scores">
          <thead>
            <tr>
              <th scope="col">Contender</th>
              <th scope="col" className="right">
                Right
              </th>
              <th scope="col" className="right">
                Accuracy
              </th>
              <th scope="col">95 % interval</th>
              <th scope="col" className="right">
                Tokens/s
              </th>
              <th scope="col" className="right">
                Speed-up
              </th>
              <th scope="col" className="right">
                Passes per problem, small + large
              </th>
              <th scope="col" className="right">
                Fallback
              </th>
              <th scope="col" className="right">
                Rollback
              </th>
            </tr>
          </thead>
          <tbody>
            {all.map((tally) => (
              <Score key={tally.contender} run={run} tally={tally} />
            ))}
          </tbody>
        </table>
      </Scroller>
    </section>
  );
}

const share = (value: number | undefined) => (value === undefined ? '–' : percent(value, 1));

function Score({ run, tally }: { run: Run; tally: Tally }) {
  const { low, high } = tally.interval;
  return (
    <tr className={tally.contender}>
      <th scope="row">
        <Mark of={tally.contender} />
        {contenderName(tally.contender, run.experiment)}
      </th>
      <td className="number">
        {tally.correct} of {tally.answered}
      </td>
      <td className="number">{percent(tally.accuracy, 1)}</td>
      <td className="interval number">
        <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
          <rect y="4.5" width="100" height="1" className="track" />
          <rect x={100 * low} y="2" width={100 * (high - low)} height="6" className="span" />
          <rect x={100 * tally.accuracy - 0.7} y="0" width="1.4" height="10" className="dot" />
        </svg>
        {(100 * low).toFixed(1)} – {percent(high, 1)}
      </td>
      <td className="number">
        {tally.tokensPerSecond === undefined ? '–' : quantity(Math.round(tally.tokensPerSecond))}
      </td>
      <td className="number strong">{tally.speedUp === undefined ? '–' : times(tally.speedUp)}</td>
      <td className="number">
        {tally.passes.small.toFixed(1)} + {tally.passes.large.toFixed(1)}
      </td>
      <td className="number">{share(tally.fallbackShare)}</td>
      <td className="number">{share(tally.rollbackShare)}</td>
    </tr>
  );
}
