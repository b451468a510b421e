// The browser's store has no room for what a training has learned so far: since when, and what can be done.

import { useActions } from '../app.ts';
import { Icon } from '../parts/Icon.tsx';
import '../stage/messages.css';

interface Props {
  /** Since this step. */
  readonly step: number;
  readonly why: string;
  /** The training goes on. */
  readonly active: boolean;
}

export function Unsaved({ step, why, active }: Props) {
  const { stop } = useActions();
  return (
    <section className="card notice" role="status">
      <h2>Since step {step} nothing is put aside</h2>
      <p className="fine">
        {why} The training goes on, and is saved again as soon as there is room: delete checkpoints
        or runs that you no longer need. A crash or a closed tab would lose it; when it ends, or is
        stopped, what it came to can be exported as files.
      </p>
      {active && (
        <div className="actions">
          <button type="button" className="button" onClick={stop}>
            <Icon name="stop" />
            Stop here and export
          </button>
        </div>
      )}
    </section>
  );
}
