// What can be done with a row of what is kept: what the list adds, taken out as a file, deleted.

import type { ReactNode } from 'react';
import { useActions } from '../app.ts';
import { Icon } from './Icon.tsx';

interface RowActionsProps {
  readonly id: string;
  readonly name: string;
  /** What a row is taken out as; absent where it is not. */
  readonly exportAs?: string;
  /** Stands before the others. */
  readonly children?: ReactNode;
}

export function RowActions({ id, name, exportAs, children }: RowActionsProps) {
  const { exportFile, remove } = useActions();
  return (
    <td className="row-actions">
      {children}
      {exportAs !== undefined && (
        <button
          type="button"
          className="button bare icon"
          onClick={() => exportFile(id, name)}
          aria-label={`Export ${name}`}
          title={`Export as ${exportAs}`}
        >
          <Icon name="save" />
        </button>
      )}
      <button
        type="button"
        className="button bare icon"
        onClick={() => remove(id, name)}
        aria-label={`Delete ${name}`}
        title="Into the trash"
      >
        <Icon name="bin" />
      </button>
    </td>
  );
}
