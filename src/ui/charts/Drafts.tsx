// Speculative sampling: what every pass of the large model gave, draft by draft.

import { Bar, BarChart, CartesianGrid, ReferenceLine, Tooltip, XAxis, YAxis } from 'recharts';
import type { Run } from '../../state/run.ts';
import { series } from '../../state/series.ts';
import { type Draft, speculationTotals } from '../../state/speculation.ts';
import { placeTicks, ticksFromZero } from '../../state/ticks.ts';
import { AXIS, box, GRID, labelBelow, labelInside, MARGIN } from './axes.tsx';
import { Figure } from './Figure.tsx';
import { STROKES, StrokeEntry } from './signs.tsx';

export function Drafts({ run }: { run: Run }) {
  const drafts = series(run, 'drafts');
  const totals = speculationTotals(run);
  const most = Number(run.experiment.params.draftLength) + 1;
  const last = Math.max(2, drafts.at(-1)?.pass ?? 0);
  return (
    <Figure
      title="Tokens per large pass"
      about="What stood of each draft, and the token that large added. Above, what was struck out."
      legend={
        <>
          <BarEntry look="bar-accepted">drafted, stood</BarEntry>
          <BarEntry look="bar-own">by large</BarEntry>
          <BarEntry look="bar-struck">struck out</BarEntry>
          <StrokeEntry stroke="method">mean</StrokeEntry>
          <StrokeEntry stroke="threshold">expected</StrokeEntry>
        </>
      }
      rows={drafts}
      columns={[
        { title: 'Pass', of: (draft) => draft.pass },
        { title: 'Drafted', of: (draft) => draft.drafted },
        { title: 'Stood', of: (draft) => draft.accepted },
        { title: 'Tokens gained', of: (draft) => draft.tokens },
      ]}
      empty="A bar for every draft that the large model has judged."
    >
      <BarChart data={drafts as Draft[]} margin={MARGIN} barCategoryGap={1}>
        <CartesianGrid {...GRID} />
        <XAxis
          {...AXIS}
          dataKey="pass"
          type="number"
          domain={[0.5, last + 0.5]}
          ticks={placeTicks(last) as number[]}
          allowDecimals={false}
          label={labelBelow('large pass')}
        />
        <YAxis
          {...AXIS}
          type="number"
          domain={[0, most]}
          ticks={ticksFromZero(most) as number[]}
          allowDecimals={false}
          width={46}
        />
        <Tooltip
          isAnimationActive={false}
          cursor={{ fill: 'var(--sunken)' }}
          content={box<Draft>(({ pass, drafted, accepted, tokens }) => (
            <>
              pass {pass}: {accepted} of {drafted} drafted tokens stood
              <br />
              {tokens} tokens gained
            </>
          ))}
        />
        <Bar
          dataKey="accepted"
          stackId="draft"
          className="bar-accepted"
          barSize={barSize(last)}
          isAnimationActive={false}
        />
        <Bar
          dataKey={({ tokens, accepted }: Draft) => tokens - accepted}
          stackId="draft"
          className="bar-own"
          isAnimationActive={false}
        />
        <Bar
          dataKey={({ drafted, accepted }: Draft) => drafted - accepted}
          stackId="draft"
          className="bar-struck"
          isAnimationActive={false}
        />
        {totals && (
          <>
            <ReferenceLine y={totals.tokensPerPass} {...STROKES.method} />
            <ReferenceLine
              y={totals.expectedTokensPerPass}
              {...STROKES.threshold}
              label={labelInside(
                `expected ${totals.expectedTokensPerPass.toFixed(2)}`,
                'insideTopRight',
              )}
            />
          </>
        )}
      </BarChart>
    </Figure>
  );
}

/** Pixels, for so many bars in a chart of about 320. */
const barSize = (bars: number): number => Math.max(1, Math.min(14, Math.floor(300 / bars) - 1));

function BarEntry({ look, children }: { look: string; children: string }) {
  return (
    <li>
      <svg width="12" height="12" aria-hidden="true">
        <rect x="2" y="1" width="8" height="10" className={look} />
      </svg>
      {children}
    </li>
  );
}
