// Where the time of a training goes, as one bar and the same in words.

import { duration, percent } from '../../state/format.ts';

export interface TimePart {
  /** Names its colour. */
  readonly key: string;
  readonly title: string;
  readonly ms: number;
}

export function TimeSplit({ parts, note }: { parts: readonly TimePart[]; note?: string }) {
  const total = parts.reduce((sum, { ms }) => sum + ms, 0);
  if (total === 0) return null;
  let at = 0;
  return (
    <section aria-labelledby="time-title">
      <h2 id="time-title">Where the time goes</h2>
      <svg className="split" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
        {parts.map(({ key, ms }) => {
          const width = (100 * ms) / total;
          const x = at;
          at += width;
          return <rect key={key} className={key} x={x} width={width} height="10" />;
        })}
      </svg>
      <ul className="signs">
        {parts.map(({ key, title, ms }) => (
          <li key={key}>
            <svg width="12" height="12" className="split" aria-hidden="true">
              <rect className={key} width="12" height="12" />
            </svg>
            {title} {percent(ms / total)}, {duration(Math.round(ms))}
          </li>
        ))}
      </ul>
      {note !== undefined && <p className="fine">{note}</p>}
    </section>
  );
}
