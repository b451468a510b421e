// Parameters while they learn: some are pinned, and any training draws them as it goes, small beside large.

import { useState } from 'react';
import { DIAL_LIMITS, LOOKED_AT, type LookedAt } from '../../core/dials.ts';
import { ROLE_NAMES } from '../../core/roles.ts';
import { taskList } from '../../experiment/catalogue.ts';
import { titled } from '../../state/format.ts';
import { latestOf } from '../../state/parameters/watched.ts';
import { isActive } from '../../state/run.ts';
import { statusLine } from '../../state/runStatus.ts';
import { useActions, usePage } from '../app.ts';
import { useChartRun } from '../charts/useChartRun.ts';
import { Icon } from '../parts/Icon.tsx';
import { Mark } from '../parts/Mark.tsx';
import { NumberField } from '../parts/NumberField.tsx';
import { useBench, useDials } from './useBench.ts';
import { SeriesCharts } from './WatchCharts.tsx';

const STEPS = { first: 60, min: 1, max: 10_000 };

export function Watch() {
  const { pins, moved } = useDials();
  const { pin, pinSome, setDials, train } = useBench();
  const { stop } = useActions();
  const active = usePage((state) => state.runs.findLast(isActive));
  const task = usePage((state) => state.experiment.task);
  const [steps, setSteps] = useState<number>(STEPS.first);
  return (
    <>
      <p>
        Training moves every parameter a little at each step, down the gradient of the loss. Pin
        some (from their picture in Look, or at random), train, and see them go.
      </p>
      <section aria-labelledby="pins">
        <div className="panel-head">
          <h2 id="pins">Pinned parameters</h2>
          <button
            type="button"
            className="button quiet"
            disabled={pins.length >= DIAL_LIMITS.pins}
            onClick={pinSome}
          >
            <Icon name="dice" />
            Pin some at random
          </button>
        </div>
        {pins.length === 0 ? (
          <p className="fine">None yet.</p>
        ) : (
          <ul className="edits">
            {pins.map((one) => {
              const name = `element ${one.index} of ${one.tensor}, ${ROLE_NAMES[one.role]}`;
              return (
                <li key={name}>
                  <Mark of={one.role} /> <span className="mono">{one.tensor}</span> [{one.index}]
                  <button
                    type="button"
                    className="button bare icon"
                    aria-label={`Unpin ${name}`}
                    onClick={() => pin(one)}
                  >
                    <Icon name="close" />
                  </button>
                </li>
              );
            })}
          </ul>
        )}
        <div className="inline">
          <label htmlFor="moved">A parameter has moved when it is further than</label>
          <NumberField
            id="moved"
            value={moved}
            {...DIAL_LIMITS.moved}
            step={0.0001}
            onNumber={(value) => setDials({ moved: value })}
          />
          <span>from where it began.</span>
        </div>
      </section>
      <section aria-labelledby="train-here">
        <h2 id="train-here">Train</h2>
        <div className="inline">
          <label htmlFor="watch-steps">Steps</label>
          <span className="steps">
            <NumberField
              id="watch-steps"
              value={steps}
              min={STEPS.min}
              max={STEPS.max}
              step={1}
              onNumber={setSteps}
            />
          </span>
          {LOOKED_AT.map((role) => (
            <button
              key={role}
              type="button"
              className="button"
              disabled={pins.length === 0 || active !== undefined}
              onClick={() => train(role, steps)}
            >
              <Mark of={role} />
              Train {ROLE_NAMES[role]}
            </button>
          ))}
          {active && (
            <button type="button" className="button" onClick={stop}>
              <Icon name="stop" />
              Stop
            </button>
          )}
        </div>
        <p className="fine">
          {pins.length === 0
            ? 'Pin something first.'
            : `Supervised fine-tuning on ${taskList[task].title}, with the learning rate that Train has set; what comes out is kept as a checkpoint. Trainings that are started in Train, by any method, are drawn as well.`}
        </p>
      </section>
      <div className="watch-columns">
        {LOOKED_AT.map((role) => (
          <Learner key={role} role={role} />
        ))}
      </div>
    </>
  );
}

function Learner({ role }: { role: LookedAt }) {
  const runs = usePage((state) => state.runs);
  const latest = latestOf(runs, role);
  return (
    <section aria-label={titled(ROLE_NAMES[role])}>
      <h2>
        <Mark of={role} /> {titled(ROLE_NAMES[role])}
      </h2>
      {latest ? (
        <Followed run={latest.run} role={role} />
      ) : (
        <p className="fine">It has not been trained with something pinned.</p>
      )}
    </section>
  );
}

function Followed({
  run,
  role,
}: {
  run: NonNullable<ReturnType<typeof latestOf>>['run'];
  role: LookedAt;
}) {
  const drawn = useChartRun(run);
  const series = latestOf([drawn], role)?.series;
  return (
    <>
      <p className="fine num">{statusLine(run)}</p>
      {run.failure && (
        <p role="alert" className="problem">
          {run.failure.message} {run.failure.remedy}
        </p>
      )}
      {series && <SeriesCharts series={series} moved={run.experiment.dials.moved} />}
    </>
  );
}
