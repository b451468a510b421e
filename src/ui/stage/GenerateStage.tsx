// The stage of generate mode. A run that has nothing to show yet leaves the one before in its place.

import { lazy, Suspense } from 'react';
import { type Run, searches } from '../../state/run.ts';
import { seenRun } from '../../state/store.ts';
import { usePage } from '../app.ts';
import { ErrorCard } from './ErrorCard.tsx';
import { Inspector } from './Inspector.tsx';
import { Loading } from './Loading.tsx';
import { Result } from './Result.tsx';
import { RunHead } from './RunHead.tsx';
import { TokenStream } from './TokenStream.tsx';

const BeamTree = lazy(() => import('../beams/BeamTree.tsx'));

export function GenerateStage({ run }: { run: Run }) {
  const shown = usePage(seenRun);
  return (
    <>
      {run.status === 'loading' && <Loading run={run} />}
      {run.status === 'failed' && <ErrorCard run={run} />}
      {shown && (
        <>
          <RunHead run={shown} />
          {searches(shown.experiment) && (
            <Suspense fallback={<p className="fine">The beam tree is loading.</p>}>
              <BeamTree key={shown.id} run={shown} />
            </Suspense>
          )}
          <TokenStream run={shown} />
          <Inspector run={shown} />
          <Result run={shown} />
        </>
      )}
    </>
  );
}
