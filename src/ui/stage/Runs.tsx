// Earlier runs of this session: to look at again, and to take their settings.

import { runRow } from '../../state/runRows.ts';
import { shownRun } from '../../state/store.ts';
import { useActions, usePage } from '../app.ts';
import { Scroller } from '../parts/Scroller.tsx';
import './runs.css';

export function Runs() {
  const runs = usePage((state) => state.runs);
  const shown = usePage(shownRun);
  const { view, adopt } = useActions();
  if (runs.length === 0) return null;
  return (
    <section aria-labelledby="runs-title">
      <h2 id="runs-title">Runs of this session</h2>
      <Scroller label="Runs">
        <table className="runs">
          <thead>
            <tr>
              <th scope="col">Run</th>
              <th scope="col">Method and settings</th>
              <th scope="col">Input</th>
              <th scope="col" className="right">
                Result
              </th>
              <th scope="col" className="right">
                Speed
              </th>
              <th scope="col" className="right">
                Speed-up
              </th>
              <th scope="col">
                <span className="unseen">Take its settings</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {runs
              .map(runRow)
              .reverse()
              .map((row) => (
                <tr key={row.id} aria-current={row.id === shown?.id}>
                  <th scope="row">
                    <button
                      type="button"
                      className="button quiet"
                      onClick={() => view(row.id)}
                      aria-label={`Show run ${row.id}`}
                    >
                      {row.id}
                    </button>
                  </th>
                  <td>
                    {row.method} <span className="fine">{row.knobs}</span>
                  </td>
                  <td className="input mono">{row.input}</td>
                  <td className="number">
                    {row.status === 'completed'
                      ? row.result
                      : `${row.result} ${row.status === 'watched' ? 'in another tab' : row.status}`}
                  </td>
                  <td className="number">{row.speed}</td>
                  <td className="number">{row.speedUp}</td>
                  <td className="right">
                    <button
                      type="button"
                      className="button quiet bare"
                      onClick={() => adopt(row.id)}
                      aria-label={`Use settings of run ${row.id}`}
                    >
                      Use settings
                    </button>
                  </td>
                </tr>
              ))}
          </tbody>
        </table>
      </Scroller>
    </section>
  );
}
