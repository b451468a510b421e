// The charts of one generation.

import type { Run } from '../../state/run.ts';
import { Authors } from './Authors.tsx';
import { Confidence } from './Confidence.tsx';
import { Distance } from './Distance.tsx';
import { useChartRun } from './useChartRun.ts';

export default function GenerateCharts({ run }: { run: Run }) {
  const drawn = useChartRun(run);
  const judged = drawn.experiment.params.rollbackThreshold !== undefined;
  return (
    <>
      <Confidence run={drawn} />
      {judged && <Distance run={drawn} />}
      <Authors run={drawn} />
    </>
  );
}
