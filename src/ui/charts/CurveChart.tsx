// Curves over the steps of a training, with bands, dots where something was measured now and then, and upright lines
// where somebody intervened.

import {
  Area,
  CartesianGrid,
  ComposedChart,
  Line,
  ReferenceLine,
  Tooltip,
  XAxis,
  YAxis,
} from 'recharts';
import type { Curve, CurveRow, Curves } from '../../state/curves.ts';
import { percent, titled } from '../../state/format.ts';
import { placeTicks, ticksFromZero } from '../../state/ticks.ts';
import type { Column } from '../parts/Twin.tsx';
import { AXIS, box, GRID, labelBelow, MARGIN } from './axes.tsx';
import { Figure } from './Figure.tsx';
import { STROKES, StrokeEntry } from './signs.tsx';

export interface StepMark {
  readonly step: number;
  readonly text: string;
}

interface Props extends Curves {
  readonly title: string;
  /** As TRL calls it. */
  readonly metric?: string;
  readonly about: string;
  readonly steps: number;
  readonly format: (value: number) => string;
  /** From 0 to 100 %. */
  readonly shares?: true;
  readonly domain?: readonly [number | 'auto', number | 'auto'];
  readonly height?: number;
  readonly marks?: readonly StepMark[];
  readonly empty: string;
  /** Something else than steps: a row's `step` is then a value of it. */
  readonly across?: {
    readonly label: string;
    readonly format: (value: number) => string;
  };
}

const whole = (share: number): string => percent(share, 0);

type Value = CurveRow[string];
const isBand = (value: Value): value is readonly [number, number] => typeof value === 'object';

export function CurveChart({
  title,
  metric,
  about,
  curves,
  rows,
  steps,
  format,
  shares,
  domain: wanted = ['auto', 'auto'],
  height = 140,
  marks = [],
  empty,
  across,
}: Props) {
  // Nothing but zeros has no scale of its own.
  const flat = rows.length > 0 && rows.every((row) => curves.every(({ key }) => !row[key]));
  const domain = flat ? [0, 1] : wanted;
  const lines = curves.filter(({ raw }) => !raw);
  const text = (value: Value): string =>
    typeof value === 'number'
      ? format(value)
      : isBand(value)
        ? value.map(format).join(' to ')
        : '–';
  const columns: Column<CurveRow>[] = [
    {
      title: titled(across?.label ?? 'step'),
      of: ({ step }) => (across ? across.format(step) : step),
    },
    ...curves.flatMap(({ key, title: name, band }): Column<CurveRow>[] => [
      { title: name, of: (row) => text(row[key]) },
      ...(band
        ? [{ title: `${name}: range`, of: (row: CurveRow) => text(row[`${key}Band`]) }]
        : []),
    ]),
  ];
  const top = rows.at(-1)?.step ?? 1;
  const shownMarks = rows.length > 0 ? marks : [];
  return (
    <Figure
      title={title}
      {...(metric !== undefined && { metric })}
      about={about}
      height={height}
      legend={
        lines.length > 1 || lines.some(({ look }) => look === 'small' || look === 'large')
          ? lines.map(({ key, title: name, look }) => (
              <StrokeEntry key={key} stroke={look}>
                {name}
              </StrokeEntry>
            ))
          : undefined
      }
      rows={rows}
      columns={columns}
      empty={empty}
    >
      <ComposedChart data={rows as CurveRow[]} margin={MARGIN}>
        <CartesianGrid {...GRID} />
        <XAxis
          {...AXIS}
          dataKey="step"
          type="number"
          {...(across
            ? {
                domain: [0, Math.max(1, top)],
                ticks: ticksFromZero(Math.max(1, top)) as number[],
                tickFormatter: across.format,
                label: labelBelow(across.label),
              }
            : {
                domain: [rows[0]?.step === 0 ? 0 : 1, Math.max(2, steps)],
                ticks: placeTicks(Math.max(2, steps)) as number[],
                allowDecimals: false,
                label: labelBelow('step'),
              })}
        />
        <YAxis
          {...AXIS}
          {...(shares
            ? { domain: [0, 1], ticks: [0, 0.25, 0.5, 0.75, 1], tickFormatter: whole }
            : {
                domain: domain as [number | 'auto', number | 'auto'],
                tickFormatter: format,
                tickCount: height < 180 ? 4 : 5,
              })}
          width={52}
        />
        <Tooltip
          isAnimationActive={false}
          cursor={{ stroke: 'var(--edge)' }}
          content={box<CurveRow>((row) => (
            <>
              {across ? `${across.label}: ${across.format(row.step)}` : `step ${row.step}`}
              {curves
                .filter(({ key }) => row[key] !== undefined)
                .map(({ key, title: name, band }) => (
                  <div key={key}>
                    {name}: {text(row[key])}
                    {band && row[`${key}Band`] !== undefined && ` (${text(row[`${key}Band`])})`}
                  </div>
                ))}
            </>
          ))}
        />
        {shownMarks.map(({ step, text: what }) => (
          <ReferenceLine
            key={`${step} ${what}`}
            x={step}
            stroke="var(--ink)"
            strokeDasharray="2 3"
            label={{ value: '▾', position: 'insideTop', fill: 'var(--ink)', fontSize: 11 }}
          />
        ))}
        {curves
          .filter(({ band }) => band)
          .map(({ key, look }) => (
            <Area
              key={key}
              dataKey={`${key}Band`}
              stroke="none"
              fill={STROKES[look].stroke}
              fillOpacity={0.15}
              connectNulls
              isAnimationActive={false}
              tooltipType="none"
              activeDot={false}
            />
          ))}
        {curves.map((curve) => (
          <Line key={curve.key} dataKey={curve.key} {...lineOf(curve)} />
        ))}
      </ComposedChart>
    </Figure>
  );
}

function lineOf({ look, raw, dots }: Curve) {
  const stroke = STROKES[look];
  return {
    ...(raw
      ? { stroke: stroke.stroke, strokeWidth: 0.8, strokeOpacity: 0.45, activeDot: false }
      : stroke),
    dot: dots ? { r: 2.5, fill: stroke.stroke, strokeDasharray: '' } : false,
    connectNulls: true,
    isAnimationActive: false,
  } as const;
}
