// The stage of a training by reward: how far it is and what it has reached, what can be changed while it runs, where
// the time goes, and every completion that it learned from.

import { learnersOf } from '../../experiment/catalogue.ts';
import { TIME_TITLES } from '../../state/curves.ts';
import { percent } from '../../state/format.ts';
import { type PolicyState, policy, TIME_PARTS } from '../../state/policy.ts';
import { divergence } from '../../state/policyText.ts';
import { isActive, type Run } from '../../state/run.ts';
import { RunHead } from '../stage/RunHead.tsx';
import { KeptCard } from '../train/KeptCard.tsx';
import { Samples } from '../train/Samples.tsx';
import { TimeSplit } from '../train/TimeSplit.tsx';
import { Unsaved } from '../train/Unsaved.tsx';
import '../train/train.css';
import { Completions } from './Completions.tsx';
import { PolicyFigures } from './PolicyFigures.tsx';
import { Rates } from './Rates.tsx';
import './policy.css';

export function PolicyStage({ run }: { run: Run }) {
  const state = policy(run);
  const { step, steps, diverged, unsaved, checkpoints, writtenBy } = state;
  const learners = learnersOf(run.experiment);
  const kept = learners.filter((role) => checkpoints[role]);
  return (
    <>
      <div>
        <RunHead run={run} />
        <progress aria-label="Steps made" value={step} max={Math.max(1, steps)} />
      </div>
      {diverged && <Diverged {...divergence(diverged)} />}
      {unsaved && <Unsaved {...unsaved} active={isActive(run)} />}
      {kept.map((role) => (
        <KeptCard
          key={role}
          checkpoint={checkpoints[role]!}
          role={role}
          {...(kept.length > 1 && { whose: role })}
        />
      ))}
      <PolicyFigures state={state} learners={learners} />
      <Rates run={run} state={state} learners={learners} />
      <Times state={state} />
      <Completions run={run} />
      {learners.map((role) => (
        <Samples
          key={role}
          rows={writtenBy[role] ?? []}
          {...(learners.length > 1 && { whose: role })}
        />
      ))}
    </>
  );
}

function Diverged({ what, why }: { what: string; why: string }) {
  return (
    <section className="card error" role="alert">
      <h2>{what}</h2>
      <p>{why} Lower the learning rate, clip the gradient or raise the warm-up, and run again.</p>
    </section>
  );
}

function Times({ state: { times } }: { state: PolicyState }) {
  const parts = TIME_PARTS.map((key) => ({ key, title: TIME_TITLES[key], ms: times[key] }));
  const runtime = times.rollout + times.scoring + times.backward;
  const own = times.update + times.own;
  const note =
    runtime + own > 0
      ? `ONNX Runtime (rollout, scoring, backward) has ${percent(runtime / (runtime + own))} of a step, our own kernels and bookkeeping ${percent(own / (runtime + own))}.`
      : undefined;
  return <TimeSplit parts={parts} {...(note !== undefined && { note })} />;
}
