// All checkpoints that there are: one's own, with what can be done to them, and the built-in ones.

import type { KeptCheckpoint } from '../../core/kept.ts';
import { checkpoints as builtIn } from '../../experiment/catalogue.ts';
import { bytes, parameterCount } from '../../state/format.ts';
import { originOf } from '../../state/origin.ts';
import { usePage } from '../app.ts';
import { NameField } from '../parts/NameField.tsx';
import { RowActions } from '../parts/RowActions.tsx';
import { Scroller } from '../parts/Scroller.tsx';
import { Trash } from '../parts/Trash.tsx';
import { useModels } from './useModels.ts';

export function Library() {
  const stored = usePage((state) => state.stored);
  const shown = usePage((state) => state.models.card?.id);
  const own = (stored?.checkpoints ?? []).filter(({ deleted }) => deleted === undefined);
  return (
    <>
      <section aria-labelledby="library-title">
        <div className="panel-head">
          <h2 id="library-title">In this browser</h2>
          <Meter />
        </div>
        {own.length === 0 ? (
          <p className="fine">
            Nothing yet. What you bring or train stays here, in this browser, and can play every
            part in every method, and be trained further.
          </p>
        ) : (
          <Scroller label="Checkpoints in this browser">
            <table className="library">
              <thead>
                <tr>
                  <th scope="col">Name</th>
                  <th scope="col">From</th>
                  <th scope="col" className="right">
                    Parameters
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
                {own.map((one) => (
                  <Own key={one.id} one={one} current={one.id === shown} />
                ))}
              </tbody>
            </table>
          </Scroller>
        )}
        <Trash of="files" />
      </section>
      <BuiltIn shown={shown} />
    </>
  );
}

function Own({ one, current }: { one: KeptCheckpoint; current: boolean }) {
  const { id, name, bytes: size, parameters } = one;
  const { show } = useModels();
  return (
    <tr aria-current={current || undefined}>
      <th scope="row">
        <NameField id={id} name={name} />
      </th>
      <td className="from">{originOf(one)}</td>
      <td className="number">{parameters > 0 ? parameterCount(parameters) : '–'}</td>
      <td className="number">{bytes(size)}</td>
      <RowActions id={id} name={name} exportAs="a zip file">
        <button
          type="button"
          className="button quiet"
          onClick={() => show(id)}
          aria-label={`Card of ${name}`}
        >
          Card
        </button>
      </RowActions>
    </tr>
  );
}

/** What is used of what the browser gives. */
function Meter() {
  const stored = usePage((state) => state.stored);
  const { stay } = useModels();
  if (!stored) return null;
  const { bytes: used, free, lasting, where, why } = stored;
  if (where === 'memory') return <p className="fine">In memory only, gone with this tab. {why}</p>;
  return (
    <div className="meter">
      {free !== undefined && (
        <meter
          min={0}
          max={used + free}
          value={used}
          aria-label="Space used of what the browser gives"
        />
      )}
      <span className="fine num">
        {bytes(used)}
        {free !== undefined && ` of ${bytes(used + free)}`}
      </span>
      {used > 0 && !lasting && (
        <button
          type="button"
          className="button quiet"
          onClick={() => void stay()}
          title="The browser may clear what is stored when it runs short of space, unless it is asked not to"
        >
          Ask the browser to keep it
        </button>
      )}
    </div>
  );
}

function BuiltIn({ shown }: { shown: string | undefined }) {
  const { show } = useModels();
  return (
    <section aria-labelledby="builtin-title">
      <h2 id="builtin-title">Built in</h2>
      <ul className="rows">
        {Object.entries(builtIn).map(([id, { title, parameters, bytes: size }]) => (
          <li key={id} aria-current={id === shown || undefined}>
            <span>
              {title}{' '}
              <span className="fine num">
                {parameterCount(parameters)}, {bytes(size)}
              </span>
            </span>
            <button
              type="button"
              className="button quiet"
              onClick={() => show(id)}
              aria-label={`Card of ${title}`}
            >
              Card
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
