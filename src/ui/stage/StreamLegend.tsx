// What the looks of the token stream mean.

import { authorName } from '../../state/format.ts';
import { authorsOf, drafts, type Run } from '../../state/run.ts';

export function StreamLegend({ run }: { run: Run }) {
  return (
    <ul className="stream-legend" aria-label="Legend">
      {authorsOf(run.experiment).map((author) => (
        <Entry key={author} look={`${author} accepted`} sign="a" means={authorName(author)} />
      ))}
      {drafts(run.experiment) && (
        <>
          <Entry look="small pending" sign="a" means="draft, not yet judged" />
          <Entry look="small rolledBack" sign="a" means="struck out" />
          {run.experiment.params.fallbackThreshold !== undefined && (
            <Entry look="hand-over fallback" sign="41 %" means="hand-over: how sure small was" />
          )}
        </>
      )}
    </ul>
  );
}

function Entry({ look, sign, means }: { look: string; sign: string; means: string }) {
  return (
    <li>
      <span className={`cell ${look}`} aria-hidden="true">
        {sign}
      </span>
      {means}
    </li>
  );
}
