// The stage of a sweep: how far it is, every setting as a cell, and the run of the one that is looked into.

import type { Run } from '../../state/run.ts';
import { seenRun } from '../../state/store.ts';
import { sweepOf } from '../../state/sweep.ts';
import { usePage } from '../app.ts';
import { Progress } from '../evaluate/EvaluateStage.tsx';
import { ErrorCard } from '../stage/ErrorCard.tsx';
import { Loading } from '../stage/Loading.tsx';
import { HeatMap } from './HeatMap.tsx';
import { PointRun } from './PointRun.tsx';

export function SweepStage({ run }: { run: Run }) {
  const shown = usePage(seenRun);
  return (
    <>
      {run.status === 'loading' && <Loading run={run} />}
      {run.status === 'failed' && <ErrorCard run={run} />}
      {shown && <Settings run={shown} />}
    </>
  );
}

function Settings({ run }: { run: Run }) {
  const point = usePage((state) => (state.point?.run === run.id ? state.point : undefined));
  const sweep = sweepOf(run);
  const cell = sweep.cells.find(({ contender }) => contender === point?.contender);
  return (
    <>
      <Progress run={run} />
      <HeatMap run={run} sweep={sweep} />
      {cell && <PointRun run={run} cell={cell} />}
    </>
  );
}
