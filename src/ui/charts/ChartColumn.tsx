// Right, or below: the charts of the run on the stage. The chart library is large and arrives after the page.

import { lazy, Suspense, useMemo } from 'react';
import { learnsByReward } from '../../experiment/catalogue.ts';
import { newRun, type Run } from '../../state/run.ts';
import { useActions, usePage } from '../app.ts';
import { Icon } from '../parts/Icon.tsx';

const GenerateCharts = lazy(() => import('./GenerateCharts.tsx'));
const StudyCharts = lazy(() => import('../study/StudyCharts.tsx'));
const PolicyCharts = lazy(() => import('./PolicyCharts.tsx'));
const TrainCharts = lazy(() => import('./TrainCharts.tsx'));
const WatchCharts = lazy(() => import('../parameters/WatchCharts.tsx'));
const SweepCharts = lazy(() => import('./SweepCharts.tsx'));
const EvaluateCharts = lazy(() => import('./EvaluateCharts.tsx'));

export function ChartColumn({ run: shown }: { run: Run | undefined }) {
  const experiment = usePage((state) => state.experiment);
  // Before the first run the charts say what they are going to show.
  const empty = useMemo(() => newRun(0, experiment, false), [experiment]);
  const run = shown ?? empty;
  const paused = usePage((state) => state.preferences.chartsPaused);
  const { setPreference } = useActions();
  return (
    <section className="charts" aria-label="Charts">
      <div className="panel-head">
        <h2>Charts</h2>
        <button
          type="button"
          className="button quiet"
          aria-pressed={paused}
          onClick={() => setPreference('chartsPaused', !paused)}
        >
          <Icon name={paused ? 'run' : 'pause'} />
          {paused ? 'Update charts again' : 'Pause updates'}
        </button>
      </div>
      <Suspense fallback={<p className="fine">The charts are loading.</p>}>
        {experiment.mode === 'study' ? (
          <StudyCharts />
        ) : run.experiment.mode === 'train' && learnsByReward(run.experiment.method) ? (
          <PolicyCharts run={run} />
        ) : run.experiment.mode === 'train' ? (
          <TrainCharts run={run} />
        ) : run.experiment.mode === 'sweep' ? (
          <SweepCharts run={run} />
        ) : run.experiment.mode === 'evaluate' ? (
          <EvaluateCharts run={run} />
        ) : (
          <GenerateCharts run={run} />
        )}
        {run.experiment.mode === 'train' && run.experiment.dials.pins.length > 0 && (
          <WatchCharts run={run} />
        )}
      </Suspense>
    </section>
  );
}
