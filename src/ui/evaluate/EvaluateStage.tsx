// The stage of evaluate mode: contenders side by side, and every answer.

import { evaluationProgress } from '../../state/evaluation.ts';
import type { Run } from '../../state/run.ts';
import { seenRun } from '../../state/store.ts';
import { usePage } from '../app.ts';
import { ErrorCard } from '../stage/ErrorCard.tsx';
import { Loading } from '../stage/Loading.tsx';
import { RunHead } from '../stage/RunHead.tsx';
import { Answers } from './Answers.tsx';
import { Scores } from './Scores.tsx';

export function EvaluateStage({ run }: { run: Run }) {
  const shown = usePage(seenRun);
  return (
    <>
      {run.status === 'loading' && <Loading run={run} />}
      {run.status === 'failed' && <ErrorCard run={run} />}
      {shown && (
        <>
          <Progress run={shown} />
          <div>
            <h2>Side by side</h2>
            <Scores run={shown} />
          </div>
          <Answers run={shown} />
        </>
      )}
    </>
  );
}

export function Progress({ run }: { run: Run }) {
  const { answers, ofAnswers } = evaluationProgress(run);
  return (
    <div>
      <RunHead run={run} />
      <progress aria-label="Answers given" value={answers} max={Math.max(1, ofAnswers)} />
    </div>
  );
}
