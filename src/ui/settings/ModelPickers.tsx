// Who plays small and who plays large.

import type { Role } from '../../core/events.ts';
import { methods } from '../../experiment/catalogue.ts';
import { type Choice, choicesFor } from '../../state/choices.ts';
import { useActions, usePage } from '../app.ts';
import { Mark } from '../parts/Mark.tsx';

export function ModelPickers() {
  const experiment = usePage((state) => state.experiment);
  const used = methods[experiment.method].roles(experiment.params);
  const needed = (role: Role) => experiment.mode === 'evaluate' || used.includes(role);
  return (
    <fieldset>
      <legend className="legend">Models</legend>
      {(['small', 'large'] as const).map((role) => (
        <ModelPicker key={role} role={role} needed={needed(role)} />
      ))}
    </fieldset>
  );
}

function ModelPicker({ role, needed }: { role: Role; needed: boolean }) {
  const chosen = usePage((state) => state.experiment[role]);
  const stored = usePage((state) => state.stored);
  const { set } = useActions();
  const { builtIn, kept, missing } = choicesFor(chosen, stored);
  const about = [...builtIn, ...kept, ...missing].find(({ id }) => id === chosen)?.about;
  const option = ({ id, label }: Choice) => (
    <option key={id} value={id}>
      {label}
    </option>
  );
  return (
    <div className="model">
      <label htmlFor={`model-${role}`}>
        <Mark of={role} />
        {role === 'small' ? 'Small' : 'Large'}
        {!needed && <span className="fine">not used</span>}
      </label>
      <select
        id={`model-${role}`}
        value={chosen}
        title={about}
        onChange={({ target }) => set(role, target.value)}
      >
        {missing.map(option)}
        {kept.length === 0 ? (
          builtIn.map(option)
        ) : (
          <>
            <optgroup label="Trained here">{kept.map(option)}</optgroup>
            <optgroup label="Built in">{builtIn.map(option)}</optgroup>
          </>
        )}
      </select>
    </div>
  );
}
