// The charts of an evaluation: right answers with their interval, speed, and what it cost in passes.

import {
  Area,
  Bar,
  BarChart,
  CartesianGrid,
  Cell,
  ComposedChart,
  LabelList,
  Line,
  Tooltip,
  XAxis,
  YAxis,
} from 'recharts';
import type { Contender } from '../../core/events.ts';
import { contenderName } from '../../state/contenders.ts';
import {
  type AccuracyPoint,
  accuracyFloor,
  accuracySeries,
  type Tally,
  tallies,
} from '../../state/evaluation.ts';
import { percent, quantity } from '../../state/format.ts';
import type { Run } from '../../state/run.ts';
import { placeTicks } from '../../state/ticks.ts';
import { AXIS, box, GRID, labelBelow, MARGIN } from './axes.tsx';
import { Figure } from './Figure.tsx';
import { STROKES, StrokeEntry } from './signs.tsx';
import { useChartRun } from './useChartRun.ts';

export default function EvaluateCharts({ run }: { run: Run }) {
  const drawn = useChartRun(run);
  const all = tallies(drawn);
  return (
    <>
      <Accuracy run={drawn} all={all} />
      <Speed run={drawn} all={all} />
      <Passes run={drawn} all={all} />
    </>
  );
}

const interval = (point: AccuracyPoint, contender: Contender): string => {
  const [low, high] = point.interval[contender] ?? [Number.NaN, Number.NaN];
  return `${percent(low, 1)} to ${percent(high, 1)}`;
};

function Accuracy({ run, all }: BarsProps) {
  const contenders = all.map((tally) => tally.contender);
  const floor = accuracyFloor(all);
  const points = accuracySeries(run);
  return (
    <Figure
      title="Right answers"
      about={`Share of problems answered exactly right so far, with the 95 % Wilson interval.${floor > 0 && all.length > 0 ? ` The axis begins at ${percent(floor, 0)}.` : ''}`}
      height={230}
      legend={contenders.map((contender) => (
        <StrokeEntry key={contender} stroke={contender}>
          {contenderName(contender, run.experiment)}
        </StrokeEntry>
      ))}
      rows={points}
      columns={[
        { title: 'Problems', of: (point) => point.problems },
        ...contenders.map((contender) => ({
          title: `${contenderName(contender, run.experiment)} (95 % interval)`,
          of: (point: AccuracyPoint) =>
            point.accuracy[contender] === undefined
              ? '–'
              : `${percent(point.accuracy[contender] ?? 0, 1)} (${interval(point, contender)})`,
        })),
      ]}
      empty="A line for each contender, as answers come in."
    >
      <ComposedChart data={points as AccuracyPoint[]} margin={MARGIN}>
        <CartesianGrid {...GRID} />
        <XAxis
          {...AXIS}
          dataKey="problems"
          type="number"
          domain={[1, Math.max(2, run.experiment.problems)]}
          ticks={placeTicks(run.experiment.problems) as number[]}
          label={labelBelow('problems answered')}
        />
        <YAxis
          {...AXIS}
          domain={[floor, 1]}
          allowDataOverflow
          tickCount={Math.round((1 - floor) * 10) <= 5 ? Math.round((1 - floor) * 10) + 1 : 6}
          tickFormatter={(value: number) => percent(value, 0)}
          width={46}
        />
        <Tooltip
          isAnimationActive={false}
          cursor={{ stroke: 'var(--edge)' }}
          content={box<AccuracyPoint>((point) => (
            <>
              after {point.problems} problems
              {contenders.map((contender) => (
                <div key={contender}>
                  {contenderName(contender, run.experiment)}:{' '}
                  {percent(point.accuracy[contender] ?? 0, 1)} ({interval(point, contender)})
                </div>
              ))}
            </>
          ))}
        />
        {contenders.map((contender) => (
          <Area
            key={`band-${contender}`}
            dataKey={(point: AccuracyPoint) => point.interval[contender]}
            fill={STROKES[contender].stroke}
            fillOpacity={0.12}
            stroke="none"
            isAnimationActive={false}
            activeDot={false}
          />
        ))}
        {contenders.map((contender) => (
          <Line
            key={contender}
            dataKey={(point: AccuracyPoint) => point.accuracy[contender]}
            dot={false}
            isAnimationActive={false}
            {...STROKES[contender]}
          />
        ))}
      </ComposedChart>
    </Figure>
  );
}

interface BarsProps {
  readonly run: Run;
  readonly all: readonly Tally[];
}

const nameAxis = (run: Run) => ({
  ...AXIS,
  dataKey: (tally: Tally) => contenderName(tally.contender, run.experiment),
  type: 'category' as const,
  width: 92,
});

function Speed({ run, all }: BarsProps) {
  return (
    <Figure
      title="Speed"
      about="Tokens per second over all problems so far, prompts included."
      height={40 + 34 * Math.max(1, all.length)}
      rows={all}
      columns={[
        { title: 'Contender', of: (tally) => contenderName(tally.contender, run.experiment) },
        { title: 'Tokens/s', of: (tally) => quantity(tally.tokensPerSecond ?? 0) },
        { title: 'Tokens', of: (tally) => quantity(tally.tokens) },
        { title: 'Time, ms', of: (tally) => quantity(tally.ms) },
      ]}
      empty="A bar for each contender, as answers come in."
    >
      <BarChart data={all as Tally[]} layout="vertical" margin={{ ...MARGIN, right: 56 }}>
        <XAxis {...AXIS} type="number" label={labelBelow('tokens/s')} />
        <YAxis {...nameAxis(run)} />
        <Bar dataKey="tokensPerSecond" barSize={16} isAnimationActive={false}>
          {all.map(({ contender }) => (
            <Cell key={contender} fill={STROKES[contender].stroke} />
          ))}
          <LabelList
            dataKey="tokensPerSecond"
            position="right"
            className="bar-label"
            formatter={(value: unknown) => quantity(Math.round(Number(value)))}
          />
        </Bar>
      </BarChart>
    </Figure>
  );
}

function Passes({ run, all }: BarsProps) {
  return (
    <Figure
      title="Forward passes per problem"
      about="Of the small and of the large model; a large pass is the dear one."
      legend={
        <>
          <BarEntry of="small">small passes</BarEntry>
          <BarEntry of="large">large passes (hatched)</BarEntry>
        </>
      }
      height={40 + 34 * Math.max(1, all.length)}
      rows={all}
      columns={[
        { title: 'Contender', of: (tally) => contenderName(tally.contender, run.experiment) },
        { title: 'Small', of: (tally) => tally.passes.small.toFixed(1) },
        { title: 'Large', of: (tally) => tally.passes.large.toFixed(1) },
      ]}
      empty="A bar for each contender, as answers come in."
    >
      <BarChart data={all as Tally[]} layout="vertical" margin={{ ...MARGIN, right: 76 }}>
        <defs>
          <Hatch />
        </defs>
        <XAxis {...AXIS} type="number" label={labelBelow('passes per problem')} />
        <YAxis {...nameAxis(run)} />
        <Bar
          dataKey={(tally: Tally) => tally.passes.small}
          stackId="passes"
          barSize={16}
          fill="var(--small-line)"
          isAnimationActive={false}
        />
        <Bar
          dataKey={(tally: Tally) => tally.passes.large}
          stackId="passes"
          barSize={16}
          fill="url(#hatch)"
          stroke="var(--large-line)"
          isAnimationActive={false}
        />
        {/* Carries the numbers: a bar of no length has no label of its own. */}
        <Bar
          dataKey={() => 1e-3}
          stackId="passes"
          barSize={16}
          fill="none"
          isAnimationActive={false}
        >
          <LabelList
            dataKey={({ passes }: Tally) =>
              `${passes.small.toFixed(1)} + ${passes.large.toFixed(1)}`
            }
            position="right"
            className="bar-label"
          />
        </Bar>
      </BarChart>
    </Figure>
  );
}

function BarEntry({ of, children }: { of: 'small' | 'large'; children: string }) {
  return (
    <li>
      <svg width="14" height="12" aria-hidden="true">
        <defs>
          <Hatch id="hatch-legend" />
        </defs>
        <rect
          x="0.5"
          y="1.5"
          width="13"
          height="9"
          fill={of === 'small' ? 'var(--small-line)' : 'url(#hatch-legend)'}
          stroke={`var(--${of}-line)`}
        />
      </svg>
      {children}
    </li>
  );
}

function Hatch({ id = 'hatch' }: { id?: string }) {
  return (
    <pattern
      id={id}
      width="5"
      height="5"
      patternUnits="userSpaceOnUse"
      patternTransform="rotate(45)"
    >
      <rect width="5" height="5" fill="var(--surface)" />
      <rect width="3" height="5" fill="var(--large-line)" />
    </pattern>
  );
}
