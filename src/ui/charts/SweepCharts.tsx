// Quality against speed, a point for each setting; the line joins those than which none is at least as good and as fast.
// Below it, the charts of the setting that is looked into, beside large alone.

import {
  CartesianGrid,
  ComposedChart,
  ErrorBar,
  ReferenceLine,
  Scatter,
  XAxis,
  YAxis,
} from 'recharts';
import { contenderName } from '../../state/contenders.ts';
import { isVerifiable } from '../../state/evaluation.ts';
import { percent, times } from '../../state/format.ts';
import type { Run } from '../../state/run.ts';
import { type Cell, type Estimate, type SweepState, sweepOf } from '../../state/sweep.ts';
import { spreadTicks } from '../../state/ticks.ts';
import { usePage } from '../app.ts';
import { useCompare } from '../compare/useCompare.ts';
import { AXIS, GRID, labelBelow, MARGIN } from './axes.tsx';
import EvaluateCharts from './EvaluateCharts.tsx';
import { Figure } from './Figure.tsx';
import { SignEntry } from './signs.tsx';
import { useChartRun } from './useChartRun.ts';

export default function SweepCharts({ run }: { run: Run }) {
  const drawn = useChartRun(run);
  const point = usePage((state) => (state.point?.run === run.id ? state.point : undefined));
  return (
    <>
      <Frontier run={drawn} sweep={sweepOf(drawn)} />
      {point && <EvaluateCharts run={drawn} only={[0, point.contender]} />}
    </>
  );
}

interface Point {
  readonly speed: number;
  readonly quality: number;
  readonly speedError?: readonly [number, number];
  readonly qualityError?: readonly [number, number];
  /** Absent for large alone. */
  readonly cell?: Cell;
}

/** Where recharts puts a point. */
interface At {
  readonly cx?: number | undefined;
  readonly cy?: number | undefined;
  readonly payload?: Point;
}

/** Distances below and above, as recharts wants them; nothing lies below 0. */
const errorOf = ({ mean, low, high }: Estimate): readonly [number, number] | undefined =>
  low === undefined || high === undefined ? undefined : [mean - Math.max(0, low), high - mean];

function pointsOf({ cells, seeds }: SweepState): readonly Point[] {
  return cells.flatMap((cell) => {
    const { score, speedUp } = cell;
    if (!score || !speedUp) return [];
    const [qualityError, speedError] = seeds > 1 ? [errorOf(score), errorOf(speedUp)] : [];
    return [
      {
        cell,
        quality: score.mean,
        speed: speedUp.mean,
        ...(qualityError && { qualityError }),
        ...(speedError && { speedError }),
      },
    ];
  });
}

const estimate = ({ mean, low, high }: Estimate, of: (value: number) => string): string =>
  low === undefined || high === undefined ? of(mean) : `${of(mean)} (${of(low)} to ${of(high)})`;

function Frontier({ run, sweep }: { run: Run; sweep: SweepState }) {
  const { aloneScore, frontier, seeds } = sweep;
  const points = pointsOf(sweep);
  const alone: readonly Point[] =
    aloneScore && points.length > 0 ? [{ speed: 1, quality: aloneScore.mean }] : [];
  const all = [...alone, ...points];
  const reach = (of: (point: Point) => readonly [number, number, number]) =>
    all.flatMap((point) => of(point));
  const speeds = reach(({ speed, speedError: [below, above] = [0, 0] }) => [
    speed,
    speed - below,
    speed + above,
  ]);
  const qualities = reach(({ quality, qualityError: [below, above] = [0, 0] }) => [
    quality,
    quality - below,
    quality + above,
  ]);
  const x = spreadTicks(Math.max(0, Math.min(...speeds)), Math.max(...speeds));
  const best = Math.min(1, Math.max(...qualities));
  // Settings that are equally good are not drawn apart by a tenth of a percent.
  const y = spreadTicks(Math.max(0, Math.min(best - 0.05, ...qualities)), best, 1);
  const quality = isVerifiable(run.experiment) ? 'accuracy' : 'mean reward';
  const line = frontier.map((cell) => ({ speed: cell.speedUp?.mean, quality: cell.score?.mean }));
  const bars =
    seeds > 1 ? ` Bars: 95 % interval of the mean over ${seeds} seeds (Student’s t).` : '';
  return (
    <Figure
      title="Quality and speed"
      about={`Each point is a setting: ${quality} against the speed-up over large alone, measured in this run.${bars}`}
      height={300}
      legend={
        <>
          <SignEntry sign="setting">setting</SignEntry>
          <SignEntry sign="best">on the frontier</SignEntry>
          <SignEntry sign="large">large alone</SignEntry>
        </>
      }
      rows={points}
      columns={[
        { title: 'Setting', of: ({ cell }) => contenderName(run.experiment, cell?.contender ?? 0) },
        {
          title: 'Speed-up',
          of: ({ cell }) => (cell?.speedUp ? estimate(cell.speedUp, times) : '–'),
        },
        {
          title: `${quality} (95 %)`,
          of: ({ cell }) => (cell?.score ? estimate(cell.score, (v) => percent(v, 1)) : '–'),
        },
        { title: 'Frontier', of: ({ cell }) => (cell && frontier.includes(cell) ? 'yes' : 'no') },
      ]}
      empty="A point for each setting, as soon as large alone has answered the same problems."
    >
      <ComposedChart data={points as Point[]} margin={{ ...MARGIN, top: 14, right: 20 }}>
        <CartesianGrid {...GRID} vertical />
        <XAxis
          {...AXIS}
          type="number"
          dataKey="speed"
          domain={[x.low, x.high]}
          ticks={x.ticks as number[]}
          tickFormatter={(value: number) => `${value}×`}
          label={labelBelow('speed-up over large alone')}
        />
        <YAxis
          {...AXIS}
          type="number"
          dataKey="quality"
          domain={[y.low, y.high]}
          ticks={y.ticks as number[]}
          tickFormatter={(value: number) => percent(value, y.step < 0.01 ? 1 : 0)}
          width={46}
        />
        {alone.map((one) => (
          <ReferenceLine
            key="quality"
            y={one.quality}
            stroke="var(--large-line)"
            strokeDasharray="8 3"
          />
        ))}
        <Scatter
          data={line}
          line={{ stroke: 'var(--ink)', strokeWidth: 1.5 }}
          lineType="joint"
          shape={() => <g />}
          isAnimationActive={false}
          legendType="none"
        />
        <Scatter
          data={alone as Point[]}
          shape={({ cx = 0, cy = 0 }: At) => (
            <rect x={cx - 5} y={cy - 5} width="10" height="10" className="sign-large" />
          )}
          isAnimationActive={false}
        />
        <Scatter
          data={points as Point[]}
          shape={({ cx = 0, cy = 0, payload }: At) => (
            <Dot run={run} cx={cx} cy={cy} point={payload} frontier={frontier} />
          )}
          isAnimationActive={false}
        >
          {seeds > 1 && (
            <>
              <ErrorBar dataKey="qualityError" direction="y" {...WHISKER} />
              <ErrorBar dataKey="speedError" direction="x" {...WHISKER} />
            </>
          )}
        </Scatter>
      </ComposedChart>
    </Figure>
  );
}

const WHISKER = {
  width: 4,
  stroke: 'var(--edge)',
  strokeWidth: 1,
  isAnimationActive: false,
} as const;

interface DotProps {
  readonly run: Run;
  readonly cx: number;
  readonly cy: number;
  readonly point: Point | undefined;
  readonly frontier: readonly Cell[];
}

/** A button, so that it can be reached and pressed without a pointer. */
function Dot({ run, cx, cy, point, frontier }: DotProps) {
  const { selectPoint } = useCompare();
  const contender = point?.cell?.contender;
  const chosen = usePage(
    (state) => state.point?.run === run.id && state.point.contender === contender,
  );
  if (!point?.cell || contender === undefined) return null;
  const best = frontier.includes(point.cell);
  const name = contenderName(run.experiment, contender);
  const label = `${name}: ${percent(point.quality, 1)}, ${times(point.speed)}${best ? ', on the frontier' : ''}`;
  return (
    <foreignObject x={cx - 12} y={cy - 12} width="24" height="24">
      <button
        type="button"
        className={`dot-button ${best ? 'best' : ''}`}
        aria-pressed={chosen}
        aria-label={label}
        title={label}
        onClick={() => selectPoint(run.id, chosen ? undefined : contender)}
      />
    </foreignObject>
  );
}
