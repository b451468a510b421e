// Many knobs under headings, each of which folds; what few need is folded once more.

import type { ParamValue } from '../../core/params.ts';
import type { MethodId } from '../../experiment/experiment.ts';
import { type KnobGroup, knobGroups, turned } from '../../state/knobGroups.ts';
import { useActions, usePage } from '../app.ts';
import { MemoryNeed } from '../stage/MemoryNeed.tsx';
import { Knob } from './Knobs.tsx';

/** Of the method that is set. */
export function MethodKnobs() {
  const { method, params } = usePage((state) => state.experiment);
  const { setParam } = useActions();
  return (
    <>
      <KnobGroups id="knob" method={method} params={params} onParam={setParam} />
      <MemoryNeed brief />
    </>
  );
}

interface Props {
  /** Begins the ids of the controls. */
  readonly id: string;
  readonly method: MethodId;
  readonly params: Readonly<Record<string, ParamValue>>;
  /** Knobs that are set elsewhere. */
  readonly without?: readonly string[];
  readonly onParam: (key: string, value: ParamValue) => void;
}

export function KnobGroups({ method, without, ...props }: Props) {
  const data = usePage((state) => state.experiment.data);
  const beside = usePage((state) => state.experiment.mode === 'train');
  return (
    <section className="knobs" aria-label="Settings of the method">
      {knobGroups({ method, data }, without, beside).map((group) => (
        <Group key={`${method} ${group.title}`} group={group} {...props} />
      ))}
    </section>
  );
}

interface GroupProps extends Omit<Props, 'method' | 'without'> {
  readonly group: KnobGroup;
}

function Group({ group, id, params, onParam }: GroupProps) {
  const { title, open, knobs } = group;
  const changed = turned(group, params);
  const knob = ([key, spec]: (typeof knobs)[number]) => (
    <Knob
      key={key}
      id={`${id}-${key}`}
      spec={spec}
      value={params[key] ?? spec.default}
      onValue={(value) => onParam(key, value)}
    />
  );
  const usual = knobs.filter(([, spec]) => !spec.advanced);
  const advanced = knobs.filter(([, spec]) => spec.advanced);
  // A heading over nothing but what few need says so itself.
  const nested = usual.length > 0 && advanced.length > 0;
  return (
    <details className="group" open={open}>
      <summary>
        {title}
        {changed > 0 && <span className="fine turned">{changed} changed</span>}
      </summary>
      <div className="group-knobs">
        {(nested ? usual : knobs).map(knob)}
        {nested && (
          <details className="more">
            <summary>
              Advanced
              <span className="fine">{advanced.map(([, spec]) => spec.label).join(', ')}</span>
            </summary>
            {advanced.map(knob)}
          </details>
        )}
      </div>
    </details>
  );
}
