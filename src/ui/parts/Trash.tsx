// What was deleted and can still be taken back, beneath a list of what is kept. All that `Delete for good` would delete
// is named, whatever the list above is of.

import { useActions, usePage } from '../app.ts';
import { Icon } from './Icon.tsx';

/** @param of runs, or files: checkpoints and data */
export function Trash({ of }: { of: 'files' | 'runs' }) {
  const stored = usePage((state) => state.stored);
  const { restore, emptyTrash } = useActions();
  if (!stored) return null;
  const kept = of === 'runs' ? stored.runs : [...stored.checkpoints, ...stored.data];
  const items = kept.filter(({ deleted }) => deleted !== undefined);
  if (items.length === 0) return null;
  return (
    <div className="trash">
      <span className="fine">In the trash until the page is opened again:</span>
      {items.map(({ id, name }) => (
        <button
          key={id}
          type="button"
          className="button quiet"
          onClick={() => restore(id, name)}
          aria-label={`Restore ${name}`}
        >
          <Icon name="reset" />
          {name}
        </button>
      ))}
      <button type="button" className="button quiet" onClick={() => emptyTrash(of)}>
        <Icon name="bin" />
        Delete for good
      </button>
    </div>
  );
}
