// Many knobs under headings, each of which folds; what few need is folded once more.

import { type KnobGroup, knobGroups, turned } from '../../state/knobGroups.ts';
import { useActions, usePage } from '../app.ts';
import { Knob } from './Knobs.tsx';

export function KnobGroups() {
  const experiment = usePage((state) => state.experiment);
  return (
    <section className="knobs" aria-label="Settings of the method">
      {knobGroups(experiment).map((group) => (
        <Group key={`${experiment.method} ${group.title}`} group={group} />
      ))}
    </section>
  );
}

function Group({ group }: { group: KnobGroup }) {
  const params = usePage((state) => state.experiment.params);
  const { setParam } = useActions();
  const { title, open, knobs } = group;
  const changed = turned(group, params);
  const knob = ([key, spec]: (typeof knobs)[number]) => (
    <Knob
      key={key}
      id={`knob-${key}`}
      spec={spec}
      value={params[key] ?? spec.default}
      onValue={(value) => setParam(key, value)}
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
