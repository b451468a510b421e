// Which knobs a sweep turns, over which values, for how many seeds; and how much work that is.

import { useState } from 'react';
import { readValues, writeValues } from '../../experiment/axis.ts';
import { methods } from '../../experiment/catalogue.ts';
import { LIMITS } from '../../experiment/experiment.ts';
import { plural, quantity } from '../../state/format.ts';
import { usePage } from '../app.ts';
import { NumberField } from '../parts/NumberField.tsx';
import { Tex } from '../parts/Tex.tsx';
import { useCompare } from './useCompare.ts';
import './compare.css';

export default function SweepAxes() {
  const seeds = usePage((state) => state.experiment.sweep.seeds);
  const { setSeeds } = useCompare();
  return (
    <section className="axes" aria-label="Sweep">
      <AxisPicker which="x" />
      <AxisPicker which="y" />
      <div className="count">
        <label htmlFor="seeds">
          Seeds
          <span className="fine">Other problems, other draws; several give error bars.</span>
        </label>
        <NumberField id="seeds" value={seeds} {...LIMITS.seeds} step={1} onNumber={setSeeds} />
      </div>
      <Amount />
    </section>
  );
}

const TITLES = { x: 'Across', y: 'Down' } as const;

function AxisPicker({ which }: { which: 'x' | 'y' }) {
  const method = usePage((state) => state.experiment.method);
  const axis = usePage((state) => state.experiment.sweep[which]);
  const { setAxis, setAxisValues } = useCompare();
  const [typed, setTyped] = useState<string>();
  const table = methods[method].params;
  const spec = axis && table[axis.key];
  const read = spec && typed !== undefined ? readValues(typed, spec) : undefined;
  const help = `axis-${which}-help`;
  return (
    <div className="axis">
      <div className="knob-head">
        <label htmlFor={`axis-${which}`}>
          {TITLES[which]}
          {spec?.symbol && <Tex tex={spec.symbol} />}
        </label>
        <select
          id={`axis-${which}`}
          value={axis?.key ?? ''}
          onChange={({ target }) => {
            setTyped(undefined);
            setAxis(which, target.value || undefined);
          }}
        >
          {which === 'y' && <option value="">nothing</option>}
          {Object.entries(table).map(([key, { label }]) => (
            <option key={key} value={key}>
              {label}
            </option>
          ))}
        </select>
      </div>
      {axis && spec && (
        <>
          <input
            className="values mono"
            aria-label={`Values of ${spec.label}`}
            aria-describedby={help}
            aria-invalid={read?.ok === false}
            spellCheck={false}
            autoComplete="off"
            value={typed ?? writeValues(axis.values)}
            onChange={({ target }) => {
              setTyped(target.value);
              const now = readValues(target.value, spec);
              if (now.ok) setAxisValues(which, now.values);
            }}
            onBlur={() => setTyped(undefined)}
          />
          <p className={read?.ok === false ? 'fine problem' : 'fine'} id={help}>
            {read?.ok === false ? read.problem : hint(axis.values.length, spec.kind === 'choice')}
          </p>
        </>
      )}
    </div>
  );
}

const hint = (count: number, choice: boolean): string =>
  `${plural(count, 'value')}: ${choice ? 'words' : 'numbers, or a range such as 0.5 to 0.9 by 0.1'}.`;

function Amount() {
  const { sweep, problems } = usePage((state) => state.experiment);
  const settings = sweep.x.values.length * (sweep.y?.values.length ?? 1);
  const answers = (settings + 1) * problems * sweep.seeds;
  return (
    <p className="fine">
      {plural(settings, 'setting')} and large alone, {plural(problems, 'problem')}
      {sweep.seeds > 1 && `, ${sweep.seeds} seeds`}: {quantity(answers)} answers.
    </p>
  );
}
