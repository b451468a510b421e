// Small and large beside a well-known model, all at one scale.

import { useRef, useState } from 'react';
import { LOOKED_AT, type LookedAt } from '../../core/dials.ts';
import { ROLE_NAMES } from '../../core/roles.ts';
import { quantity, titled } from '../../state/format.ts';
import { KNOWN_MODELS } from '../../state/parameters/known.ts';
import type { Opened } from '../../state/parameters/types.ts';
import { Mark } from '../parts/Mark.tsx';
import { Scroller } from '../parts/Scroller.tsx';
import { useWidth } from './useWidth.ts';

export function KnownSizes({ models }: { models: Readonly<Record<LookedAt, Opened | undefined>> }) {
  const [chosen, setChosen] = useState(0);
  const place = useRef<HTMLDivElement>(null);
  const width = Math.min(360, useWidth(place));
  const known = KNOWN_MODELS[chosen]!;
  const counts = LOOKED_AT.map((role) => ({ role, count: models[role]?.anatomy.parameters }));
  const most = Math.max(known.parameters, ...counts.map(({ count }) => count ?? 0));
  const side = (count: number) => (width - 4) * Math.sqrt(count / most);
  /** The chosen one, and all that fit in it, largest first. */
  const outlines = KNOWN_MODELS.filter(({ parameters }) => parameters <= known.parameters).toSorted(
    (a, b) => b.parameters - a.parameters,
  );
  return (
    <section aria-labelledby="known">
      <h2 id="known">Beside a model that you have heard of</h2>
      <label className="inline">
        Compare with{' '}
        <select value={chosen} onChange={({ target }) => setChosen(Number(target.value))}>
          {KNOWN_MODELS.map(({ name }, i) => (
            <option key={name} value={i}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <div ref={place}>
        <svg
          width={width}
          height={width}
          role="img"
          aria-label={`Squares to scale: the outlines are ${known.name} and smaller models; the table below has the numbers`}
          className="known"
        >
          {outlines.map(({ name, parameters }, i) => (
            <g key={name}>
              <rect
                x="2"
                y={width - 2 - side(parameters)}
                width={side(parameters)}
                height={side(parameters)}
                className="outline"
              />
              {readable(outlines, i, side) && (
                <text x={side(parameters) - 4} y={width + 12 - side(parameters)} textAnchor="end">
                  {name}
                </text>
              )}
            </g>
          ))}
          {counts
            .toSorted((a, b) => (b.count ?? 0) - (a.count ?? 0))
            .map(({ role, count }) => {
              // Nothing is drawn so small that it cannot be seen.
              const length = Math.max(1.5, side(count ?? 0));
              return (
                <rect
                  key={role}
                  x="2"
                  y={width - 2 - length}
                  width={length}
                  height={length}
                  className={`square ${role}`}
                />
              );
            })}
        </svg>
      </div>
      <p>
        {known.name} has {quantity(known.parameters)} parameters:{' '}
        {counts
          .filter(({ count }) => count)
          .map(({ role, count }) => `${ratio(known.parameters / count!)} ${ROLE_NAMES[role]}`)
          .join(', ')}
        .
      </p>
      <Scroller label="Well-known models and their sizes">
        <table>
          <thead>
            <tr>
              <th scope="col">Model</th>
              <th scope="col" className="right">
                Parameters
              </th>
              {LOOKED_AT.map((role) => (
                <th key={role} scope="col" className="right">
                  <Mark of={role} /> {titled(ROLE_NAMES[role])} fits in
                </th>
              ))}
              <th scope="col">Source</th>
            </tr>
          </thead>
          <tbody>
            {KNOWN_MODELS.map((one) => (
              <tr key={one.name}>
                <th scope="row" className="nowrap">
                  {one.name}
                </th>
                <td className="number">{quantity(one.parameters)}</td>
                {counts.map(({ role, count }) => (
                  <td key={role} className="number">
                    {count ? ratio(one.parameters / count) : '…'}
                  </td>
                ))}
                <td className="fine source">
                  <a href={one.url} target="_blank" rel="noreferrer">
                    {one.source}
                  </a>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroller>
      <p className="fine">
        Counts are worked out from the published architectures with the formulas above; tied heads
        are counted once.
      </p>
    </section>
  );
}

/** Is there room for its name below the upper edge? */
function readable(
  outlines: readonly { readonly parameters: number }[],
  i: number,
  side: (count: number) => number,
): boolean {
  const own = side(outlines[i]!.parameters);
  const next = outlines[i + 1];
  return own > 110 && (!next || own - side(next.parameters) > 16);
}

const ratio = (times: number): string =>
  `${times >= 100 ? quantity(Math.round(times)) : times.toPrecision(2)} ×`;
