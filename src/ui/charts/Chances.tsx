// Speculative sampling: why each drafted token stood or fell. It stands while its uniform lies below its ratio.

import { CartesianGrid, Scatter, ScatterChart, Tooltip, XAxis, YAxis } from 'recharts';
import { quote } from '../../state/format.ts';
import type { Run } from '../../state/run.ts';
import { series } from '../../state/series.ts';
import type { DraftFate, JudgedPoint } from '../../state/speculation.ts';
import { AXIS, box, GRID, MARGIN } from './axes.tsx';
import { Figure } from './Figure.tsx';
import { SignEntry, signed } from './signs.tsx';
import { SelectedLine, tokenAxis } from './tokenAxis.tsx';

const FATES: Readonly<Record<DraftFate, string>> = {
  stood: 'stood',
  rejected: 'struck out',
  fell: 'fell with it',
};
const SIGNS = { stood: 'small', rejected: 'cut', fell: 'fell' } as const;

export function Chances({ run }: { run: Run }) {
  const points = series(run, 'judged');
  return (
    <Figure
      title="Why drafted tokens stand"
      about="A dash is p/q of a token, cut at 1; its sign is the uniform u that it was given. Below the dash it stands."
      legend={
        <>
          <SignEntry sign="ratio">p/q</SignEntry>
          <SignEntry sign="small">u, stood</SignEntry>
          <SignEntry sign="cut">u, struck out</SignEntry>
          <SignEntry sign="fell">fell with it</SignEntry>
        </>
      }
      rows={points}
      columns={[
        { title: 'Token', of: (point) => point.n },
        { title: 'Text', of: (point) => quote(point.text) },
        { title: 'u', of: (point) => point.uniform.toFixed(3) },
        { title: 'p/q', of: (point) => point.ratio.toFixed(3) },
        { title: 'Became', of: (point) => FATES[point.fate] },
      ]}
      empty="A dash and a point for every drafted token that the large model has judged."
    >
      <ScatterChart margin={MARGIN}>
        <CartesianGrid {...GRID} />
        <XAxis {...tokenAxis(run)} />
        <YAxis
          {...AXIS}
          dataKey={(point: JudgedPoint & { y?: number }) => point.y ?? point.uniform}
          type="number"
          domain={[0, 1]}
          ticks={[0, 0.25, 0.5, 0.75, 1]}
          width={46}
        />
        <SelectedLine run={run} />
        <Tooltip
          isAnimationActive={false}
          cursor={false}
          content={box<JudgedPoint>((point) => (
            <>
              <b className="mono">{quote(point.text)}</b> token {point.n}
              <br />u {point.uniform.toFixed(2)} {point.uniform < point.ratio ? '<' : '≥'} p/q{' '}
              {point.ratio.toFixed(2)}, {FATES[point.fate]}
            </>
          ))}
        />
        <Scatter
          data={points.map((point) => ({ ...point, y: Math.min(1, point.ratio) }))}
          isAnimationActive={false}
          shape={signed<JudgedPoint>(() => 'ratio')}
        />
        <Scatter
          data={points as JudgedPoint[]}
          isAnimationActive={false}
          shape={signed<JudgedPoint>(({ fate }) => SIGNS[fate])}
        />
      </ScatterChart>
    </Figure>
  );
}
