// How far drafted tokens are from what the large model would say, and which were struck out.

import {
  CartesianGrid,
  ReferenceLine,
  Scatter,
  ScatterChart,
  Tooltip,
  XAxis,
  YAxis,
} from 'recharts';
import { quote } from '../../state/format.ts';
import type { Run } from '../../state/run.ts';
import { type DistancePoint, series } from '../../state/series.ts';
import { ticksFromZero } from '../../state/ticks.ts';
import { AXIS, box, GRID, labelInside, MARGIN } from './axes.tsx';
import { Figure } from './Figure.tsx';
import { SignEntry, STROKES, StrokeEntry, signed } from './signs.tsx';
import { SelectedLine, tokenAxis } from './tokenAxis.tsx';

const ENDS = { kept: 'stands', cut: 'struck out', fell: 'fell with it' } as const;

export function Distance({ run }: { run: Run }) {
  const points = series(run, 'distance');
  const threshold = Number(run.experiment.params.rollbackThreshold);
  const highest = points.reduce((most, point) => Math.max(most, point.distance), threshold * 1.4);
  const top = Math.max(1, Math.ceil(highest));
  return (
    <Figure
      title="How far drafts are from large"
      about="Distance d = −log p under the large model, in nats. Above the threshold a token is struck out, and those after it fall."
      legend={
        <>
          <SignEntry sign="small">stands</SignEntry>
          <SignEntry sign="cut">struck out</SignEntry>
          <SignEntry sign="fell">fell with it</SignEntry>
          <StrokeEntry stroke="threshold">rollback threshold</StrokeEntry>
        </>
      }
      rows={points}
      columns={[
        { title: 'Token', of: (point) => point.n },
        { title: 'Text', of: (point) => quote(point.text) },
        { title: 'Distance, nats', of: (point) => point.distance.toFixed(3) },
        { title: 'Verdict', of: (point) => ENDS[point.fate] },
      ]}
      empty="A point for every drafted token that the large model has judged."
    >
      <ScatterChart margin={MARGIN}>
        <CartesianGrid {...GRID} />
        <XAxis {...tokenAxis(run)} />
        <YAxis
          {...AXIS}
          dataKey="distance"
          type="number"
          domain={[0, top]}
          ticks={ticksFromZero(top) as number[]}
          width={46}
        />
        <ReferenceLine
          y={threshold}
          {...STROKES.threshold}
          label={labelInside(`threshold ${threshold} nats`, 'insideBottomRight')}
        />
        <SelectedLine run={run} />
        <Tooltip
          isAnimationActive={false}
          cursor={false}
          content={box<DistancePoint>((point) => (
            <>
              <b className="mono">{quote(point.text)}</b> token {point.n}
              <br />
              {point.distance.toFixed(2)} nats, {ENDS[point.fate]}
            </>
          ))}
        />
        <Scatter
          data={points as DistancePoint[]}
          isAnimationActive={false}
          shape={signed<DistancePoint>(({ fate }) => (fate === 'kept' ? 'small' : fate))}
        />
      </ScatterChart>
    </Figure>
  );
}
