// The learning rate of each model, to be turned while it learns. Every turn is an event of the run: it is drawn across
// the charts and kept with it.

import { useState } from 'react';
import type { PolicyRole } from '../../core/policyEvents.ts';
import { methods } from '../../experiment/catalogue.ts';
import { plural, titled } from '../../state/format.ts';
import { lastOf, type PolicyState, shortRate } from '../../state/policy.ts';
import { isActive, type Run } from '../../state/run.ts';
import { useActions, usePage } from '../app.ts';

interface Props {
  readonly run: Run;
  readonly state: PolicyState;
  readonly learners: readonly PolicyRole[];
}

export function Rates({ run, state, learners }: Props) {
  const active = isActive(run) && run.status !== 'loading' && run.status !== 'stopping';
  const { marks } = state;
  const every = usePage(({ preferences }) => preferences.saveEvery);
  if (!active && marks.length === 0) return null;
  return (
    <section className="rates" aria-labelledby="rates-title">
      <h2 id="rates-title">While it runs</h2>
      {active && learners.map((role) => <Rate key={role} run={run} state={state} role={role} />)}
      {active && (
        <p className="fine">
          A new rate counts from the next step on, at the height of the schedule. Weights,
          optimiser, random numbers and curves are put aside in this browser{' '}
          {every === 1 ? 'every second' : `every ${every} seconds`}, and when this tab goes out of
          sight; a reload goes on from there, along the same curve.
        </p>
      )}
      {marks.length > 0 && (
        <ul className="marks">
          {marks.map(({ step, text }) => (
            <li key={`${step} ${text}`} className="fine">
              <span aria-hidden="true">▾</span> after {plural(step, 'step')}, {text}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

/** The knob that a model's rate was set with. */
const rateKnob = ({ experiment }: Run, role: PolicyRole): string =>
  role === 'large' && 'largeLearningRate' in methods[experiment.method].params
    ? 'largeLearningRate'
    : 'learningRate';

function Rate({ run, state, role }: { run: Run; state: PolicyState; role: PolicyRole }) {
  const { adjust } = useActions();
  const key = rateKnob(run, role);
  const spec = methods[run.experiment.method].params[key];
  const [asked, setAsked] = useState<number>();
  const [typed, setTyped] = useState<string>();
  const begun = asked ?? Number(run.experiment.params[key]);
  const now = lastOf(state, role, 'learning_rate');
  const { min, max } = spec?.kind === 'number' ? spec : { min: 0, max: 1 };
  const value = typed === undefined ? begun : Number(typed);
  const wrong = typed?.trim() === '' || !(value >= min && value <= max);
  const set = (rate: number) => {
    setAsked(rate);
    setTyped(undefined);
    adjust(role, rate);
  };
  const id = `rate-${role}`;
  return (
    <form
      className="rate"
      onSubmit={(event) => {
        event.preventDefault();
        if (!wrong && value !== begun) set(value);
      }}
    >
      <label htmlFor={id}>
        {state.learners.length > 1 ? `${titled(role)}: learning rate` : 'Learning rate'}
      </label>
      <input
        id={id}
        className="mono"
        inputMode="decimal"
        autoComplete="off"
        aria-invalid={wrong}
        aria-describedby={`${id}-now`}
        title={`${min} to ${max}`}
        value={typed ?? shortRate(begun)}
        onChange={({ target }) => setTyped(target.value)}
      />
      <button type="submit" className="button quiet" disabled={wrong || value === begun}>
        Set
      </button>
      <button
        type="button"
        className="button quiet"
        disabled={begun / 2 < min}
        onClick={() => set(begun / 2)}
        aria-label={`Halve the learning rate of ${role}`}
      >
        Halve
      </button>
      <button
        type="button"
        className="button quiet"
        disabled={begun * 2 > max}
        onClick={() => set(begun * 2)}
        aria-label={`Double the learning rate of ${role}`}
      >
        Double
      </button>
      <span className={wrong ? 'fine problem' : 'fine'} id={`${id}-now`}>
        {wrong
          ? `Found ${typed === '' ? 'nothing' : typed}; expected a number from ${min} to ${max}.`
          : now === undefined
            ? ''
            : `the last step went ${shortRate(now)}`}
      </span>
    </form>
  );
}
