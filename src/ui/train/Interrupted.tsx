// Trainings that ended before their time, and can go on where they were saved; and those of other tabs, which can be
// looked on at.

import { describeExperiment, describeInput } from '../../state/describe.ts';
import { shownRun } from '../../state/store.ts';
import { elsewhereNow } from '../../state/watchActions.ts';
import { useActions, usePage } from '../app.ts';
import { Icon } from '../parts/Icon.tsx';
import '../stage/messages.css';

export function Interrupted() {
  const resumable = usePage((state) => state.stored?.resumable);
  const busy = usePage((state) => state.runs.some(({ status }) => status === 'running'));
  const watched = usePage((state) => shownRun(state)?.watched?.id);
  const { goOn, discard } = useActions();
  if (!resumable || busy) return null;
  const others = resumable.filter(({ id }) => id !== watched);
  return (
    <>
      <Elsewhere watched={watched} />
      {others.map((run) => (
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
      ))}
    </>
  );
}

function Elsewhere({ watched }: { watched: string | undefined }) {
  const ongoing = usePage(elsewhereNow);
  const { watch } = useActions();
  const others = ongoing.filter(({ id }) => id !== watched);
  return others.map((run) => (
    <section key={run.id} className="card notice" aria-label="Training in another tab">
      <h2>
        Another tab is training, saved after step {run.step} of {run.steps}
      </h2>
      <p className="fine">
        {describeInput(run.experiment)}. {describeExperiment(run.experiment)}
      </p>
      <div className="actions">
        <button type="button" className="button" onClick={() => watch(run)}>
          <Icon name="look" />
          Look on
        </button>
      </div>
    </section>
  ));
}
