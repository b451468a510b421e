// Tokens in the text over time, by author: the race against the large model alone.

import { CartesianGrid, Line, LineChart, ReferenceLine, Tooltip, XAxis, YAxis } from 'recharts';
import { quantity } from '../../state/format.ts';
import { drafts, type Run } from '../../state/run.ts';
import { baselineLine, type ProgressPoint, series } from '../../state/series.ts';
import { ticksFromZero } from '../../state/ticks.ts';
import { AXIS, box, GRID, labelBelow, MARGIN } from './axes.tsx';
import { Figure } from './Figure.tsx';
import { STROKES, StrokeEntry } from './signs.tsx';

export function Authors({ run }: { run: Run }) {
  const points = series(run, 'authors');
  const both = drafts(run.experiment);
  const alone = baselineLine(run);
  const ms = Math.max(1, points.at(-1)?.ms ?? 0, alone?.ms ?? 0);
  const tokens = Math.max(5, alone?.tokens ?? 0, ...points.map((point) => point.total));
  return (
    <Figure
      title="Tokens in the text over time"
      about={
        both
          ? 'By author; a rollback takes tokens away. Active time of this one run, first-use costs included.'
          : 'Active time of this one run, first-use costs included.'
      }
      legend={
        both && (
          <>
            <StrokeEntry stroke="method">all</StrokeEntry>
            <StrokeEntry stroke="small">by small</StrokeEntry>
            <StrokeEntry stroke="large">by large</StrokeEntry>
            {alone && <StrokeEntry stroke="baseline">large alone, average</StrokeEntry>}
          </>
        )
      }
      rows={points.length > 1 ? points : []}
      columns={[
        { title: 'Time, ms', of: (point) => point.ms.toFixed(2) },
        { title: 'By small', of: (point) => point.small },
        { title: 'By large', of: (point) => point.large },
        { title: 'All', of: (point) => point.total },
      ]}
      empty="The race against large alone, as soon as there is a run."
    >
      <LineChart data={points as ProgressPoint[]} margin={MARGIN}>
        <CartesianGrid {...GRID} />
        <XAxis
          {...AXIS}
          dataKey="ms"
          type="number"
          domain={[0, ms]}
          ticks={ticksFromZero(ms) as number[]}
          tickFormatter={(value: number) => quantity(Math.round(value))}
          label={labelBelow('time, ms')}
        />
        <YAxis
          {...AXIS}
          domain={[0, tokens]}
          ticks={ticksFromZero(tokens) as number[]}
          allowDecimals={false}
          width={46}
        />
        {alone && (
          <ReferenceLine
            segment={[
              { x: 0, y: 0 },
              { x: alone.ms, y: alone.tokens },
            ]}
            {...STROKES.baseline}
          />
        )}
        <Tooltip
          isAnimationActive={false}
          cursor={{ stroke: 'var(--edge)' }}
          content={box<ProgressPoint>((point) => (
            <>
              after {quantity(point.ms)} ms: {point.total} tokens
              <br />
              {point.small} by small, {point.large} by large
            </>
          ))}
        />
        {(both ? (['total', 'small', 'large'] as const) : (['total'] as const)).map((key) => (
          <Line
            key={key}
            dataKey={key}
            type="stepAfter"
            dot={false}
            isAnimationActive={false}
            {...STROKES[key === 'total' ? 'method' : key]}
          />
        ))}
      </LineChart>
    </Figure>
  );
}
