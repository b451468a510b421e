// Weak-to-strong search: how the scores of candidates grow from chunk to chunk.

import { CartesianGrid, Line, LineChart, Tooltip, XAxis, YAxis } from 'recharts';
import type { ScorePoint } from '../../state/beams.ts';
import type { Run } from '../../state/run.ts';
import { series } from '../../state/series.ts';
import { placeTicks, spreadTicks } from '../../state/ticks.ts';
import { AXIS, box, GRID, labelBelow, MARGIN } from './axes.tsx';
import { Figure } from './Figure.tsx';
import { STROKES, StrokeEntry } from './signs.tsx';

const LINES = [
  ['best', 'method', 'best'],
  ['cut', 'threshold', 'worst that is kept'],
  ['mean', 'expert', 'mean'],
  ['worst', 'baseline', 'worst'],
] as const;

export function Scores({ run }: { run: Run }) {
  const points = series(run, 'scores');
  const reached = points.length > 0 ? points.flatMap(({ best, worst }) => [best, worst]) : [0];
  const y = spreadTicks(Math.min(...reached), Math.max(...reached));
  const last = Math.max(2, points.at(-1)?.chunk ?? 0);
  return (
    <Figure
      title="Scores, chunk by chunk"
      about="Sum of log p(tuned) − log p(untuned) over all that a candidate has written, nats. What is below the worst that is kept is dropped."
      legend={LINES.map(([key, stroke, name]) => (
        <StrokeEntry key={key} stroke={stroke}>
          {name}
        </StrokeEntry>
      ))}
      rows={points}
      columns={[
        { title: 'Chunk', of: (point) => point.chunk },
        { title: 'Candidates', of: (point) => point.candidates },
        ...LINES.map(([key, , name]) => ({
          title: `${name}, nats`,
          of: (point: ScorePoint) => point[key].toFixed(3),
        })),
      ]}
      empty="Four lines, as soon as the first chunk has been judged."
    >
      <LineChart data={points as ScorePoint[]} margin={MARGIN}>
        <CartesianGrid {...GRID} />
        <XAxis
          {...AXIS}
          dataKey="chunk"
          type="number"
          domain={[1, last]}
          ticks={placeTicks(last) as number[]}
          allowDecimals={false}
          label={labelBelow('chunk')}
        />
        <YAxis
          {...AXIS}
          type="number"
          domain={[y.low, y.high]}
          ticks={y.ticks}
          tickFormatter={(value: number) => String(Number(value.toPrecision(3)))}
          width={46}
        />
        <Tooltip
          isAnimationActive={false}
          cursor={{ stroke: 'var(--edge)' }}
          content={box<ScorePoint>((point) => (
            <>
              chunk {point.chunk}, {point.candidates} candidates
              {LINES.map(([key, , name]) => (
                <div key={key}>
                  {name}: {point[key].toFixed(2)} nats
                </div>
              ))}
            </>
          ))}
        />
        {LINES.map(([key, stroke]) => (
          <Line
            key={key}
            dataKey={key}
            dot={points.length === 1}
            isAnimationActive={false}
            {...STROKES[stroke]}
          />
        ))}
      </LineChart>
    </Figure>
  );
}
