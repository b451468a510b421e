// What a picture shows, as a table: for those who cannot see it, and for those who want the numbers.

import { useState } from 'react';
import { Scroller } from './Scroller.tsx';
import './twin.css';

export interface Column<T> {
  readonly title: string;
  readonly of: (row: T) => string | number;
}

interface Props<T> {
  readonly title: string;
  readonly rows: readonly T[];
  readonly columns: readonly Column<T>[];
}

export function Twin<T>(props: Props<T>) {
  // Hundreds of rows, several times a second, are made only for those who look at them.
  const [open, setOpen] = useState(false);
  return (
    <details className="twin" onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary className="fine">Numbers</summary>
      {open && <Numbers {...props} />}
    </details>
  );
}

function Numbers<T>({ title, rows, columns }: Props<T>) {
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
