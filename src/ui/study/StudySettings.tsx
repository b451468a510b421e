// Left, in a comparison of trainings: which take part, what they have in common, for how many seeds.

import { useState } from 'react';
import { isTrainerId, methods, methodsOf } from '../../experiment/catalogue.ts';
import { LIMITS, type TrainerMethodId } from '../../experiment/experiment.ts';
import { COMMON, MOST_PLANS, type Plan, planNames } from '../../experiment/study.ts';
import { LOOKS } from '../../state/contenders.ts';
import { describeKnobs } from '../../state/describe.ts';
import { usePage } from '../app.ts';
import { useCompare } from '../compare/useCompare.ts';
import { Icon } from '../parts/Icon.tsx';
import { Mark } from '../parts/Mark.tsx';
import { NumberField } from '../parts/NumberField.tsx';
import { KnobGroups } from '../settings/KnobGroups.tsx';
import { KnobList } from '../settings/Knobs.tsx';

export function StudySettings() {
  const { plans, seeds } = usePage((state) => state.experiment.study);
  const { addPlan, insertPlan, setCommon, setStudySeeds } = useCompare();
  const names = planNames(plans);
  const [removed, setRemoved] = useState<{ at: number; one: Plan; name: string }>();
  const placed = plans.map((one, at) => ({ at, one }));
  const full = plans.length >= MOST_PLANS;
  return (
    <section aria-labelledby="plans-title">
      <h2 className="legend" id="plans-title">
        Trainings
      </h2>
      <ul className="contenders">
        {placed.map(({ at, one }) => (
          <PlanItem
            key={at}
            at={at}
            one={one}
            name={names[at] ?? ''}
            onRemoved={() => setRemoved({ at, one, name: names[at] ?? '' })}
          />
        ))}
      </ul>
      {removed && (
        <p className="fine removed">
          {removed.name} takes no part any more.{' '}
          <button
            type="button"
            className="button quiet"
            disabled={full}
            onClick={() => {
              insertPlan(removed.at, removed.one);
              setRemoved(undefined);
            }}
          >
            Take it back
          </button>
        </p>
      )}
      <label className="field">
        <span className="unseen">Add a training</span>
        <select
          value=""
          disabled={full}
          onChange={({ target }) => {
            if (isTrainerId(target.value)) addPlan(target.value);
          }}
        >
          <option value="">{full ? `No more than ${MOST_PLANS}` : 'Add a training'}</option>
          {(methodsOf('study') as readonly TrainerMethodId[]).map((id) => (
            <option key={id} value={id}>
              {methods[id].title}
            </option>
          ))}
        </select>
      </label>
      {COMMON.map((key) => (
        <Common key={key} name={key} plans={plans} onValue={(value) => setCommon(key, value)} />
      ))}
      <div className="count">
        <label htmlFor="study-seeds">
          Seeds
          <span className="fine">Other draws, other problems to learn from.</span>
        </label>
        <NumberField
          id="study-seeds"
          value={seeds}
          {...LIMITS.seeds}
          step={1}
          onNumber={setStudySeeds}
        />
      </div>
    </section>
  );
}

interface CommonProps {
  readonly name: (typeof COMMON)[number];
  readonly plans: readonly Plan[];
  readonly onValue: (value: number) => void;
}

/** A knob that all trainings share. */
function Common({ name, plans, onValue }: CommonProps) {
  const [first] = plans;
  const spec = first && methods[first.method].params[name];
  if (spec?.kind !== 'integer') return null;
  const values = new Set(plans.map(({ params }) => params[name]));
  const id = `common-${name}`;
  return (
    <div className="count">
      <label htmlFor={id}>
        {spec.label}
        <span className="fine">
          {values.size > 1 ? 'Differs between them; sets all.' : 'The same for all of them.'}
        </span>
      </label>
      <NumberField
        id={id}
        value={Number(first?.params[name] ?? spec.default)}
        min={spec.min}
        max={spec.max}
        step={1}
        onNumber={onValue}
      />
    </div>
  );
}

interface ItemProps {
  readonly at: number;
  readonly one: Plan;
  readonly name: string;
  readonly onRemoved: () => void;
}

function PlanItem({ at, one, name, onRemoved }: ItemProps) {
  const { setPlanParam, insertPlan, removePlan } = useCompare();
  const [open, setOpen] = useState(false);
  const rest = { id: `plan-${at}`, method: one.method, params: one.params } as const;
  const onParam = (key: string, value: number | string) => setPlanParam(at, key, value);
  return (
    <li>
      <details open={open} onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
        <summary>
          <Mark of={LOOKS[at % LOOKS.length] ?? 'c1'} />
          <span className="who">{name}</span>
          {!open && <span className="fine set">{describeKnobs(one)}</span>}
        </summary>
        {open && (
          <div className="contender">
            {one.method === 'sft' ? (
              <KnobList {...rest} without={COMMON} onParam={onParam} />
            ) : (
              <KnobGroups {...rest} without={COMMON} onParam={onParam} />
            )}
            <div className="actions">
              <button
                type="button"
                className="button quiet"
                onClick={() => insertPlan(at + 1, one)}
              >
                <Icon name="copy" />
                Repeat
              </button>
              <button
                type="button"
                className="button quiet"
                aria-label={`Remove ${name}`}
                onClick={() => {
                  removePlan(at);
                  onRemoved();
                }}
              >
                <Icon name="bin" />
                Remove
              </button>
            </div>
          </div>
        )}
      </details>
    </li>
  );
}
