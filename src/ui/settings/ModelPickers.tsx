// Who plays small and who plays large.

import type { Role } from '../../core/events.ts';
import { checkpoints, isCheckpointId, methods } from '../../experiment/catalogue.ts';
import { bytes, parameterCount } from '../../state/format.ts';
import { useActions, usePage } from '../app.ts';
import { Mark } from '../parts/Mark.tsx';

const sizeOf = (id: string): string =>
  isCheckpointId(id)
    ? `${parameterCount(checkpoints[id].parameters)} parameters, ${bytes(checkpoints[id].bytes)}`
    : id;

export function ModelPickers() {
  const experiment = usePage((state) => state.experiment);
  const { set } = useActions();
  const used = methods[experiment.method].roles(experiment.params);
  const needed = (role: Role) => experiment.mode === 'evaluate' || used.includes(role);
  return (
    <fieldset>
      <legend className="legend">Models</legend>
      {(['small', 'large'] as const).map((role) => (
        <div className="model" key={role}>
          <label htmlFor={`model-${role}`}>
            <Mark of={role} />
            {role === 'small' ? 'Small' : 'Large'}
            {!needed(role) && <span className="fine">not used</span>}
          </label>
          <select
            id={`model-${role}`}
            value={experiment[role]}
            title={sizeOf(experiment[role])}
            onChange={({ target }) => set(role, target.value)}
          >
            {Object.entries(checkpoints).map(([id, checkpoint]) => (
              <option key={id} value={id}>
                {checkpoint.title}, {parameterCount(checkpoint.parameters)}
              </option>
            ))}
          </select>
        </div>
      ))}
    </fieldset>
  );
}
