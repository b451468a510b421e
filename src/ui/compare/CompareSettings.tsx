// Left, in Compare: what kind of comparison, and for an evaluation who takes part.

import { useState } from 'react';
import { isMethodId, methods, methodsOf } from '../../experiment/catalogue.ts';
import { type Contender, type DecodingId, LIMITS } from '../../experiment/experiment.ts';
import { contenderNames, lookOf } from '../../state/contenders.ts';
import { describeKnobs } from '../../state/describe.ts';
import { useActions, usePage } from '../app.ts';
import { Icon } from '../parts/Icon.tsx';
import { Mark } from '../parts/Mark.tsx';
import { KnobList } from '../settings/Knobs.tsx';
import { StudySettings } from '../study/StudySettings.tsx';
import { useCompare } from './useCompare.ts';
import './compare.css';

const KINDS = [
  { mode: 'sweep', title: 'Sweep', hint: 'One method over the values of its knobs' },
  { mode: 'evaluate', title: 'Evaluate', hint: 'Any methods side by side' },
  { mode: 'study', title: 'Train', hint: 'Trainings from the same start, over several seeds' },
] as const;

export default function CompareSettings() {
  const mode = usePage((state) => state.experiment.mode);
  const { setMode } = useActions();
  return (
    <>
      <fieldset>
        <legend className="legend">Comparison</legend>
        <div className="segments kinds">
          {KINDS.map((kind) => (
            <label key={kind.mode} title={kind.hint}>
              <input
                type="radio"
                name="kind"
                checked={mode === kind.mode}
                onChange={() => setMode(kind.mode)}
              />
              {kind.title}
            </label>
          ))}
        </div>
      </fieldset>
      {mode === 'evaluate' && <Contenders />}
      {mode === 'study' && <StudySettings />}
    </>
  );
}

function Contenders() {
  const experiment = usePage((state) => state.experiment);
  const { contenders } = experiment;
  const names = contenderNames(experiment);
  const full = contenders.length >= LIMITS.contenders.max;
  const { addContender, insertContender, removeContender } = useCompare();
  const [removed, setRemoved] = useState<{ at: number; one: Contender; name: string }>();
  // Contenders have no names of their own; their place is what the events know them by.
  const placed = contenders.map((one, at) => ({ at, one }));
  return (
    <section aria-labelledby="contenders-title">
      <h2 className="legend" id="contenders-title">
        Contenders
      </h2>
      <ul className="contenders">
        {names.slice(0, 2).map((name, i) => (
          <li key={name}>
            <p className="always">
              <Mark of={lookOf(experiment, i)} />
              {name}
              <span className="fine">always</span>
            </p>
          </li>
        ))}
        {placed.map(({ at, one }) => (
          <ContenderItem
            key={at}
            at={at}
            one={one}
            name={names[at + 2] ?? ''}
            onRemove={() => {
              setRemoved({ at, one, name: names[at + 2] ?? '' });
              removeContender(at);
            }}
          />
        ))}
      </ul>
      {removed && !full && (
        <button
          type="button"
          className="button quiet"
          onClick={() => {
            insertContender(removed.at, removed.one);
            setRemoved(undefined);
          }}
        >
          <Icon name="reset" />
          Bring back {removed.name}
        </button>
      )}
      <label className="field">
        <span className="unseen">Add a contender</span>
        <select
          value=""
          disabled={full}
          onChange={({ target }) => {
            if (isMethodId(target.value)) addContender(target.value as DecodingId);
          }}
        >
          <option value="">{full ? 'No more than 12' : 'Add a contender'}</option>
          {methodsOf('evaluate').map((id) => (
            <option key={id} value={id}>
              {methods[id].title}
            </option>
          ))}
        </select>
      </label>
    </section>
  );
}

interface ItemProps {
  readonly at: number;
  readonly one: Contender;
  readonly name: string;
  readonly onRemove: () => void;
}

function ContenderItem({ at, one, name, onRemove }: ItemProps) {
  const experiment = usePage((state) => state.experiment);
  const { setContenderMethod, setContenderParam, repeatContender } = useCompare();
  const [open, setOpen] = useState(experiment.contenders.length === 1);
  return (
    <li>
      <details open={open} onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
        <summary>
          <Mark of={lookOf(experiment, at + 2)} />
          <span className="who">{name}</span>
          {!open && <span className="fine set">{describeKnobs(one)}</span>}
        </summary>
        <div className="contender">
          <label className="field">
            <span className="fine">Method</span>
            <select
              value={one.method}
              onChange={({ target }) => {
                if (isMethodId(target.value)) setContenderMethod(at, target.value as DecodingId);
              }}
            >
              {methodsOf('evaluate').map((id) => (
                <option key={id} value={id}>
                  {methods[id].title}
                </option>
              ))}
            </select>
          </label>
          <LabelField at={at} label={one.label} usual={one.label === '' ? name : ''} />
          <KnobList
            id={`contender-${at}`}
            method={one.method}
            params={one.params}
            onParam={(key, value) => setContenderParam(at, key, value)}
          />
          <div className="actions">
            <button type="button" className="button quiet" onClick={() => repeatContender(at)}>
              <Icon name="copy" />
              Repeat
            </button>
            <button
              type="button"
              className="button quiet"
              onClick={onRemove}
              aria-label={`Remove ${name}`}
            >
              <Icon name="bin" />
              Remove
            </button>
          </div>
        </div>
      </details>
    </li>
  );
}

function LabelField({ at, label, usual }: { at: number; label: string; usual: string }) {
  const { nameContender } = useCompare();
  const [typed, setTyped] = useState<string>();
  const save = () => {
    if (typed !== undefined) nameContender(at, typed);
    setTyped(undefined);
  };
  return (
    <label className="field">
      <span className="fine">Called</span>
      <input
        className="name-field"
        maxLength={LIMITS.label.max}
        placeholder={usual}
        value={typed ?? label}
        onChange={({ target }) => setTyped(target.value)}
        onBlur={save}
        onKeyDown={(event) => {
          if (event.key === 'Enter') event.currentTarget.blur();
        }}
      />
    </label>
  );
}
