// The axis that the charts over tokens share, so that places can be compared.

import { ReferenceLine } from 'recharts';
import type { Run } from '../../state/run.ts';
import { placeTicks } from '../../state/ticks.ts';
import { streamOf } from '../../state/tokenStream.ts';
import { usePage } from '../app.ts';
import { AXIS, labelBelow } from './axes.tsx';

export const tokenAxis = (run: Run) => ({
  ...AXIS,
  ticks: placeTicks(lastPlace(run)) as number[],
  dataKey: 'n',
  type: 'number' as const,
  domain: [1, lastPlace(run)] as [number, number],
  allowDecimals: false,
  label: labelBelow('token of the new text'),
});

function lastPlace(run: Run): number {
  const { cells, prompt } = streamOf(run);
  return cells.reduce((last, cell) => Math.max(last, cell.at - prompt.length + 1), 2);
}

/** Where the token is that the inspector shows. */
export function SelectedLine({ run }: { run: Run }) {
  const selection = usePage((state) => state.selection);
  const { cells, prompt } = streamOf(run);
  const cell = selection?.run === run.id ? cells[selection.cell] : undefined;
  if (!cell) return null;
  return <ReferenceLine x={cell.at - prompt.length + 1} stroke="var(--edge)" />;
}
