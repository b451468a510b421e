// The charts of one generation.

import {
  CartesianGrid,
  Line,
  LineChart,
  ReferenceLine,
  Scatter,
  ScatterChart,
  Tooltip,
  XAxis,
  YAxis,
} from 'recharts';
import { percent, quantity, quote } from '../../state/format.ts';
import { drafts, type Run } from '../../state/run.ts';
import {
  baselineLine,
  type ConfidencePoint,
  type DistancePoint,
  type ProgressPoint,
  series,
} from '../../state/series.ts';
import { placeTicks } from '../../state/ticks.ts';
import { streamOf } from '../../state/tokenStream.ts';
import { usePage } from '../app.ts';
import { AXIS, box, GRID, labelBelow, labelInside, MARGIN } from './axes.tsx';
import { Figure } from './Figure.tsx';
import { type Sign, SignEntry, STROKES, StrokeEntry, signed } from './signs.tsx';
import { useChartRun } from './useChartRun.ts';

export default function GenerateCharts({ run }: { run: Run }) {
  const drawn = useChartRun(run);
  const both = drafts(drawn.experiment);
  return (
    <>
      <Confidence run={drawn} />
      {both && <Distance run={drawn} />}
      <Authors run={drawn} />
    </>
  );
}

const FATES = {
  kept: 'written',
  pending: 'not yet judged',
  rolledBack: 'struck out',
  handedOver: 'handed over',
} as const;

function Confidence({ run }: { run: Run }) {
  const both = drafts(run.experiment);
  const author = both ? 'small' : String(run.experiment.params.model);
  const points = series(run, 'confidence');
  const threshold = Number(run.experiment.params.fallbackThreshold);
  const signOf = ({ fate }: ConfidencePoint): Sign =>
    fate === 'kept'
      ? author === 'large'
        ? 'large'
        : 'small'
      : fate === 'rolledBack'
        ? 'cut'
        : fate;
  return (
    <Figure
      title={`How sure ${author} is`}
      about={
        both
          ? 'Probability of small’s first choice. Below the threshold it hands over.'
          : 'Probability of each token under the model that wrote it.'
      }
      legend={
        both && (
          <>
            <SignEntry sign="small">written</SignEntry>
            <SignEntry sign="handedOver">handed over</SignEntry>
            <SignEntry sign="cut">struck out</SignEntry>
            <StrokeEntry stroke="threshold">fallback threshold</StrokeEntry>
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

const ENDS = { kept: 'stands', cut: 'struck out', fell: 'fell with it' } as const;

function Distance({ run }: { run: Run }) {
  const points = series(run, 'distance');
  const threshold = Number(run.experiment.params.rollbackThreshold);
  const highest = points.reduce((top, point) => Math.max(top, point.distance), threshold * 1.4);
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
          domain={[0, Math.max(1, Math.ceil(highest))]}
          width={46}
          tickCount={5}
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

function Authors({ run }: { run: Run }) {
  const points = series(run, 'authors');
  const both = drafts(run.experiment);
  const alone = baselineLine(run);
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
          domain={[0, 'auto']}
          tickFormatter={(value: number) => quantity(Math.round(value))}
          label={labelBelow('time, ms')}
        />
        <YAxis {...AXIS} domain={[0, 'auto']} allowDecimals={false} width={46} />
        {alone && (
          <ReferenceLine
            segment={[
              { x: 0, y: 0 },
              { x: alone.ms, y: alone.tokens },
            ]}
            ifOverflow="extendDomain"
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

const tokenAxis = (run: Run) => ({
  ...AXIS,
  ticks: placeTicks(lastPlace(run)) as number[],
  dataKey: 'n',
  type: 'number' as const,
  domain: [1, lastPlace(run)] as [number, number],
  allowDecimals: false,
  label: labelBelow('token of the new text'),
});

/** The charts over tokens share one axis, so that places can be compared. */
function lastPlace(run: Run): number {
  const { cells, prompt } = streamOf(run);
  return cells.reduce((last, cell) => Math.max(last, cell.at - prompt.length + 1), 2);
}

/** Where the token is that the inspector shows. */
function SelectedLine({ run }: { run: Run }) {
  const selection = usePage((state) => state.selection);
  const { cells, prompt } = streamOf(run);
  const cell = selection?.run === run.id ? cells[selection.cell] : undefined;
  if (!cell) return null;
  return <ReferenceLine x={cell.at - prompt.length + 1} stroke="var(--edge)" />;
}
