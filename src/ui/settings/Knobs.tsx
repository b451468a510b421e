// The method's knobs, drawn from its params table.

import type { ChoiceSpec, NumberSpec, ParamSpec, ParamValue } from '../../core/params.ts';
import { meaningOf, methods } from '../../experiment/catalogue.ts';
import type { MethodId } from '../../experiment/experiment.ts';
import { useActions, usePage } from '../app.ts';
import { Icon } from '../parts/Icon.tsx';
import { NumberField } from '../parts/NumberField.tsx';
import { Tex } from '../parts/Tex.tsx';

export function Knobs() {
  const method = usePage((state) => state.experiment.method);
  const params = usePage((state) => state.experiment.params);
  const swept = usePage(({ experiment: { mode, sweep } }) =>
    mode === 'sweep' ? `${sweep.x.key} ${sweep.y?.key ?? ''}` : '',
  );
  const { setParam } = useActions();
  return (
    <KnobList
      id="knob"
      method={method}
      params={params}
      without={swept.split(' ')}
      onParam={setParam}
    />
  );
}

interface KnobListProps {
  /** Begins the ids of the controls. */
  readonly id: string;
  readonly method: MethodId;
  readonly params: Readonly<Record<string, ParamValue>>;
  /** Knobs that are set elsewhere. */
  readonly without?: readonly string[];
  readonly onParam: (key: string, value: ParamValue) => void;
}

export function KnobList({ id, method, params, without = [], onParam }: KnobListProps) {
  const all = Object.entries(methods[method].params).filter(
    ([key, { when }]) =>
      !without.includes(key) && (when === undefined || params[when.knob] === when.is),
  );
  const knob = ([key, spec]: (typeof all)[number]) => (
    <Knob
      key={`${method}.${key}`}
      id={`${id}-${key}`}
      spec={spec}
      value={params[key] ?? spec.default}
      onValue={(value) => onParam(key, value)}
    />
  );
  if (all.length === 0) return null;
  const more = all.filter(([, spec]) => spec.advanced);
  return (
    <section className="knobs">
      {all.filter(([, spec]) => !spec.advanced).map(knob)}
      {more.length > 0 && (
        <details className="more">
          <summary>
            More settings
            <span className="fine">{more.map(([, spec]) => spec.label).join(', ')}</span>
          </summary>
          {more.map(knob)}
        </details>
      )}
    </section>
  );
}

interface KnobProps<S extends ParamSpec = ParamSpec> {
  readonly id: string;
  readonly spec: S;
  readonly value: ParamValue;
  readonly onValue: (value: ParamValue) => void;
}

/** More options than these do not stand beside each other. */
const FEW = 4;

export function Knob(props: KnobProps) {
  const { spec } = props;
  if (spec.kind === 'choice' && spec.options.length > FEW) return <Many {...props} spec={spec} />;
  return spec.kind === 'choice' ? (
    <fieldset className="knob">
      <div className="knob-head">
        <legend>{spec.label}</legend>
        <div className="segments">
          {spec.options.map((option) => (
            <label key={option.value}>
              <input
                type="radio"
                name={props.id}
                checked={props.value === option.value}
                onChange={() => props.onValue(option.value)}
              />
              {option.label}
            </label>
          ))}
        </div>
      </div>
      <Meaning spec={spec} />
    </fieldset>
  ) : (
    <NumberKnob {...props} spec={spec} />
  );
}

function Many({ id, spec, value, onValue }: KnobProps<ChoiceSpec>) {
  return (
    <div className="knob">
      <label htmlFor={id}>{spec.label}</label>
      <select
        id={id}
        value={value}
        aria-describedby={`${id}-meaning`}
        onChange={({ target }) => onValue(target.value)}
      >
        {spec.options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </select>
      <Meaning spec={spec} id={`${id}-meaning`} />
    </div>
  );
}

/** What it does; a choice that the paper leaves open is marked. */
function Meaning({ spec, id }: { spec: ParamSpec; id?: string }) {
  const { text, assumed } = meaningOf(spec);
  return (
    <p className="fine" id={id}>
      {assumed !== undefined && (
        <span className="badge" title={assumed}>
          assumption
        </span>
      )}
      {text}
      {assumed !== undefined && <span className="unseen"> {assumed}</span>}
    </p>
  );
}

function NumberKnob({ id, spec, value, onValue }: KnobProps<NumberSpec>) {
  const number = Number(value);
  const filled = (100 * (number - spec.min)) / (spec.max - spec.min);
  return (
    <div className="knob">
      <div className="knob-head">
        <label htmlFor={id}>
          {spec.label}
          {spec.symbol && <Tex tex={spec.symbol} />}
        </label>
        <button
          type="button"
          className="button bare icon reset"
          hidden={number === spec.default}
          onClick={() => onValue(spec.default)}
          aria-label={`${spec.label}: back to ${spec.default}`}
          title={`Back to ${spec.default}`}
        >
          <Icon name="reset" />
        </button>
        <NumberField
          aria-label={`${spec.label}, number`}
          value={number}
          min={spec.min}
          max={spec.max}
          step={spec.step}
          onNumber={onValue}
        />
      </div>
      <div className="range">
        <span className="fine num" aria-hidden="true">
          {spec.min}
        </span>
        <input
          id={id}
          type="range"
          min={spec.min}
          max={spec.max}
          step={spec.step}
          value={number}
          style={{ '--filled': `${filled}%` } as React.CSSProperties}
          onChange={({ target }) => onValue(target.valueAsNumber)}
          aria-describedby={`${id}-meaning`}
        />
        <span className="fine num" aria-hidden="true">
          {spec.max}
        </span>
      </div>
      <Meaning spec={spec} id={`${id}-meaning`} />
    </div>
  );
}
