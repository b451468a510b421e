// A chart with all that belongs to it: title, what the axes measure, what the signs mean, and the same
// numbers as a table.

import { type ReactNode, useState } from 'react';
import { ResponsiveContainer } from 'recharts';
import { Scroller } from '../parts/Scroller.tsx';
import './charts.css';

export interface Column<T> {
  readonly title: string;
  readonly of: (row: T) => string | number;
}

interface Props<T> {
  readonly title: string;
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
  about,
  legend,
  height = 164,
  rows,
  columns,
  empty,
  children,
}: Props<T>) {
  // Hundreds of rows, several times a second, are made only for those who look at them.
  const [open, setOpen] = useState(false);
  return (
    <figure className="figure">
      <figcaption>
        <h3>{title}</h3>
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
      <details className="twin" onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
        <summary className="fine">Numbers</summary>
        {open && <Numbers title={title} rows={rows} columns={columns} />}
      </details>
    </figure>
  );
}

function Numbers<T>({ title, rows, columns }: Pick<Props<T>, 'title' | 'rows' | 'columns'>) {
  // Series only grow at their end, so a row's place is its name.
  const numbered = rows.map((row, at) => ({ at, row }));
  return (
    <Scroller label={`Numbers: ${title}`}>
      <table>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.title} scope="col" className="right">
                {column.title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {numbered.map(({ at, row }) => (
            <tr key={at}>
              {columns.map((column) => (
                <td key={column.title} className="number">
                  {column.of(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Scroller>
  );
}
