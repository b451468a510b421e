// The stage of generate mode. A run that has nothing to show yet leaves the one before in its place.

import type { Run } from '../../state/run.ts';
import { seenRun } from '../../state/store.ts';
import { usePage } from '../app.ts';
import { ErrorCard } from './ErrorCard.tsx';
import { Inspector } from './Inspector.tsx';
import { Loading } from './Loading.tsx';
import { Result } from './Result.tsx';
import { RunHead } from './RunHead.tsx';
import { TokenStream } from './TokenStream.tsx';

export function GenerateStage({ run }: { run: Run }) {
  const shown = usePage(seenRun);
  return (
    <>
      {run.status === 'loading' && <Loading run={run} />}
      {run.status === 'failed' && <ErrorCard run={run} />}
      {shown && (
        <>
          <RunHead run={shown} />
          <TokenStream run={shown} />
          <Inspector run={shown} />
          <Result run={shown} />
        </>
      )}
    </>
  );
}
