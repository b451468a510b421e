// A chart with all that belongs to it: title, what the axes measure, what the signs mean, and the same
// numbers as a table.

import type { ReactNode } from 'react';
import { ResponsiveContainer } from 'recharts';
import { type Column, Twin } from '../parts/Twin.tsx';
import './charts.css';

interface Props<T> {
  readonly title: string;
  /** The same as other programs call it. */
  readonly metric?: string;
  /** What it shows, one short sentence. */
  readonly about: string;
  readonly legend?: ReactNode;
  readonly height?: number;
  readonly rows: readonly T[];
  readonly columns: readonly Column<T>[];
  readonly empty: string;
  readonly children: ReactNode;
}

export function Figure<T>({
  title,
  metric,
  about,
  legend,
  height = 164,
  rows,
  columns,
  empty,
  children,
}: Props<T>) {
  return (
    <figure className="figure">
      <figcaption>
        <h3>
          {title}
          {metric !== undefined && <code className="metric">{metric}</code>}
        </h3>
        <p className="fine">{about}</p>
        {legend && <ul className="signs">{legend}</ul>}
      </figcaption>
      {rows.length === 0 ? (
        <p className="fine nothing" style={{ height }}>
          {empty}
        </p>
      ) : (
        <ResponsiveContainer width="100%" height={height}>
          {children}
        </ResponsiveContainer>
      )}
      <Twin title={title} rows={rows} columns={columns} />
    </figure>
  );
}
