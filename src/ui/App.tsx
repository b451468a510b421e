// The page: one bar; left what is asked, middle the stage, right the charts. Narrow, they stack.

import { lazy, Suspense, useEffect } from 'react';
import { placeIn } from '../state/modes.ts';
import { drafts } from '../state/run.ts';
import { seenRun, shownRun } from '../state/store.ts';
import { usePage } from './app.ts';
import { Bar } from './bar/Bar.tsx';
import { ChartColumn } from './charts/ChartColumn.tsx';
import { DropTarget } from './models/DropTarget.tsx';
import { Settings } from './settings/Settings.tsx';
import { EmptyStage } from './stage/EmptyStage.tsx';
import { Explanation } from './stage/Explanation.tsx';
import { LinkProblems, LinkToCopy } from './stage/LinkNotices.tsx';
import { NoticeLine } from './stage/NoticeLine.tsx';
import { StageTop } from './stage/StageTop.tsx';
import './styles/theme.css';
import './styles/base.css';
import './styles/controls.css';
import './styles/tables.css';
import './styles/layout.css';

/** What the first sight of the page does not show comes when it is needed; what Run shows, as soon as the page stands. */
const stage = () => import('./stage/GenerateStage.tsx');
const GenerateStage = lazy(async () => ({ default: (await stage()).GenerateStage }));
const Alignment = lazy(async () => ({
  default: (await import('./stage/Alignment.tsx')).Alignment,
}));
const Runs = lazy(async () => ({ default: (await import('./stage/Runs.tsx')).Runs }));
const Parameters = lazy(() => import('./parameters/Parameters.tsx'));
const NextPanel = lazy(() => import('./parameters/NextPanel.tsx'));
const Compare = lazy(() => import('./compare/Compare.tsx'));
const TrainStage = lazy(async () => ({
  default: (await import('./train/TrainStage.tsx')).TrainStage,
}));
const Interrupted = lazy(async () => ({
  default: (await import('./train/Interrupted.tsx')).Interrupted,
}));
const Models = lazy(() => import('./models/Models.tsx'));
const Shelf = lazy(async () => ({ default: (await import('./train/Shelf.tsx')).Shelf }));

export function App() {
  useEffect(() => void stage(), []);
  const run = usePage(shownRun);
  const seen = usePage(seenRun);
  const kept = usePage(
    ({ stored }) => (stored?.checkpoints.length ?? 0) + (stored?.data.length ?? 0) > 0,
  );
  const aligns = usePage(
    ({ experiment, alignment }) =>
      experiment.mode === 'generate' && (drafts(experiment) || alignment !== undefined),
  );
  const place = usePage(placeIn);
  return (
    <div className="app">
      <NoticeLine />
      <Bar />
      {place === 'models' ? (
        <main className="stage alone">
          <Suspense fallback={<p className="fine">Loading.</p>}>
            <Models />
          </Suspense>
        </main>
      ) : (
        <div className="columns">
          <aside className="ask" aria-label="Experiment">
            <Settings />
          </aside>
          <main className="stage">
            <LinkProblems />
            {place === 'train' && (
              <Suspense>
                <Interrupted />
              </Suspense>
            )}
            {place === 'parameters' ? (
              <Suspense fallback={<p className="fine">Loading.</p>}>
                <Parameters />
              </Suspense>
            ) : place === 'compare' ? (
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
                  <Suspense fallback={<p className="fine">Loading.</p>}>
                    <TrainStage run={run} />
                  </Suspense>
                ) : (
                  <Suspense>
                    <GenerateStage run={run} />
                  </Suspense>
                )}
                {aligns && (
                  <Suspense>
                    <Alignment />
                  </Suspense>
                )}
                <Suspense>
                  <Runs />
                </Suspense>
                {kept && (
                  <Suspense>
                    <Shelf />
                  </Suspense>
                )}
              </>
            )}
          </main>
          <aside className="plots">
            {place === 'parameters' ? (
              <Suspense>
                <NextPanel />
              </Suspense>
            ) : (
              <ChartColumn run={seen} />
            )}
          </aside>
        </div>
      )}
      <DropTarget />
      <LinkToCopy />
    </div>
  );
}
