// What a training came to: a checkpoint that can be used at once.

import { useId } from 'react';
import type { KeptCheckpoint } from '../../core/kept.ts';
import { ROLE_NAMES, type Role } from '../../core/roles.ts';
import { sameContent } from '../../experiment/names.ts';
import { isHere } from '../../state/choices.ts';
import { bytes, percent, plural } from '../../state/format.ts';
import { useActions, usePage } from '../app.ts';
import { Icon } from '../parts/Icon.tsx';
import { NameField } from '../parts/NameField.tsx';

interface Props {
  readonly checkpoint: KeptCheckpoint;
  readonly role: Role;
  /** Where several models learned. */
  readonly whose?: Role;
}

export function KeptCard({ checkpoint, role, whose }: Props) {
  const title = useId();
  const stored = usePage((state) => state.stored);
  const { use, compare, exportFile } = useActions();
  // Renamed or deleted meanwhile?
  const now = stored?.checkpoints.find(({ id }) => sameContent(id, checkpoint.id));
  const { id, name, step, scores, base } = now ?? checkpoint;
  if (now?.deleted !== undefined) return null;
  return (
    <section className="card kept" aria-labelledby={title}>
      <h2 id={title}>Kept as a checkpoint{whose !== undefined && `: ${ROLE_NAMES[whose]}`}</h2>
      <NameField id={id} name={name} />
      <p className="fine">
        {plural(step, 'step')}, {bytes(checkpoint.bytes)}
        {scores.accuracy !== undefined &&
          `, ${percent(scores.accuracy, 0)} right after step ${checkpoint.measuredAt}`}
        {checkpoint.temporary && '; in memory only, gone with this tab: export it'}
      </p>
      <div className="actions">
        <button type="button" className="button" onClick={() => use(id, role, 'generate')}>
          <Icon name="run" />
          Generate with it
        </button>
        {isHere(base, stored) && (
          <button type="button" className="button" onClick={() => compare(id, base, role)}>
            Compare with its base
          </button>
        )}
        <button type="button" className="button" onClick={() => use(id, role, 'train')}>
          Train it further
        </button>
        <button type="button" className="button" onClick={() => exportFile(id, name)}>
          <Icon name="save" />
          Export
        </button>
      </div>
    </section>
  );
}
