// Who plays which part: a checkpoint for each model that the method asks for, and no other.

import { ROLE_NAMES, type Role } from '../../core/roles.ts';
import { methods, ownVocabularyIn, rolesIn } from '../../experiment/catalogue.ts';
import { type Choice, choicesFor } from '../../state/choices.ts';
import { titled } from '../../state/format.ts';
import { mismatches } from '../../state/vocabularies.ts';
import { useActions, usePage } from '../app.ts';
import { Mark } from '../parts/Mark.tsx';

/** What a model does in an evaluation of a method that does not need it. */
const BESIDE = 'Answers alone, to compare with.';

/** What they must have in common. */
const ALONE = 'Is looked at and turned by itself.';

function howAlike(free: readonly Role[]): string {
  if (free.length === 0)
    return 'All must share one vocabulary: they read and judge each other’s tokens.';
  const names = free.map((role) => ROLE_NAMES[role]).join(' and ');
  return `${titled(names)} may have another vocabulary than large: texts are then tokenised anew for them.`;
}

export function ModelPickers() {
  const experiment = usePage((state) => state.experiment);
  const { mode, contenders, study } = experiment;
  const asked = mode === 'evaluate' ? contenders : mode === 'study' ? study.plans : [experiment];
  const all = rolesIn(experiment);
  const vocabularies = usePage((state) => state.vocabularies);
  const strangers = mismatches(experiment, vocabularies);
  const alone = experiment.mode === 'parameters';
  const partOf = (role: Role) => {
    const user = asked.find(({ method, params }) => methods[method].roles(params).includes(role));
    if (alone) return ALONE;
    return (user && methods[user.method].parts[role]) ?? BESIDE;
  };
  return (
    <fieldset>
      <legend className="legend">Models</legend>
      {all.length > 1 && !alone && <p className="fine">{howAlike(ownVocabularyIn(experiment))}</p>}
      {all.map((role) => (
        <ModelPicker key={role} role={role} part={partOf(role)} mismatch={strangers[role]} />
      ))}
    </fieldset>
  );
}

interface PickerProps {
  readonly role: Role;
  readonly part: string;
  /** Why it cannot take part. */
  readonly mismatch: string | undefined;
}

function ModelPicker({ role, part, mismatch }: PickerProps) {
  const chosen = usePage((state) => state.experiment[role]);
  const stored = usePage((state) => state.stored);
  const { set } = useActions();
  const { builtIn, kept, own, missing } = choicesFor(chosen, stored);
  const about = [...builtIn, ...kept, ...own, ...missing].find(({ id }) => id === chosen)?.about;
  const option = ({ id, label }: Choice) => (
    <option key={id} value={id}>
      {label}
    </option>
  );
  return (
    <div className="model">
      <label htmlFor={`model-${role}`}>
        <Mark of={role} />
        {titled(ROLE_NAMES[role])}
      </label>
      <select
        id={`model-${role}`}
        value={chosen}
        title={about}
        aria-describedby={`model-${role}-part${mismatch === undefined ? '' : ` model-${role}-mismatch`}`}
        aria-invalid={mismatch !== undefined}
        onChange={({ target }) => set(role, target.value)}
      >
        {missing.map(option)}
        {kept.length + own.length === 0 ? (
          builtIn.map(option)
        ) : (
          <>
            {own.length > 0 && <optgroup label="Brought along">{own.map(option)}</optgroup>}
            {kept.length > 0 && <optgroup label="Trained here">{kept.map(option)}</optgroup>}
            <optgroup label="Built in">{builtIn.map(option)}</optgroup>
          </>
        )}
      </select>
      {missing.length > 0 && (
        <p className="fine" role="status">
          {about}
        </p>
      )}
      <p className="fine" id={`model-${role}-part`}>
        {part}
      </p>
      {mismatch !== undefined && (
        <p className="wrong" role="status" id={`model-${role}-mismatch`}>
          {mismatch}
        </p>
      )}
    </div>
  );
}
