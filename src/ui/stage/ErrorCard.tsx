// What went wrong: what was found, what to do, and the raw text for a report.

import { diagnostic } from '../../state/diagnostic.ts';
import type { Run } from '../../state/run.ts';
import { useActions, usePage } from '../app.ts';
import { CopyButton } from '../parts/CopyButton.tsx';
import { Icon } from '../parts/Icon.tsx';
import './messages.css';

export function ErrorCard({ run }: { run: Run }) {
  const hardware = usePage((state) => state.hardware);
  const { dismissFailure } = useActions();
  const { failure } = run;
  if (!failure) return null;
  const details = diagnostic(run, failure, hardware);
  return (
    <section className="card error" role="alert">
      <h2>{failure.message}</h2>
      <p>{failure.remedy}</p>
      <div className="actions">
        <button type="button" className="button quiet" onClick={dismissFailure}>
          <Icon name="close" />
          Dismiss
        </button>
        <CopyButton text={details} label="Copy details" />
      </div>
      <details>
        <summary className="fine">Details</summary>
        <pre>{details}</pre>
      </details>
    </section>
  );
}
