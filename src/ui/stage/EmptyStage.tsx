// Before the first run: what will happen, and the button that makes it happen.

import { checkpoints, isCheckpointId } from '../../experiment/catalogue.ts';
import { bytes } from '../../state/format.ts';
import { useActions, usePage } from '../app.ts';
import { Icon } from '../parts/Icon.tsx';
import './empty.css';

export function EmptyStage() {
  const { mode, prompt, problems, small, large } = usePage((state) => state.experiment);
  const { start, step } = useActions();
  const size = [small, large].reduce(
    (sum, id) => sum + (isCheckpointId(id) ? checkpoints[id].bytes : 0),
    0,
  );
  return (
    <section className="empty">
      {mode === 'generate' ? (
        <p>
          Nothing has been written yet. The models will go on after <q className="mono">{prompt}</q>
        </p>
      ) : (
        <p>Nothing has been answered yet. {problems} problems are waiting.</p>
      )}
      <div className="actions">
        <button type="button" className="button primary" onClick={() => start()}>
          <Icon name="run" />
          Run
        </button>
        <button type="button" className="button" onClick={step}>
          <Icon name="step" />
          Step by step
        </button>
      </div>
      <p className="fine">
        Two real checkpoints ({bytes(size)} together) and ONNX Runtime are read from this page’s own
        server once; everything runs in this tab.
      </p>
    </section>
  );
}
