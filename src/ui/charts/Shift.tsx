// Dynamic logits fusion: how far the large model was moved, and how far it should have been, in one of the two
// directions of the Kullback-Leibler divergence.

import { CartesianGrid, Line, LineChart, Tooltip, XAxis, YAxis } from 'recharts';
import { quote } from '../../state/format.ts';
import { type FusionPoint, shiftOf } from '../../state/fusion.ts';
import type { Run } from '../../state/run.ts';
import { series } from '../../state/series.ts';
import { ticksFromZero } from '../../state/ticks.ts';
import { AXIS, box, GRID, MARGIN } from './axes.tsx';
import { Figure } from './Figure.tsx';
import { STROKES, StrokeEntry } from './signs.tsx';
import { SelectedLine, tokenAxis } from './tokenAxis.tsx';

const SIDES = {
  there: { moved: 'KL(fused‖large)', wanted: 'KL(expert‖small)' },
  back: { moved: 'KL(large‖fused)', wanted: 'KL(small‖expert)' },
} as const;

export function Shift({ run, direction }: { run: Run; direction: keyof typeof SIDES }) {
  const points = series(run, 'fusion');
  const { moved, wanted } = SIDES[direction];
  const several = shiftOf(run.experiment).experts.length > 1;
  const highest = points.reduce(
    (most, point) => Math.max(most, point.moved[direction], point.wanted[direction]),
    0.1,
  );
  const top = highest * 1.08;
  return (
    <Figure
      title={`How far large moves: ${moved}`}
      about={`In nats, beside what it should equal: ${wanted}${several ? ', the mean over the experts' : ''}. α fits both directions as well as it can.`}
      height={132}
      legend={
        <>
          <StrokeEntry stroke="fused">moved</StrokeEntry>
          <StrokeEntry stroke="expert">wanted</StrokeEntry>
        </>
      }
      rows={points}
      columns={[
        { title: 'Token', of: (point) => point.n },
        { title: 'Text', of: (point) => quote(point.text) },
        { title: `Moved, ${moved}, nats`, of: (point) => point.moved[direction].toFixed(4) },
        { title: `Wanted, ${wanted}, nats`, of: (point) => point.wanted[direction].toFixed(4) },
      ]}
      empty="Two lines that lie close where α can do justice to both directions."
    >
      <LineChart data={points as FusionPoint[]} margin={MARGIN}>
        <CartesianGrid {...GRID} />
        <XAxis {...tokenAxis(run)} />
        <YAxis
          {...AXIS}
          type="number"
          domain={[0, top]}
          ticks={ticksFromZero(top) as number[]}
          tickFormatter={(value: number) => String(Number(value.toPrecision(3)))}
          width={46}
        />
        <SelectedLine run={run} />
        <Tooltip
          isAnimationActive={false}
          cursor={{ stroke: 'var(--edge)' }}
          content={box<FusionPoint>((point) => (
            <>
              <b className="mono">{quote(point.text)}</b> token {point.n}
              <br />
              moved {point.moved[direction].toFixed(3)} nats, wanted{' '}
              {point.wanted[direction].toFixed(3)}
            </>
          ))}
        />
        <Line
          dataKey={(point: FusionPoint) => point.moved[direction]}
          dot={false}
          isAnimationActive={false}
          {...STROKES.fused}
        />
        <Line
          dataKey={(point: FusionPoint) => point.wanted[direction]}
          dot={false}
          isAnimationActive={false}
          {...STROKES.expert}
        />
      </LineChart>
    </Figure>
  );
}
