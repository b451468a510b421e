// What one came for: the checkpoint plays a part, learns, or leaves as files.

import { useId, useState } from 'react';
import { ROLE_NAMES, ROLES, type Role } from '../../core/roles.ts';
import { checkpointTitle } from '../../experiment/catalogue.ts';
import { titled } from '../../state/format.ts';
import { useActions } from '../app.ts';
import { Icon } from '../parts/Icon.tsx';
import { useModels } from './useModels.ts';

export function UseIt({ id }: { id: string }) {
  const { use } = useModels();
  const { exportFile, exportFolder } = useActions();
  const as = useId();
  const [role, setRole] = useState<Role>('small');
  const name = checkpointTitle(id);
  return (
    <div className="use-it">
      <span className="as">
        <label htmlFor={as}>As</label>
        <select id={as} value={role} onChange={({ target }) => setRole(target.value as Role)}>
          {ROLES.map((one) => (
            <option key={one} value={one}>
              {titled(ROLE_NAMES[one])}
            </option>
          ))}
        </select>
      </span>
      <button type="button" className="button" onClick={() => use(id, role, 'generate')}>
        <Icon name="run" />
        Decode with it
      </button>
      <button
        type="button"
        className="button"
        onClick={() => use(id, role === 'large' ? 'large' : 'small', 'train')}
      >
        Train it
      </button>
      <button type="button" className="button" onClick={() => exportFile(id, name)}>
        <Icon name="save" />
        Export as zip
      </button>
      {'showDirectoryPicker' in globalThis && (
        <button type="button" className="button" onClick={() => void exportFolder(id, name)}>
          <Icon name="open" />
          Export into a folder
        </button>
      )}
    </div>
  );
}
