// Where the time of a training goes, as one bar and the same in words.

import type { TrainTimes } from '../../core/trainEvents.ts';
import { duration, percent } from '../../state/format.ts';

const PARTS: readonly { readonly key: keyof TrainTimes; readonly title: string }[] = [
  { key: 'gradients', title: 'forward and backward' },
  { key: 'update', title: 'optimiser' },
  { key: 'data', title: 'examples' },
  { key: 'evaluation', title: 'evaluation' },
];

export function TimeSplit({ times }: { times: TrainTimes }) {
  const total = PARTS.reduce((sum, { key }) => sum + times[key], 0);
  if (total === 0) return null;
  let at = 0;
  return (
    <section aria-labelledby="time-title">
      <h2 id="time-title">Where the time goes</h2>
      <svg className="split" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
        {PARTS.map(({ key }) => {
          const width = (100 * times[key]) / total;
          const x = at;
          at += width;
          return <rect key={key} className={key} x={x} width={width} height="10" />;
        })}
      </svg>
      <ul className="signs">
        {PARTS.map(({ key, title }) => (
          <li key={key}>
            <svg width="12" height="12" className="split" aria-hidden="true">
              <rect className={key} width="12" height="12" />
            </svg>
            {title} {percent(times[key] / total)}, {duration(Math.round(times[key]))}
          </li>
        ))}
      </ul>
    </section>
  );
}
