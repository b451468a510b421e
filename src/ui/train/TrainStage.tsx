// The stage of train mode: how far it is, where the time goes, what the model writes as it learns, and what came
// of it.

import type { TrainTimes } from '../../core/trainEvents.ts';
import { learnsByReward } from '../../experiment/catalogue.ts';
import { duration, parameterCount, percent, plural, quantity, THIN } from '../../state/format.ts';
import { isActive, type Run } from '../../state/run.ts';
import { seenRun } from '../../state/store.ts';
import { type Training, training } from '../../state/training.ts';
import { usePage } from '../app.ts';
import { PolicyStage } from '../policy/PolicyStage.tsx';
import { ErrorCard } from '../stage/ErrorCard.tsx';
import { Loading } from '../stage/Loading.tsx';
import { RunHead } from '../stage/RunHead.tsx';
import { KeptCard } from './KeptCard.tsx';
import { Samples } from './Samples.tsx';
import { TimeSplit } from './TimeSplit.tsx';
import { Unsaved } from './Unsaved.tsx';
import { Watched } from './Watched.tsx';
import './train.css';

export function TrainStage({ run }: { run: Run }) {
  const shown = usePage(seenRun);
  return (
    <>
      {run.status === 'loading' && <Loading run={run} />}
      {run.status === 'failed' && <ErrorCard run={run} />}
      {run.watched && <Watched of={run.watched} />}
      {shown &&
        (learnsByReward(shown.experiment.method) ? (
          <PolicyStage run={shown} />
        ) : (
          <Learning run={shown} />
        ))}
    </>
  );
}

function Learning({ run }: { run: Run }) {
  const state = training(run);
  return (
    <>
      <div>
        <RunHead run={run} />
        <progress aria-label="Steps made" value={state.step} max={Math.max(1, state.steps)} />
      </div>
      {state.diverged && <Diverged {...state.diverged} />}
      {state.unsaved && <Unsaved {...state.unsaved} active={isActive(run)} />}
      {state.kept && <KeptCard checkpoint={state.kept} role={roleOf(run)} />}
      <Figures state={state} />
      <TimeSplit parts={PARTS.map((part) => ({ ...part, ms: state.times[part.key] }))} />
      <Samples rows={state.samples} />
    </>
  );
}

const PARTS: readonly { readonly key: keyof TrainTimes; readonly title: string }[] = [
  { key: 'gradients', title: 'forward and backward' },
  { key: 'update', title: 'optimiser' },
  { key: 'data', title: 'examples' },
  { key: 'evaluation', title: 'evaluation' },
];

const roleOf = ({ experiment }: Run) => (experiment.params.model === 'large' ? 'large' : 'small');

function Diverged({ step, what }: { step: number; what: string }) {
  return (
    <section className="card error" role="alert">
      <h2>
        The {what} of step {step} is no finite number.
      </h2>
      <p>
        The training was stopped at the weights before it, the last ones with a finite loss and
        gradient. Lower the learning rate, or clip the gradient, and run again.
      </p>
    </section>
  );
}

function Figures({ state }: { state: Training }) {
  const { points, evaluations, batch, step } = state;
  const last = evaluations.at(-1);
  const loss = points.at(-1);
  return (
    <dl className="figures">
      <div>
        <dt>Loss, smoothed</dt>
        <dd>{loss ? loss.smooth.toFixed(3) : '–'}</dd>
        <dd className="fine">nats per token</dd>
      </div>
      <div>
        <dt>Right on held-out problems</dt>
        <dd>{last ? percent(last.accuracy, 0) : '–'}</dd>
        <dd className="fine">
          {last
            ? `${percent(last.interval[0], 0)} to ${percent(last.interval[1], 0)}, after ${last.step}`
            : 'measured now and then'}
        </dd>
      </div>
      <div>
        <dt>Speed</dt>
        <dd>
          {state.tokensPerSecond === undefined ? '–' : quantity(Math.round(state.tokensPerSecond))}
        </dd>
        <dd className="fine">
          tokens/s{state.msLeft === undefined ? '' : `, ${duration(state.msLeft)} left`}
        </dd>
      </div>
      <div>
        <dt>Examples seen</dt>
        <dd>{quantity(step * batch)}</dd>
        <dd className="fine">
          {state.examples === undefined
            ? 'always new ones'
            : `${((step * batch) / state.examples).toFixed(1)}${THIN}× each of ${plural(state.examples, 'example')}`}
        </dd>
      </div>
      <div>
        <dt>Parameters that learn</dt>
        <dd>{state.parameters > 0 ? parameterCount(state.parameters) : '–'}</dd>
        <dd className="fine">all of the checkpoint’s</dd>
      </div>
    </dl>
  );
}
