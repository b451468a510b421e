// The charts of one generation: those of its method, and the race against the large model alone.

import { fuses, judgedBy, type Run, searches } from '../../state/run.ts';
import { Authors } from './Authors.tsx';
import { Chances } from './Chances.tsx';
import { Confidence } from './Confidence.tsx';
import { Distance } from './Distance.tsx';
import { Drafts } from './Drafts.tsx';
import { Scores } from './Scores.tsx';
import { Shift } from './Shift.tsx';
import { Strength } from './Strength.tsx';
import { useChartRun } from './useChartRun.ts';

export default function GenerateCharts({ run }: { run: Run }) {
  const drawn = useChartRun(run);
  return (
    <>
      <OfMethod run={drawn} />
      <Authors run={drawn} />
    </>
  );
}

function OfMethod({ run }: { run: Run }) {
  const { experiment } = run;
  switch (judgedBy(experiment)) {
    case 'distance':
      return (
        <>
          <Confidence run={run} />
          <Distance run={run} />
        </>
      );
    case 'chance':
      return (
        <>
          <Drafts run={run} />
          <Chances run={run} />
        </>
      );
    default:
  }
  if (fuses(experiment) && 'solver' in experiment.params) {
    return (
      <>
        <Strength run={run} />
        <Shift run={run} direction="there" />
        <Shift run={run} direction="back" />
      </>
    );
  }
  return (
    <>
      {searches(experiment) && <Scores run={run} />}
      <Confidence run={run} />
    </>
  );
}
