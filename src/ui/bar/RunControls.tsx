// Run, Pause, Step, Stop, Reset. On a narrow screen they stay at its lower edge.

import { canRun, placeIn } from '../../state/modes.ts';
import { isActive } from '../../state/run.ts';
import { useActions, usePage } from '../app.ts';
import { Icon } from '../parts/Icon.tsx';

export function RunControls() {
  const active = usePage((state) => state.runs.findLast(isActive));
  const clear = usePage((state) => state.viewed === undefined);
  const trains = usePage(({ experiment: { mode } }) => mode === 'train' || mode === 'study');
  const nothingRuns = usePage((state) => !canRun(placeIn(state)));
  const { toggle, step, stop, reset } = useActions();
  const stopping = active?.status === 'stopping';
  const face = !active ? 'Run' : active.held ? 'Resume' : 'Pause';
  if (nothingRuns && !active) return null;
  return (
    <fieldset className="controls" aria-label="Run">
      <button
        type="button"
        className="button primary run"
        onClick={toggle}
        disabled={stopping}
        title={`${face} (Space)`}
      >
        <Icon name={face === 'Pause' ? 'pause' : 'run'} />
        {face}
      </button>
      <button
        type="button"
        className="button"
        onClick={step}
        disabled={stopping}
        title={trains ? 'One optimiser step, then pause (.)' : 'One event, then pause (.)'}
      >
        <Icon name="step" />
        Step
      </button>
      <button
        type="button"
        className="button"
        onClick={stop}
        disabled={!active || stopping}
        title={`End the run and keep what it has ${trains ? 'learned' : 'done'} (Escape)`}
      >
        <Icon name="stop" />
        {stopping ? 'Stopping' : 'Stop'}
      </button>
      <button
        type="button"
        className="button"
        onClick={reset}
        disabled={clear}
        title="Clear the stage; settings and earlier runs stay"
      >
        <Icon name="reset" />
        Reset
      </button>
    </fieldset>
  );
}
