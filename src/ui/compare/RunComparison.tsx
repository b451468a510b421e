// Runs beside each other: what came of each, and the settings in which they differ, or all of them.

import { lazy, Suspense, useEffect, useMemo, useState } from 'react';
import { experimentOf, type KeptRow, placeText } from '../../state/keptRows.ts';
import { groupsOf } from '../../state/overlay.ts';
import type { Run } from '../../state/run.ts';
import { type ComparedRow, resultRows, settingRows } from '../../state/sideBySide.ts';
import { Icon } from '../parts/Icon.tsx';
import { Scroller } from '../parts/Scroller.tsx';
import { Results } from '../study/Results.tsx';
import { useCompare } from './useCompare.ts';

const Overlay = lazy(() => import('../study/Overlay.tsx'));

interface Props {
  readonly rows: readonly KeptRow[];
  readonly onClose: () => void;
}

export function RunComparison({ rows, onClose }: Props) {
  const { load } = useCompare();
  const [runs, setRuns] = useState<readonly Run[]>();
  const [all, setAll] = useState(false);
  const ids = rows.map(({ run }) => run.id).join('\n');
  useEffect(() => {
    let wanted = true;
    load(ids.split('\n')).then((read) => {
      if (wanted) setRuns(read);
    });
    return () => {
      wanted = false;
    };
  }, [ids, load]);
  // Trainings have curves that can be laid over each other.
  const groups = useMemo(() => groupsOf(runs ?? []), [runs]);
  const settings = settingRows(rows.map(({ run }) => experimentOf(run)));
  const differing = settings.filter(({ same }) => !same);
  const shown = all ? settings : differing;
  return (
    <section className="beside" aria-labelledby="beside-title">
      <div className="panel-head">
        <h2 id="beside-title">Beside each other</h2>
        <div className="segments" role="radiogroup" aria-label="Which settings">
          <label>
            <input type="radio" name="which" checked={!all} onChange={() => setAll(false)} />
            What differs
          </label>
          <label>
            <input type="radio" name="which" checked={all} onChange={() => setAll(true)} />
            All settings
          </label>
        </div>
        <button
          type="button"
          className="button bare icon"
          onClick={onClose}
          aria-label="Close the comparison"
        >
          <Icon name="close" />
        </button>
      </div>
      {groups.length > 0 && (
        <>
          <Results groups={groups} />
          <Suspense fallback={<p className="fine">The charts are loading.</p>}>
            <div className="overlay">
              <Overlay groups={groups} />
            </div>
          </Suspense>
        </>
      )}
      <Scroller label="Runs beside each other">
        <table className="compared">
          <thead>
            <tr>
              <td />
              {rows.map(({ run }) => (
                <th key={run.id} scope="col">
                  {run.name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            <Group title="Result" span={rows.length} />
            <tr>
              <th scope="row">Begun</th>
              {rows.map(({ run, when }) => (
                <td key={run.id} className="num">
                  {when}, {run.outcome}
                </td>
              ))}
            </tr>
            <tr>
              <th scope="row">Ran with</th>
              {rows.map(({ run }) => (
                <td key={run.id}>{placeText(run)}</td>
              ))}
            </tr>
            {runs?.length === rows.length && <Rows rows={resultRows(runs)} />}
            <Group title={all ? 'Settings' : 'Settings that differ'} span={rows.length} />
            {shown.length === 0 ? (
              <tr>
                <td colSpan={rows.length + 1} className="muted">
                  None: these runs ask the same.
                </td>
              </tr>
            ) : (
              <Rows rows={shown} mark={all} />
            )}
          </tbody>
        </table>
      </Scroller>
      {!runs && <p className="fine">Reading the runs.</p>}
    </section>
  );
}

const Group = ({ title, span }: { title: string; span: number }) => (
  <tr className="group">
    <th scope="rowgroup" colSpan={span + 1}>
      {title}
    </th>
  </tr>
);

/** @param mark whether rows that differ stand out among others */
function Rows({ rows, mark = false }: { rows: readonly ComparedRow[]; mark?: boolean }) {
  return rows.map(({ key, label, values, same }) => (
    <tr key={key} className={mark && !same ? 'differs' : ''}>
      <th scope="row">{label}</th>
      {values
        .map((value, at) => ({ at, value }))
        .map((one) => (
          <td key={one.at}>{one.value ?? '–'}</td>
        ))}
    </tr>
  ));
}
