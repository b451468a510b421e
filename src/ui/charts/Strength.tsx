// Dynamic logits fusion: how far each expert pulled at every token, and where its range was too short.

import { CartesianGrid, Line, LineChart, ReferenceLine, Tooltip, XAxis, YAxis } from 'recharts';
import { ROLE_NAMES, type Role } from '../../core/roles.ts';
import { quote } from '../../state/format.ts';
import { type FusionPoint, shiftOf } from '../../state/fusion.ts';
import type { Run } from '../../state/run.ts';
import { series } from '../../state/series.ts';
import { ticksFromZero } from '../../state/ticks.ts';
import { AXIS, box, GRID, labelInside, MARGIN } from './axes.tsx';
import { Figure } from './Figure.tsx';
import { SignAt, SignEntry, STROKES, type Stroke, StrokeEntry } from './signs.tsx';
import { SelectedLine, tokenAxis } from './tokenAxis.tsx';

const ENDS = { low: 'at the lower end', high: 'at the upper end' } as const;

export function Strength({ run }: { run: Run }) {
  const points = series(run, 'fusion');
  const experts = shiftOf(run.experiment).experts;
  const low = Number(run.experiment.params.alphaMin);
  const high = Number(run.experiment.params.alphaMax);
  const top = Math.max(high * 1.25, 0.1);
  const one = experts.length === 1;
  return (
    <Figure
      title="Strength α, token by token"
      about={`${one ? 'How far large is moved along what the expert has learned' : 'How far each expert moves large; one acts at a time, unless the search is joint'}. Solved between ${low} and ${high}.`}
      legend={
        <>
          {experts.map((role) => (
            <StrokeEntry key={role} stroke={role as Stroke}>
              {ROLE_NAMES[role]}
            </StrokeEntry>
          ))}
          <SignEntry sign="edge">at an end of the range</SignEntry>
          <StrokeEntry stroke="threshold">range</StrokeEntry>
        </>
      }
      rows={points}
      columns={[
        { title: 'Token', of: (point) => point.n },
        { title: 'Text', of: (point) => quote(point.text) },
        ...experts.map((role, t) => ({
          title: one ? 'α' : `α, ${ROLE_NAMES[role]}`,
          of: (point: FusionPoint) => (point.alphas[t] ?? Number.NaN).toFixed(3),
        })),
        { title: 'Range', of: (point) => (point.edge ? ENDS[point.edge] : 'inside') },
      ]}
      empty="A point for every token, as soon as there is a run."
    >
      <LineChart data={points as FusionPoint[]} margin={MARGIN}>
        <CartesianGrid {...GRID} />
        <XAxis {...tokenAxis(run)} />
        <YAxis
          {...AXIS}
          type="number"
          domain={[0, top]}
          ticks={ticksFromZero(top) as number[]}
          width={46}
        />
        <ReferenceLine
          y={high}
          {...STROKES.threshold}
          label={labelInside(`range ends at ${high}`, 'insideBottomRight')}
        />
        {low > 0 && (
          <ReferenceLine
            y={low}
            {...STROKES.threshold}
            label={labelInside(`range begins at ${low}`, 'insideTopRight')}
          />
        )}
        <SelectedLine run={run} />
        <Tooltip
          isAnimationActive={false}
          cursor={{ stroke: 'var(--edge)' }}
          content={box<FusionPoint>((point) => (
            <>
              <b className="mono">{quote(point.text)}</b> token {point.n}
              {experts.map((role, t) => (
                <div key={role}>
                  {one ? 'α' : ROLE_NAMES[role]} {(point.alphas[t] ?? Number.NaN).toFixed(3)}
                </div>
              ))}
              {point.edge && ENDS[point.edge]}
            </>
          ))}
        />
        {experts.map((role, t) => (
          <Line
            key={role}
            dataKey={(point: FusionPoint) => point.alphas[t]}
            isAnimationActive={false}
            activeDot={false}
            dot={edgesOf(t)}
            {...STROKES[role as Role & Stroke]}
          />
        ))}
      </LineChart>
    </Figure>
  );
}

/** Marks the tokens at which the strongest expert ran into an end. */
const edgesOf =
  (expert: number) =>
  ({ cx, cy, payload, index }: DotProps) => {
    const { edge, alphas } = payload ?? {};
    const strongest = alphas !== undefined && alphas[expert] === Math.max(...alphas);
    const at = cx !== undefined && cy !== undefined && edge && strongest;
    return at ? <SignAt key={index} sign="edge" cx={cx} cy={cy} /> : <g key={index} />;
  };

interface DotProps {
  readonly cx?: number | undefined;
  readonly cy?: number | undefined;
  readonly index?: number;
  readonly payload?: FusionPoint;
}
