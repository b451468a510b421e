// The stage of generate mode. A run that failed before it had anything to show leaves the one before in its
// place.

import type { Run } from '../../state/run.ts';
import { runBefore } from '../../state/store.ts';
import { usePage } from '../app.ts';
import { ErrorCard } from './ErrorCard.tsx';
import { Inspector } from './Inspector.tsx';
import { Loading } from './Loading.tsx';
import { Result } from './Result.tsx';
import { RunHead } from './RunHead.tsx';
import { TokenStream } from './TokenStream.tsx';

export function GenerateStage({ run }: { run: Run }) {
  const before = usePage((state) => runBefore(state, run));
  const empty = !run.events.some((event) => event.type === 'prompt');
  const shown = empty ? before : run;
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
