// The guided tour: a card that says what is seen at this stop, with links to the others.

import { linkAt, STOPS } from '../../state/parameters/tour.ts';
import { Icon } from '../parts/Icon.tsx';
import { useBench, useDials } from './useBench.ts';

export function Tour() {
  const { tour } = useDials();
  const { setDials } = useBench();
  const stop = STOPS[tour - 1];
  if (!stop) {
    return (
      <p className="fine">
        New here? <a href={linkAt(1)}>Take the five-minute tour</a>: {STOPS.length} stops through
        everything that can be done in this place.
      </p>
    );
  }
  return (
    <section className="tour" aria-labelledby="tour-title">
      <div className="panel-head">
        <h2 id="tour-title">
          <span className="muted num">
            {tour} of {STOPS.length}
          </span>{' '}
          {stop.title}
        </h2>
        <button
          type="button"
          className="button bare"
          aria-label="End the tour"
          onClick={() => setDials({ tour: 0 })}
        >
          <Icon name="close" />
        </button>
      </div>
      {stop.text.map((paragraph) => (
        <p key={paragraph}>{paragraph}</p>
      ))}
      <p>
        <b>Try it.</b> {stop.try}
      </p>
      {stop.source && (
        <p className="fine">
          Source:{' '}
          <a href={stop.source.url} target="_blank" rel="noreferrer">
            {stop.source.title}
          </a>
        </p>
      )}
      <nav className="tour-acts" aria-label="Stops of the tour">
        {tour > 1 && (
          <a className="button" href={linkAt(tour - 1)}>
            Back
          </a>
        )}
        {tour < STOPS.length ? (
          <a className="button primary" href={linkAt(tour + 1)}>
            Next: {STOPS[tour]!.title}
          </a>
        ) : (
          <button type="button" className="button primary" onClick={() => setDials({ tour: 0 })}>
            End of the tour
          </button>
        )}
        <ol className="tour-stops">
          {STOPS.map(({ title }, i) => (
            <li key={title}>
              <a
                href={linkAt(i + 1)}
                aria-label={`Stop ${i + 1}: ${title}`}
                {...(i + 1 === tour && { 'aria-current': 'step' as const })}
              >
                {i + 1}
              </a>
            </li>
          ))}
        </ol>
      </nav>
    </section>
  );
}
