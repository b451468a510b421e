// Pinned parameters against the steps of a training: their values, their gradients, and how many of all parameters
// have moved. One group of charts for each model that learned.

import { useState } from 'react';
import { CartesianGrid, Line, LineChart, Tooltip, XAxis, YAxis } from 'recharts';
import { ROLE_NAMES } from '../../core/roles.ts';
import { percent, titled } from '../../state/format.ts';
import { figure } from '../../state/parameters/sentences.ts';
import { type WatchedPoint, type WatchedSeries, watched } from '../../state/parameters/watched.ts';
import type { Run } from '../../state/run.ts';
import { thin } from '../../state/thin.ts';
import { AXIS, box, GRID, labelBelow, MARGIN } from '../charts/axes.tsx';
import { Figure } from '../charts/Figure.tsx';
import { useChartRun } from '../charts/useChartRun.ts';
import './turn.css';

export default function WatchCharts({ run }: { run: Run }) {
  const all = watched(useChartRun(run));
  return all.map((series) => (
    <SeriesCharts key={series.role} series={series} moved={run.experiment.dials.moved} />
  ));
}

/** A second cue beside the colour. */
const DASHES = [undefined, '6 3', '2 3', '8 3 2 3', '1 2', '10 4'];
const stroke = (i: number) => `var(--c${(i % 6) + 1}-line)`;

interface Props {
  readonly series: WatchedSeries;
  /** Threshold. */
  readonly moved: number;
}

export function SeriesCharts({ series, moved }: Props) {
  const [change, setChange] = useState(true);
  const { role, pins, points } = series;
  const name = titled(ROLE_NAMES[role]);
  const names = pins.map(({ tensor, index }) => `${tensor} [${index}]`);
  const shares = points.filter((point) => point.moved !== undefined);
  const first = points[0]?.values ?? [];
  const lines = (of: 'values' | 'gradients', less: readonly number[] = []) =>
    names.map((name, i) => ({
      key: `${i} ${name}`,
      text: less[i] === undefined ? name : `${name}, from ${figure(less[i]!)}`,
      value: (point: WatchedPoint) => {
        const value = point[of][i];
        return value === undefined || Number.isNaN(value) ? undefined : value - (less[i] ?? 0);
      },
    }));
  return (
    <div className="watched">
      {names.length > 0 && (
        <>
          <label className="inline">
            <input
              type="checkbox"
              checked={change}
              onChange={({ target }) => setChange(target.checked)}
            />
            Values as changes since the beginning
          </label>
          <Lines
            title={`${name}: ${change ? 'changes' : 'values'} of the pinned parameters`}
            about="After each step."
            points={points}
            lines={lines('values', change ? first : [])}
          />
          <Lines
            title={`${name}: their gradients`}
            about="Of the loss, as the step used them, before clipping."
            points={points.slice(1)}
            lines={lines('gradients')}
          />
        </>
      )}
      <Lines
        title={`${name}: share of all parameters that moved`}
        about={`Further than ${figure(moved)} from where they began.`}
        points={shares}
        lines={[{ key: 'moved', text: 'moved', value: (point) => point.moved }]}
        share
      />
    </div>
  );
}

interface LinesProps {
  readonly title: string;
  readonly about: string;
  readonly points: readonly WatchedPoint[];
  readonly lines: readonly {
    readonly key: string;
    readonly text: string;
    readonly value: (point: WatchedPoint) => number | undefined;
  }[];
  /** In [0, 1], shown as percentages. */
  readonly share?: boolean;
}

function Lines({ title, about, points, lines, share = false }: LinesProps) {
  const show = (value: number | undefined) =>
    value === undefined ? '–' : share ? percent(value, 1) : figure(value);
  return (
    <Figure
      title={title}
      about={about}
      legend={
        lines.length > 1 &&
        lines.map(({ key, text }, i) => (
          <li key={key}>
            <svg width="22" height="8" aria-hidden="true">
              <path
                d="M0 4h22"
                stroke={stroke(i)}
                strokeWidth="2"
                strokeDasharray={DASHES[i % 6]}
              />
            </svg>
            <span className="mono">{text}</span>
          </li>
        ))
      }
      rows={points}
      columns={[
        { title: 'Step', of: ({ step }) => step },
        ...lines.map(({ text, value }) => ({
          title: text,
          of: (point: WatchedPoint) => show(value(point)),
        })),
      ]}
      empty="A line for each of them, as the model learns."
    >
      <LineChart data={thin(points) as WatchedPoint[]} margin={MARGIN}>
        <CartesianGrid {...GRID} />
        <XAxis
          {...AXIS}
          dataKey="step"
          type="number"
          domain={['dataMin', 'dataMax']}
          allowDecimals={false}
          label={labelBelow('step')}
        />
        <YAxis
          {...AXIS}
          width={56}
          domain={share ? [0, 1] : ['auto', 'auto']}
          tickFormatter={(value: number) =>
            share ? percent(value) : figure(Number(value.toPrecision(2)))
          }
        />
        <Tooltip
          isAnimationActive={false}
          cursor={{ stroke: 'var(--edge)' }}
          content={box<WatchedPoint>((point) => (
            <>
              step {point.step}
              {lines.map(({ key, text, value }) => (
                <div key={key}>
                  {text}: {show(value(point))}
                </div>
              ))}
            </>
          ))}
        />
        {lines.map(({ key, value }, i) => (
          <Line
            key={key}
            dataKey={value}
            stroke={stroke(i)}
            {...(DASHES[i % 6] !== undefined && { strokeDasharray: DASHES[i % 6] as string })}
            dot={false}
            strokeWidth={1.5}
            isAnimationActive={false}
          />
        ))}
      </LineChart>
    </Figure>
  );
}
