// Compare: what is compared and why, the comparison itself, and below it all runs that stay.

import { methods } from '../../experiment/catalogue.ts';
import { knobName } from '../../state/describe.ts';
import { shownRun } from '../../state/store.ts';
import { usePage } from '../app.ts';
import { EvaluateStage } from '../evaluate/EvaluateStage.tsx';
import { EmptyStage } from '../stage/EmptyStage.tsx';
import { StageTop } from '../stage/StageTop.tsx';
import { StudyStage } from '../study/StudyStage.tsx';
import { RunShelf } from './RunShelf.tsx';
import { SweepStage } from './SweepStage.tsx';
import './compare.css';

export default function Compare() {
  const run = usePage(shownRun);
  const mode = usePage((state) => state.experiment.mode);
  return (
    <>
      <div>
        <Head />
        <StageTop run={run?.id} />
      </div>
      {mode === 'study' ? (
        <StudyStage />
      ) : !run ? (
        <EmptyStage />
      ) : run.experiment.mode === 'sweep' ? (
        <SweepStage run={run} />
      ) : (
        <EvaluateStage run={run} />
      )}
      <RunShelf />
    </>
  );
}

/** What happens, and where to look. */
function Head() {
  const { mode, method, contenders, sweep, study } = usePage((state) => state.experiment);
  if (mode === 'study') {
    return (
      <section className="explanation" aria-label="What this is">
        <p className="lead">
          <strong>Trainings.</strong> {study.plans.length} from the same start, {study.seeds}{' '}
          {study.seeds === 1 ? 'seed' : 'seeds'} each, one after the other.
        </p>
        <p className="look">
          Look at which curve of the small model rises faster, over time and not only over steps,
          and whether the bands part. What a training writes is in its own run: look at a cell.
        </p>
      </section>
    );
  }
  if (mode === 'sweep') {
    const knobs = [sweep.x, sweep.y].flatMap((axis) => (axis ? [knobName(method, axis.key)] : []));
    return (
      <section className="explanation" aria-label="What this is">
        <p className="lead">
          <strong>Sweep of {methods[method].title}.</strong> {knobs.join(' and ')}{' '}
          {knobs.length === 1 ? 'takes' : 'take'} every value; each setting answers the same
          problems, in turns with the large model alone.
        </p>
        <p className="look">
          Look for settings as good as large alone and faster: strong colours in both maps, up and
          to the right in the chart. A cell or a point opens its run.
        </p>
      </section>
    );
  }
  return (
    <section className="explanation" aria-label="What this is">
      <p className="lead">
        <strong>Evaluate.</strong> Small alone, large alone
        {contenders.length > 0 &&
          ` and ${contenders.length === 1 ? 'one method' : `${contenders.length} methods`}`}{' '}
        answer the same problems, in turns.
      </p>
      <p className="look">
        {contenders.length === 0
          ? 'Look at what the larger one gains in accuracy and costs in speed.'
          : 'Look for large’s accuracy at a higher speed. Two intervals that overlap are not yet told apart.'}
      </p>
    </section>
  );
}
