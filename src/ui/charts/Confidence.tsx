// How sure the small model is, token by token, and where it hands over.

import {
  CartesianGrid,
  ReferenceLine,
  Scatter,
  ScatterChart,
  Tooltip,
  XAxis,
  YAxis,
} from 'recharts';
import { percent, quote } from '../../state/format.ts';
import { authorsOf, drafts, type Run } from '../../state/run.ts';
import { type ConfidencePoint, series } from '../../state/series.ts';
import { AXIS, box, GRID, labelInside, MARGIN } from './axes.tsx';
import { Figure } from './Figure.tsx';
import { type Sign, SignEntry, STROKES, StrokeEntry, signed } from './signs.tsx';
import { SelectedLine, tokenAxis } from './tokenAxis.tsx';

const FATES = {
  kept: 'written',
  pending: 'not yet judged',
  rolledBack: 'struck out',
  handedOver: 'handed over',
} as const;

export function Confidence({ run }: { run: Run }) {
  const both = drafts(run.experiment);
  const author = both ? 'small' : (authorsOf(run.experiment)[0] ?? 'large');
  const points = series(run, 'confidence');
  const threshold = Number(run.experiment.params.fallbackThreshold);
  const handsOver = Number.isFinite(threshold);
  const signOf = ({ fate }: ConfidencePoint): Sign =>
    fate === 'kept'
      ? author === 'large' || author === 'fused'
        ? author
        : 'small'
      : fate === 'rolledBack'
        ? 'cut'
        : fate;
  return (
    <Figure
      title={author === 'fused' ? 'How sure they are together' : `How sure ${author} is`}
      about={
        both
          ? handsOver
            ? 'Probability of small’s first choice. Below the threshold it hands over.'
            : 'Probability of each drafted token under small, after temperature and filters.'
          : 'Probability of each token under the model that wrote it.'
      }
      legend={
        both && (
          <>
            <SignEntry sign="small">written</SignEntry>
            {handsOver && <SignEntry sign="handedOver">handed over</SignEntry>}
            <SignEntry sign="cut">struck out</SignEntry>
            {handsOver && <StrokeEntry stroke="threshold">fallback threshold</StrokeEntry>}
          </>
        )
      }
      rows={points}
      columns={[
        { title: 'Token', of: (point) => point.n },
        { title: 'Text', of: (point) => quote(point.text) },
        { title: 'Sure', of: (point) => percent(point.prob, 1) },
        { title: 'Became', of: (point) => FATES[point.fate] },
      ]}
      empty="A point for every guess, as soon as there is a run."
    >
      <ScatterChart margin={MARGIN}>
        <CartesianGrid {...GRID} />
        <XAxis {...tokenAxis(run)} />
        <YAxis
          {...AXIS}
          dataKey="prob"
          type="number"
          domain={[0, 1]}
          ticks={[0, 0.25, 0.5, 0.75, 1]}
          tickFormatter={(value: number) => percent(value, 0)}
          width={46}
        />
        {both && threshold <= 1 && (
          <ReferenceLine
            y={threshold}
            {...STROKES.threshold}
            label={labelInside(
              `threshold ${percent(threshold, 0)}`,
              threshold > 0.85 ? 'insideTopRight' : 'insideBottomRight',
            )}
          />
        )}
        <SelectedLine run={run} />
        <Tooltip
          isAnimationActive={false}
          cursor={false}
          content={box<ConfidencePoint>((point) => (
            <>
              <b className="mono">{quote(point.text)}</b> token {point.n}
              <br />
              {percent(point.prob, 1)} sure, {FATES[point.fate]}
            </>
          ))}
        />
        <Scatter
          data={points as ConfidencePoint[]}
          isAnimationActive={false}
          shape={signed(signOf)}
        />
      </ScatterChart>
    </Figure>
  );
}
