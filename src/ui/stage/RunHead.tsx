import { isActive, type Run } from '../../state/run.ts';
import { settingsChanged, statusLine } from '../../state/runStatus.ts';
import { usePage } from '../app.ts';

export function RunHead({ run }: { run: Run }) {
  const changed = usePage((state) => settingsChanged(run, state.experiment));
  return (
    <p className="run-head">
      <span className="num">{statusLine(run)}</span>
      {changed && (
        <span className="fine">
          {isActive(run)
            ? 'The settings have changed; the next run will use them.'
            : 'The settings have changed since; Run uses them.'}
        </span>
      )}
    </p>
  );
}
