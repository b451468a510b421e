// The run of one setting of a sweep, beside large alone: its scores and every answer.

import { contenderName } from '../../state/contenders.ts';
import { describeKnobs } from '../../state/describe.ts';
import type { Run } from '../../state/run.ts';
import type { Cell } from '../../state/sweep.ts';
import { Answers } from '../evaluate/Answers.tsx';
import { Scores } from '../evaluate/Scores.tsx';
import { Icon } from '../parts/Icon.tsx';
import { useCompare } from './useCompare.ts';

export function PointRun({ run, cell }: { run: Run; cell: Cell }) {
  const { selectPoint, takePoint } = useCompare();
  const { contender, params } = cell;
  const only = [0, contender];
  const { method } = run.experiment;
  return (
    <section className="point" aria-labelledby="point-title">
      <div className="panel-head">
        <h2 id="point-title">{contenderName(run.experiment, contender)}</h2>
        <span className="fine">{describeKnobs({ method, params })}</span>
        <div className="actions">
          <button
            type="button"
            className="button quiet"
            onClick={() => takePoint(run.experiment, params, 'generate')}
          >
            Decode with it
          </button>
          <button
            type="button"
            className="button quiet"
            onClick={() => takePoint(run.experiment, params, 'evaluate')}
          >
            Add to Evaluate
          </button>
          <button
            type="button"
            className="button bare icon"
            onClick={() => selectPoint(run.id, undefined)}
            aria-label="Close this setting"
          >
            <Icon name="close" />
          </button>
        </div>
      </div>
      <Scores run={run} only={only} />
      {/* Another setting begins at its first answers again. */}
      <Answers key={contender} run={run} only={only} />
    </section>
  );
}
