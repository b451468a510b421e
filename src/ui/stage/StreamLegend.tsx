// What the looks of the token stream mean.

import type { Role } from '../../core/events.ts';

export function StreamLegend({ roles }: { roles: readonly Role[] }) {
  const drafting = roles.length > 1;
  return (
    <ul className="stream-legend" aria-label="Legend">
      {roles.map((role) => (
        <Entry key={role} look={`${role} accepted`} sign="a" means={role} />
      ))}
      {drafting && (
        <>
          <Entry look="small pending" sign="a" means="draft, not yet judged" />
          <Entry look="small rolledBack" sign="a" means="struck out" />
          <Entry look="hand-over fallback" sign="41 %" means="hand-over: how sure small was" />
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
