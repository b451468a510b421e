// What was written in a step and what it was worth: every completion with its tokens tinted by log-ratio or advantage,
// its rewards by part, its advantages, and whether down-sampling kept it. The latest step, or any that is kept.

import { useId, useState } from 'react';
import { learnersOf } from '../../experiment/catalogue.ts';
import { type ShownStep, shownSteps, type Tint } from '../../state/completions.ts';
import type { Run } from '../../state/run.ts';
import { useChartRun } from '../charts/useChartRun.ts';
import { Group } from './Group.tsx';

export function Completions({ run: live }: { run: Run }) {
  const run = useChartRun(live);
  const steps = shownSteps(run);
  const [chosen, setChosen] = useState<number>();
  const [tint, setTint] = useState<Tint>('logRatio');
  const learners = learnersOf(run.experiment);
  const [role, setRole] = useState(learners[0] ?? 'small');
  const last = steps.at(-1);
  if (!last) return null;
  const shown =
    (chosen === undefined ? undefined : steps.find(({ step }) => step === chosen)) ?? last;
  const ratios = shown.groups.some(({ completions }) =>
    completions.some(({ logRatios }) => logRatios.length > 0),
  );
  const by = ratios ? tint : 'advantage';
  const whose = learners.includes(role) ? role : (learners[0] ?? 'small');
  return (
    <section className="completions" aria-labelledby="completions-title">
      <div className="panel-head">
        <h2 id="completions-title">Completions of step {shown.step}</h2>
        {ratios && (
          <div className="segments" role="radiogroup" aria-label="Colour of tokens">
            <label>
              <input
                type="radio"
                name="tint"
                checked={tint === 'logRatio'}
                onChange={() => setTint('logRatio')}
              />
              Log-ratio
            </label>
            <label>
              <input
                type="radio"
                name="tint"
                checked={tint === 'advantage'}
                onChange={() => setTint('advantage')}
              />
              Advantage
            </label>
          </div>
        )}
        {by === 'advantage' && learners.length > 1 && (
          <div className="segments" role="radiogroup" aria-label="Whose advantage">
            {learners.map((one) => (
              <label key={one}>
                <input
                  type="radio"
                  name="whose"
                  checked={whose === one}
                  onChange={() => setRole(one)}
                />
                {one}
              </label>
            ))}
          </div>
        )}
      </div>
      <Scrubber steps={steps} shown={shown} onStep={setChosen} />
      <Legend tint={by} both={learners.length > 1 || run.experiment.method !== 'grpo'} />
      <div className="groups">
        {shown.groups.map((group, at) => (
          // A step's groups have no names; their place is theirs in every step.
          <Group
            // biome-ignore lint/suspicious/noArrayIndexKey: see above
            key={at}
            group={group}
            all={shown.groups}
            tint={by}
            role={whose}
            first={at === 0}
          />
        ))}
      </div>
    </section>
  );
}

interface ScrubberProps {
  readonly steps: readonly ShownStep[];
  readonly shown: ShownStep;
  /** Undefined: the latest, whichever that is. */
  readonly onStep: (step: number | undefined) => void;
}

function Scrubber({ steps, shown, onStep }: ScrubberProps) {
  const id = useId();
  const at = steps.indexOf(shown);
  const end = steps.length - 1;
  if (end < 1) return null;
  const go = (to: number) => onStep(to >= end ? undefined : steps[to]?.step);
  return (
    <div className="scrubber">
      <label htmlFor={id} className="fine">
        Step
      </label>
      <button
        type="button"
        className="button quiet"
        disabled={at <= 0}
        onClick={() => go(at - 1)}
        aria-label="An earlier step"
      >
        ‹
      </button>
      <input
        id={id}
        type="range"
        min={0}
        max={end}
        step={1}
        value={at}
        aria-valuetext={`step ${shown.step}`}
        style={{ '--filled': `${(100 * at) / end}%` } as React.CSSProperties}
        onChange={({ target }) => go(target.valueAsNumber)}
      />
      <button
        type="button"
        className="button quiet"
        disabled={at >= end}
        onClick={() => go(at + 1)}
        aria-label="A later step"
      >
        ›
      </button>
      <button
        type="button"
        className="button quiet"
        disabled={at >= end}
        onClick={() => onStep(undefined)}
      >
        Latest
      </button>
    </div>
  );
}

function Legend({ tint, both }: { tint: Tint; both: boolean }) {
  const [more, less] =
    tint === 'advantage'
      ? ['advantage above 0: made likelier', 'below 0: made less likely']
      : both
        ? ['large finds it likelier than small', 'less likely']
        : ['likelier than when it was written', 'less likely'];
  return (
    <ul className="signs tints">
      <li>
        <span className={`token ${tint} more`} style={{ '--tint': '80%' } as React.CSSProperties}>
          abc
        </span>
        {more}
      </li>
      <li>
        <span className={`token ${tint} less`} style={{ '--tint': '80%' } as React.CSSProperties}>
          abc
        </span>
        {less}
      </li>
    </ul>
  );
}
