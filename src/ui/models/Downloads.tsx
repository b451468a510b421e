// Downloads that were interrupted: what is here of them is not fetched again.

import { bytes } from '../../state/format.ts';
import { useActions, usePage } from '../app.ts';
import { Icon } from '../parts/Icon.tsx';
import { useModels } from './useModels.ts';

export function Downloads() {
  const downloads = usePage((state) => state.stored?.downloads);
  const busy = usePage((state) => state.models.hub?.state === 'fetching');
  const { goOn } = useModels();
  const { discard } = useActions();
  if (!downloads || downloads.length === 0 || busy) return null;
  return (
    <section aria-labelledby="downloads-title">
      <h2 id="downloads-title">Interrupted downloads</h2>
      <ul className="rows">
        {downloads.map((one) => (
          <li key={one.id}>
            <span>
              <b>{one.address}</b>{' '}
              <span className="fine num">
                {bytes(one.bytes)}
                {one.total !== undefined && ` of ${bytes(one.total)}`}
              </span>
            </span>
            <span className="actions">
              <button type="button" className="button quiet" onClick={() => void goOn(one)}>
                <Icon name="run" />
                Go on
              </button>
              <button
                type="button"
                className="button quiet"
                onClick={() => discard(one.id)}
                aria-label={`Discard the download of ${one.address}`}
              >
                <Icon name="bin" />
                Discard
              </button>
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
