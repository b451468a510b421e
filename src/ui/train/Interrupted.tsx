// Trainings that ended before their time, and can go on where they were saved.

import { describeExperiment, describeInput } from '../../state/describe.ts';
import { useActions, usePage } from '../app.ts';
import { Icon } from '../parts/Icon.tsx';
import '../stage/messages.css';

export function Interrupted() {
  const resumable = usePage((state) => state.stored?.resumable);
  const busy = usePage((state) => state.runs.some(({ status }) => status === 'running'));
  const { goOn, discard } = useActions();
  if (!resumable || busy) return null;
  return resumable.map((run) => (
    <section key={run.id} className="card notice" aria-label="Interrupted training">
      <h2>
        A training was interrupted after step {run.step} of {run.steps}
      </h2>
      <p className="fine">
        {describeInput(run.experiment)}. {describeExperiment(run.experiment)}
      </p>
      <div className="actions">
        <button type="button" className="button primary" onClick={() => goOn(run)}>
          <Icon name="run" />
          Go on
        </button>
        <button type="button" className="button quiet" onClick={() => discard(run.id)}>
          Forget it
        </button>
      </div>
    </section>
  ));
}
