// Every setting of a sweep as a cell: colour for those who scan, a number for those who read, a dot in the corner where
// nothing is at least as good and faster. Arrow keys go from cell to cell; a cell opens its run.

import { type KeyboardEvent, useState } from 'react';
import { contenderName } from '../../state/contenders.ts';
import { knobName } from '../../state/describe.ts';
import { isVerifiable } from '../../state/evaluation.ts';
import { percent, times } from '../../state/format.ts';
import type { Run } from '../../state/run.ts';
import {
  type Cell,
  type Estimate,
  MEASURES,
  type Measure,
  measured,
  rangeOf,
  type SweepState,
  shareOf,
} from '../../state/sweep.ts';
import { usePage } from '../app.ts';
import { Scroller } from '../parts/Scroller.tsx';
import { Twin } from '../parts/Twin.tsx';
import { useCompare } from './useCompare.ts';

interface Props {
  readonly run: Run;
  readonly sweep: SweepState;
}

const show: Readonly<Record<Measure, (value: number) => string>> = {
  score: (value) => percent(value, 1),
  speedUp: times,
  largePasses: (value) => value.toFixed(1),
};
const estimate = (value: Estimate | undefined, of: (value: number) => string): string => {
  if (!value) return '–';
  const { mean, low, high } = value;
  return low === undefined || high === undefined
    ? of(mean)
    : `${of(mean)} (${of(low)} to ${of(high)})`;
};

export function HeatMap({ run, sweep }: Props) {
  const [measure, setMeasure] = useState<Measure>('score');
  const { cells, frontier, seeds } = sweep;
  const verifiable = isVerifiable(run.experiment);
  const titles: Readonly<Record<Measure, string>> = {
    score: verifiable ? 'Accuracy' : 'Mean reward',
    speedUp: 'Speed-up',
    largePasses: 'Large passes',
  };
  const about: Readonly<Record<Measure, string>> = {
    score: verifiable ? 'Share of problems that are right.' : 'Mean over the problems.',
    speedUp: 'Time per token of large alone over that of the setting, on the same problems.',
    largePasses: 'Forward passes of the large model per problem.',
  };
  const over = seeds > 1 ? ` Mean over ${seeds} seeds.` : '';
  const name = ({ contender }: Cell) => contenderName(run.experiment, contender);
  return (
    <section aria-labelledby="heat-title">
      <div className="panel-head">
        <h2 id="heat-title">Every setting</h2>
        <div className="segments" role="radiogroup" aria-label="What the cells show">
          {MEASURES.map((one) => (
            <label key={one}>
              <input
                type="radio"
                name="measure"
                checked={measure === one}
                onChange={() => setMeasure(one)}
              />
              {titles[one]}
            </label>
          ))}
        </div>
      </div>
      <p className="fine">
        {about[measure]}
        {over} <span className="corner" aria-hidden="true" /> on the frontier: no other is at least
        as good and as fast.
      </p>
      <Grid run={run} sweep={sweep} measure={measure} />
      <Scale sweep={sweep} measure={measure} />
      <Twin
        title="Every setting"
        rows={cells.filter(({ tally }) => tally)}
        columns={[
          { title: 'Setting', of: name },
          { title: 'Problems', of: ({ tally }) => tally?.answered ?? 0 },
          { title: `${titles.score} (95 %)`, of: ({ score }) => estimate(score, show.score) },
          {
            title: seeds > 1 ? 'Speed-up (95 %)' : 'Speed-up',
            of: ({ speedUp }) => estimate(speedUp, show.speedUp),
          },
          {
            title: 'Large passes per problem',
            of: (cell) => show.largePasses(measured(cell, 'largePasses') ?? 0),
          },
          {
            title: 'Frontier',
            of: (cell) => (frontier.includes(cell) ? 'yes' : 'no'),
          },
        ]}
      />
    </section>
  );
}

function Grid({ run, sweep, measure }: Props & { readonly measure: Measure }) {
  const { x, y, cells, frontier } = sweep;
  const { method } = run.experiment;
  const chosen = usePage((state) => (state.point?.run === run.id ? state.point : undefined));
  const range = rangeOf(cells, measure);
  const width = x.values.length;
  const rows = (y?.values ?? ['']).map((value, row) => ({
    value: String(value),
    cells: cells.slice(row * width, (row + 1) * width),
  }));
  const first = chosen?.contender ?? 1;

  const move = (event: KeyboardEvent<HTMLElement>) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -width, ArrowDown: width }[event.key];
    const at = Number((event.target as HTMLElement).dataset.place);
    if (step === undefined || !(at >= 1)) return;
    const across = Math.abs(step) === 1;
    const sameRow = Math.floor((at - 1) / width) === Math.floor((at - 1 + step) / width);
    if (across && !sameRow) return;
    const next = event.currentTarget.querySelector<HTMLElement>(`[data-place="${at + step}"]`);
    if (!next) return;
    event.preventDefault();
    next.focus();
  };
  return (
    <Scroller label="Heat map">
      <table className="heat" onKeyDown={move}>
        <thead>
          <tr>
            <td className="fine">
              {y && `${knobName(method, y.key)} ↓ `}
              {knobName(method, x.key)} →
            </td>
            {x.values.map((value) => (
              <th key={value} scope="col">
                {value}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.value}>
              <th scope="row">{row.value}</th>
              {row.cells.map((cell) => (
                <td key={cell.contender}>
                  <CellButton
                    run={run}
                    cell={cell}
                    measure={measure}
                    range={range}
                    best={frontier.includes(cell)}
                    first={cell.contender === first}
                  />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Scroller>
  );
}

interface CellProps {
  readonly run: Run;
  readonly cell: Cell;
  readonly measure: Measure;
  readonly range: readonly [number, number] | undefined;
  readonly best: boolean;
  /** The one that Tab goes to. */
  readonly first: boolean;
}

function CellButton({ run, cell, measure, range, best, first }: CellProps) {
  const { selectPoint } = useCompare();
  const { contender, failure, score, speedUp, tally } = cell;
  const chosen = usePage(({ point }) => point?.run === run.id && point.contender === contender);
  const value = measured(cell, measure);
  const share = value === undefined || !range ? 0 : shareOf(value, range);
  const said = failure
    ? `cannot run: ${failure.message}`
    : !tally
      ? 'not yet answered'
      : `${estimate(score, show.score)}, speed-up ${estimate(speedUp, show.speedUp)}, ${tally.answered} problems${best ? ', on the frontier' : ''}`;
  const label = `${contenderName(run.experiment, contender)}: ${said}`;
  return (
    <button
      type="button"
      className="cell-button"
      data-place={contender}
      tabIndex={first ? 0 : -1}
      aria-pressed={chosen}
      aria-label={label}
      title={label}
      style={{ '--share': `${Math.round(100 * share)}%` } as React.CSSProperties}
      onClick={() => selectPoint(run.id, chosen ? undefined : contender)}
    >
      {value === undefined ? (failure ? '×' : '·') : show[measure](value)}
      {best && <span className="corner" aria-hidden="true" />}
    </button>
  );
}

/** What the colours mean. */
function Scale({ sweep, measure }: { sweep: SweepState; measure: Measure }) {
  const range = rangeOf(sweep.cells, measure);
  if (!range) return null;
  const { alone, aloneScore } = sweep;
  const own =
    measure === 'score'
      ? aloneScore && show.score(aloneScore.mean)
      : measure === 'largePasses'
        ? alone && show.largePasses(alone.passes.large ?? 0)
        : show.speedUp(1);
  return (
    <p className="scale fine num">
      {show[measure](range[0])}
      <span className="ramp" aria-hidden="true" />
      {show[measure](range[1])}
      {own && <span className="muted">large alone: {own}</span>}
    </p>
  );
}
