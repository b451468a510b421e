// How often which values occur.

import { Bar, BarChart, CartesianGrid, Tooltip, XAxis, YAxis } from 'recharts';
import { quantity } from '../../state/format.ts';
import { figure } from '../../state/parameters/sentences.ts';
import type { Statistics } from '../../state/parameters/types.ts';
import { AXIS, box, GRID, MARGIN } from '../charts/axes.tsx';
import { Figure } from '../charts/Figure.tsx';

interface Bin {
  readonly from: number;
  readonly to: number;
  readonly middle: number;
  readonly count: number;
}

export function Histogram({ statistics }: { statistics: Statistics }) {
  const { min, max, histogram } = statistics;
  const width = (max - min) / histogram.length;
  const bins = histogram.map(
    (count, i): Bin => ({
      from: min + i * width,
      to: min + (i + 1) * width,
      middle: min + (i + 0.5) * width,
      count,
    }),
  );
  return (
    <Figure
      title="Histogram"
      about="How many parameters have which value."
      rows={bins}
      columns={[
        { title: 'From', of: (bin) => figure(bin.from) },
        { title: 'To', of: (bin) => figure(bin.to) },
        { title: 'Parameters', of: (bin) => quantity(bin.count) },
      ]}
      empty="No values."
    >
      <BarChart data={bins} margin={MARGIN} barCategoryGap={0}>
        <CartesianGrid {...GRID} />
        <XAxis
          {...AXIS}
          dataKey="middle"
          type="number"
          domain={[min, max === min ? min + 1 : max]}
          tickFormatter={(x: number) => figure(Number(x.toPrecision(2)))}
        />
        <YAxis {...AXIS} dataKey="count" width={56} tickFormatter={(n: number) => quantity(n)} />
        <Tooltip
          isAnimationActive={false}
          cursor={false}
          content={box<Bin>((bin) => (
            <>
              {figure(bin.from)} to {figure(bin.to)}: {quantity(bin.count)}
            </>
          ))}
        />
        <Bar dataKey="count" fill="var(--ink)" isAnimationActive={false} />
      </BarChart>
    </Figure>
  );
}
