// The stage of a comparison of trainings: which are here, which goes on, which wait; what came of them.

import { methods } from '../../experiment/catalogue.ts';
import { duration, percent, plural } from '../../state/format.ts';
import { policy } from '../../state/policy.ts';
import { policyFigures } from '../../state/policyText.ts';
import { isActive, type Run } from '../../state/run.ts';
import { figuresOf } from '../../state/runRows.ts';
import { statusLine } from '../../state/runStatus.ts';
import { isDone, type StudyRow } from '../../state/study.ts';
import { training } from '../../state/training.ts';
import { useActions, usePage } from '../app.ts';
import { useCompare } from '../compare/useCompare.ts';
import { Icon } from '../parts/Icon.tsx';
import { Scroller } from '../parts/Scroller.tsx';
import { Loading } from '../stage/Loading.tsx';
import { Results } from './Results.tsx';
import './study.css';
import { useStudy } from './useStudy.ts';

export function StudyStage() {
  const { rows, groups, reading } = useStudy();
  const done = rows.filter(isDone).length;
  const running = rows.find((row) => row.state === 'running');
  const queue = usePage((state) => state.queue);
  const { start, stop } = useActions();
  const { exportRuns, exportCsv } = useCompare();
  const kept = rows.flatMap((row) =>
    row.state === 'kept'
      ? [row.kept.id]
      : row.state === 'here' && row.run.kept
        ? [row.run.kept]
        : [],
  );
  const part = running?.state === 'running' ? shareOf(running.run) : 0;
  const left = timeLeft(rows);
  return (
    <>
      <section aria-labelledby="study-title">
        <div className="panel-head">
          <h2 id="study-title">
            {done} of {plural(rows.length, 'training')} here
          </h2>
          <span className="fine num">
            {left !== undefined && `about ${duration(left)} for the rest`}
          </span>
          <div className="actions">
            {queue ? (
              <button type="button" className="button quiet" onClick={stop}>
                <Icon name="stop" />
                Cancel; what there is stays
              </button>
            ) : (
              done < rows.length && (
                <button type="button" className="button primary" onClick={() => start()}>
                  <Icon name="run" />
                  {done === 0 ? 'Run all' : `Run the other ${rows.length - done}`}
                </button>
              )
            )}
            <button
              type="button"
              className="button quiet"
              disabled={kept.length === 0}
              title="Settings and every event; imported again, they give the same charts"
              onClick={() => exportRuns(kept)}
            >
              <Icon name="save" />
              JSON Lines
            </button>
            <button
              type="button"
              className="button quiet"
              disabled={kept.length === 0}
              title="A row for each step, for other programs"
              onClick={() => void exportCsv(kept)}
            >
              <Icon name="save" />
              CSV
            </button>
          </div>
        </div>
        <progress aria-label="Trainings made" value={done + part} max={Math.max(1, rows.length)} />
        {running?.state === 'running' && (
          <p className="fine num" data-testid="study-now">
            {running.name}, seed {running.seed}. {statusLine(running.run)}
          </p>
        )}
        {running?.state === 'running' && running.run.status === 'loading' && (
          <Loading run={running.run} />
        )}
        <Plans rows={rows} />
        {reading && <p className="fine">Reading the kept runs.</p>}
      </section>
      {rows.length === 0 && (
        <p className="fine">No training is to be compared: add one on the left.</p>
      )}
      {groups.length === 0 ? <Empty /> : <Results groups={groups} />}
    </>
  );
}

const shareOf = (run: Run): number => {
  const { step, steps } = run.events.some(({ type }) => type === 'policy')
    ? policy(run)
    : training(run);
  return steps > 0 ? Math.min(1, step / steps) : 0;
};

/** At the pace of those that this session has made, of the same plan. */
function timeLeft(rows: readonly StudyRow[]): number | undefined {
  let ms = 0;
  for (const row of rows) {
    if (isDone(row)) continue;
    const like = rows.find(
      (other) =>
        other.plan === row.plan && other.state === 'here' && other.run.status === 'completed',
    );
    if (like?.state !== 'here') return undefined;
    const took = like.run.events.reduce((sum, one) => sum + ('ms' in one ? one.ms : 0), 0);
    ms += row.state === 'running' ? took * (1 - shareOf(row.run)) : took;
  }
  return ms > 0 ? ms : undefined;
}

function Empty() {
  return (
    <section className="empty">
      <p>
        Nothing has been learned yet. Every training on the left begins at the same weights and sees
        the same held-out problems, once for each seed: different draws, different problems to learn
        from. They are made one after the other, seed by seed, so that there is something to compare
        early.
      </p>
      <p>
        {methods.codistillGrpo.title} claims to train a small and a large model together faster than
        GRPO trains each, with a better small one. The table and the curves say whether it does
        here. Every training is kept; what is here already, or comes in an imported file, is not
        made again.
      </p>
    </section>
  );
}

function Plans({ rows }: { rows: readonly StudyRow[] }) {
  const seeds = [...new Set(rows.map(({ seed }) => seed))];
  const plans = [...new Map(rows.map(({ plan, name }) => [plan, name]))];
  return (
    <Scroller label="Trainings by seed">
      <table className="plans">
        <thead>
          <tr>
            <th scope="col">Training</th>
            {seeds.map((seed) => (
              <th key={seed} scope="col" className="right">
                seed {seed}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {plans.map(([plan, name]) => (
            <tr key={plan}>
              <th scope="row">{name}</th>
              {rows
                .filter((row) => row.plan === plan)
                .map((row) => (
                  <td key={row.seed} className="number">
                    <Cell row={row} />
                  </td>
                ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Scroller>
  );
}

function Cell({ row }: { row: StudyRow }) {
  const { view } = useActions();
  const { openRun } = useCompare();
  const label = `Look at ${row.name}, seed ${row.seed}`;
  switch (row.state) {
    case 'waiting':
      return <span className="muted">waits</span>;
    case 'kept':
      return (
        <button
          type="button"
          className="button quiet"
          aria-label={label}
          onClick={() => void openRun(row.kept.id)}
        >
          {row.kept.result}
        </button>
      );
    default: {
      const { run } = row;
      const text = isActive(run)
        ? percent(shareOf(run), 0)
        : run.status === 'completed'
          ? (run.experiment.method === 'sft' ? figuresOf(run) : policyFigures(run)).result
          : run.status;
      return (
        <button
          type="button"
          className="button quiet"
          aria-label={`${label}: ${text}`}
          onClick={() => view(run.id)}
        >
          {text}
        </button>
      );
    }
  }
}
