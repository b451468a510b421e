// Left: what is being asked. On a narrow screen it folds into one line that says what is set.

import { lazy, Suspense, useEffect, useState } from 'react';
import { describeExperiment } from '../../state/describe.ts';
import { hasGroups } from '../../state/knobGroups.ts';
import { placeOf } from '../../state/modes.ts';
import { useActions, usePage } from '../app.ts';
import { Icon } from '../parts/Icon.tsx';
import { Knobs } from './Knobs.tsx';
import { MethodPicker } from './MethodPicker.tsx';
import { ModelPickers } from './ModelPickers.tsx';
import { TaskSettings } from './TaskSettings.tsx';
import './settings.css';

const DataSource = lazy(async () => ({ default: (await import('./DataSource.tsx')).DataSource }));
const MethodKnobs = lazy(async () => ({ default: (await import('./KnobGroups.tsx')).MethodKnobs }));
const CompareSettings = lazy(() => import('../compare/CompareSettings.tsx'));
const ParameterSettings = lazy(() => import('../parameters/ParameterSettings.tsx'));
const SweepAxes = lazy(() => import('../compare/SweepAxes.tsx'));

const WIDE = '(min-width: 761px)';

export function Settings() {
  const experiment = usePage((state) => state.experiment);
  const { resetSettings } = useActions();
  const parameters = experiment.mode === 'parameters';
  const compare = placeOf[experiment.mode] === 'compare';
  const [open, setOpen] = useState(() => matchMedia(WIDE).matches);
  useEffect(() => {
    const wide = matchMedia(WIDE);
    const follow = () => wide.matches && setOpen(true);
    wide.addEventListener('change', follow);
    return () => wide.removeEventListener('change', follow);
  }, []);
  return (
    <details
      className="settings"
      open={open}
      onToggle={({ currentTarget }) => setOpen(currentTarget.open)}
    >
      <summary>
        <span>Settings</span>
        <span className="fine set">{describeExperiment(experiment)}</span>
      </summary>
      <form aria-label="Settings" onSubmit={(event) => event.preventDefault()}>
        {compare && (
          <Suspense fallback={<p className="fine">Loading.</p>}>
            <CompareSettings />
          </Suspense>
        )}
        {parameters && (
          <Suspense fallback={<p className="fine">Loading.</p>}>
            <ParameterSettings />
          </Suspense>
        )}
        {experiment.mode !== 'evaluate' && experiment.mode !== 'study' && !parameters && (
          <>
            <MethodPicker />
            {experiment.mode === 'sweep' && (
              <Suspense fallback={<p className="fine">Loading.</p>}>
                <SweepAxes />
              </Suspense>
            )}
            {hasGroups(experiment.method) ? (
              <Suspense>
                <MethodKnobs />
              </Suspense>
            ) : (
              <Knobs />
            )}
          </>
        )}
        {!parameters && <ModelPickers />}
        {(experiment.mode === 'train' || experiment.mode === 'study') && (
          <Suspense>
            <DataSource />
          </Suspense>
        )}
        {!parameters && <TaskSettings />}
        <button type="button" className="button quiet all" onClick={resetSettings}>
          <Icon name="reset" />
          All settings to their defaults
        </button>
      </form>
    </details>
  );
}
