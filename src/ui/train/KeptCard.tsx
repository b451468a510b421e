// What a training came to: a checkpoint that can be used at once.

import type { Role } from '../../core/events.ts';
import type { KeptCheckpoint } from '../../core/kept.ts';
import { bytes, percent, plural } from '../../state/format.ts';
import { useActions, usePage } from '../app.ts';
import { Icon } from '../parts/Icon.tsx';
import { NameField } from './NameField.tsx';

export function KeptCard({ checkpoint, role }: { checkpoint: KeptCheckpoint; role: Role }) {
  const stored = usePage((state) => state.stored);
  const { use, exportZip } = useActions();
  // Renamed or deleted meanwhile?
  const now = stored?.checkpoints.find(({ id }) => id.slice(0, 70) === checkpoint.id.slice(0, 70));
  const { id, name, step, scores } = now ?? checkpoint;
  if (now?.deleted !== undefined) return null;
  return (
    <section className="card kept" aria-labelledby="kept-title">
      <h2 id="kept-title">Kept as a checkpoint</h2>
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
        <button type="button" className="button" onClick={() => use(id, role, 'evaluate')}>
          Evaluate it
        </button>
        <button type="button" className="button" onClick={() => use(id, role, 'train')}>
          Train it further
        </button>
        <button type="button" className="button" onClick={() => exportZip(id, name)}>
          <Icon name="save" />
          Export
        </button>
      </div>
    </section>
  );
}
