// The page: one bar; left what is asked, middle the stage, right the charts. Narrow, they stack.

import { lazy, Suspense } from 'react';
import { placeOf } from '../state/modes.ts';
import { seenRun, shownRun } from '../state/store.ts';
import { usePage } from './app.ts';
import { Bar } from './bar/Bar.tsx';
import { ChartColumn } from './charts/ChartColumn.tsx';
import { Settings } from './settings/Settings.tsx';
import { EmptyStage } from './stage/EmptyStage.tsx';
import { Explanation } from './stage/Explanation.tsx';
import { GenerateStage } from './stage/GenerateStage.tsx';
import { LinkProblems, LinkToCopy } from './stage/LinkNotices.tsx';
import { NoticeLine } from './stage/NoticeLine.tsx';
import { Runs } from './stage/Runs.tsx';
import { StageTop } from './stage/StageTop.tsx';
import { Interrupted } from './train/Interrupted.tsx';
import { Shelf } from './train/Shelf.tsx';
import { TrainStage } from './train/TrainStage.tsx';
import './styles/theme.css';
import './styles/base.css';
import './styles/controls.css';
import './styles/tables.css';
import './styles/layout.css';

/** With its table of runs, it comes when somebody goes there. */
const Compare = lazy(() => import('./compare/Compare.tsx'));

export function App() {
  const run = usePage(shownRun);
  const seen = usePage(seenRun);
  const place = usePage((state) => placeOf[state.experiment.mode]);
  return (
    <div className="app">
      <NoticeLine />
      <Bar />
      <div className="columns">
        <aside className="ask" aria-label="Experiment">
          <Settings />
        </aside>
        <main className="stage">
          <LinkProblems />
          {place === 'train' && <Interrupted />}
          {place === 'compare' ? (
            <Suspense fallback={<p className="fine">Loading.</p>}>
              <Compare />
            </Suspense>
          ) : (
            <>
              <div>
                <Explanation />
                <StageTop run={run?.id} />
              </div>
              {!run ? (
                <EmptyStage />
              ) : run.experiment.mode === 'train' ? (
                <TrainStage run={run} />
              ) : (
                <GenerateStage run={run} />
              )}
              <Runs />
              <Shelf />
            </>
          )}
        </main>
        <aside className="plots">
          <ChartColumn run={seen} />
        </aside>
      </div>
      <LinkToCopy />
    </div>
  );
}
