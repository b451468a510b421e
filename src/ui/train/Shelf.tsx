// What stays in this browser: checkpoints that were trained here, and data files.

import { bytes, parameterCount, percent } from '../../state/format.ts';
import { originOf } from '../../state/origin.ts';
import { usePage } from '../app.ts';
import { NameField } from '../parts/NameField.tsx';
import { RowActions } from '../parts/RowActions.tsx';
import { Scroller } from '../parts/Scroller.tsx';
import { Trash } from '../parts/Trash.tsx';
import './train.css';

export function Shelf() {
  const stored = usePage((state) => state.stored);
  const waiting = usePage((state) => state.waiting);
  if (!stored || stored.checkpoints.length + stored.data.length === 0) return null;
  const here = stored.checkpoints.filter(({ deleted }) => deleted === undefined);
  const data = stored.data.filter(({ deleted }) => deleted === undefined);
  const exporting = Object.values(waiting).find(({ type }) => type === 'export');
  return (
    <section aria-labelledby="shelf-title">
      <div className="panel-head">
        <h2 id="shelf-title">Kept in this browser</h2>
        <span className="fine num">
          {bytes(stored.bytes)}
          {stored.free !== undefined && ` of ${bytes(stored.bytes + stored.free)}`}
        </span>
      </div>
      {stored.where === 'memory' && (
        <p className="fine">In memory only, gone with this tab. {stored.why}</p>
      )}
      {exporting && (
        <progress
          aria-label={`Exporting ${exporting.what}`}
          {...(exporting.done === undefined ? {} : { value: exporting.done, max: 1 })}
        />
      )}
      <Scroller label="Checkpoints and data files">
        <table className="shelf">
          <thead>
            <tr>
              <th scope="col">Name</th>
              <th scope="col">From</th>
              <th scope="col" className="right">
                Parameters
              </th>
              <th scope="col" className="right">
                Right
              </th>
              <th scope="col" className="right">
                Size
              </th>
              <th scope="col">
                <span className="unseen">Actions</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {here.map((one) => {
              const { id, name, parameters, scores, bytes: size } = one;
              return (
                <tr key={id}>
                  <th scope="row">
                    <NameField id={id} name={name} />
                  </th>
                  <td>{originOf(one)}</td>
                  <td className="number">{parameters > 0 ? parameterCount(parameters) : '–'}</td>
                  <td className="number">
                    {scores.accuracy === undefined ? '–' : percent(scores.accuracy, 0)}
                  </td>
                  <td className="number">{bytes(size)}</td>
                  <RowActions id={id} name={name} exportAs="a zip file" />
                </tr>
              );
            })}
            {data.map(({ id, name, bytes: size }) => (
              <tr key={id}>
                <th scope="row">
                  <NameField id={id} name={name} />
                </th>
                <td>data file</td>
                <td className="number">–</td>
                <td className="number">–</td>
                <td className="number">{bytes(size)}</td>
                <RowActions id={id} name={name} exportAs="JSON Lines" />
              </tr>
            ))}
          </tbody>
        </table>
      </Scroller>
      <Trash of="files" />
    </section>
  );
}
