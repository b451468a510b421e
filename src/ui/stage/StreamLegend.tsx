// What the looks of the token stream mean.

export function StreamLegend({ drafting }: { drafting: boolean }) {
  return (
    <ul className="stream-legend" aria-label="Legend">
      <Entry look="small accepted" sign="a" means="small" />
      <Entry look="large accepted" sign="a" means="large" />
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
