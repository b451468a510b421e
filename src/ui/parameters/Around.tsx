// The numbers around a cell of a picture, as a table.

import { figure } from '../../state/parameters/sentences.ts';
import { Twin } from '../parts/Twin.tsx';

/** Rows and columns that are shown. */
const AROUND = 6;

interface AroundProps {
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  readonly row: number;
  readonly column: number;
  readonly valueAt: (row: number, column: number) => number | undefined;
}

export function Around({ name, rows, columns, row, column, valueAt }: AroundProps) {
  const from = Math.max(0, Math.min(row - 2, rows - AROUND));
  const start = Math.max(0, Math.min(column - 2, columns - AROUND));
  const lines = Array.from({ length: Math.min(AROUND, rows) }, (_, i) => from + i);
  const across = Array.from({ length: Math.min(AROUND, columns) }, (_, i) => start + i);
  return (
    <Twin
      title={`${name} around this cell`}
      rows={lines}
      columns={[
        { title: 'Row', of: (line) => line },
        ...across.map((one) => ({
          title: `Column ${one}`,
          of: (line: number) => {
            const value = valueAt(line, one);
            return value === undefined ? '…' : figure(value);
          },
        })),
      ]}
    />
  );
}
