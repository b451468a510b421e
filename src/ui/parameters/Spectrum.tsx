// Singular values: how many directions a matrix really uses. Computed in a worker of its own, because a large matrix
// takes seconds, and only when somebody asks.

import { useEffect, useRef, useState } from 'react';
import { CartesianGrid, Line, LineChart, Tooltip, XAxis, YAxis } from 'recharts';
import type { Failure } from '../../core/errors.ts';
import { figure, shapeOf } from '../../state/parameters/sentences.ts';
import { computeSpectrum } from '../../state/parameters/spectrum.ts';
import type { Part } from '../../state/parameters/types.ts';
import { AXIS, box, GRID, MARGIN } from '../charts/axes.tsx';
import { Figure } from '../charts/Figure.tsx';
import { useBench, useDials } from './useBench.ts';

interface Point {
  readonly n: number;
  readonly value: number;
}

/** Matrices up to this side are done at once. */
const AT_ONCE = 340;
const LARGEST = 1024;

export function Spectrum({ part }: { part: Part }) {
  const { ask, modelOf } = useBench();
  const { model } = useDials();
  const { rows, columns } = shapeOf(part);
  const side = Math.max(rows, columns);
  const matrix = Math.min(rows, columns) > 1;
  const [state, setState] = useState<
    | { readonly values: readonly number[] }
    | { readonly failure: Failure }
    | { readonly busy: true }
    | undefined
  >();
  const stop = useRef<AbortController>(undefined);
  useEffect(() => () => stop.current?.abort(), []);

  async function compute() {
    stop.current?.abort();
    const mine = new AbortController();
    stop.current = mine;
    setState({ busy: true });
    try {
      const told = await ask(modelOf(model), { what: 'values', tensor: part.name });
      const values = await computeSpectrum(told, mine.signal);
      if (!mine.signal.aborted) setState({ values });
    } catch (error) {
      if (!mine.signal.aborted) setState({ failure: error as Failure });
    }
  }
  // biome-ignore lint/correctness/useExhaustiveDependencies: once for a tensor, which keys this component
  useEffect(() => {
    if (matrix && side <= AT_ONCE) void compute();
  }, []);

  const points: readonly Point[] =
    state && 'values' in state ? state.values.map((value, i) => ({ n: i + 1, value })) : [];
  const total = points.reduce((sum, { value }) => sum + value ** 2, 0);
  let gathered = 0;
  const most = points.findIndex(({ value }) => {
    gathered += value ** 2;
    return gathered >= 0.9 * total;
  });
  return (
    <div>
      <Figure
        title="Singular values"
        about={
          points.length > 0
            ? `Largest first. ${most + 1} of ${points.length} carry 90 % of the squared norm.`
            : 'Largest first: how many directions the matrix really uses.'
        }
        rows={points}
        columns={[
          { title: 'Number', of: ({ n }) => n },
          { title: 'Singular value', of: ({ value }) => figure(value) },
        ]}
        empty={
          !matrix
            ? 'A vector has none beyond its norm.'
            : side > LARGEST
              ? `Computed for matrices of up to ${LARGEST} × ${LARGEST}; this one has ${rows} × ${columns}.`
              : state && 'failure' in state
                ? `${state.failure.message} ${state.failure.remedy}`
                : state
                  ? 'Being computed.'
                  : 'Not computed yet.'
        }
      >
        <LineChart data={points as Point[]} margin={MARGIN}>
          <CartesianGrid {...GRID} />
          <XAxis {...AXIS} dataKey="n" type="number" domain={[1, 'dataMax']} />
          <YAxis {...AXIS} width={46} tickFormatter={(x: number) => figure(x)} />
          <Tooltip
            isAnimationActive={false}
            content={box<Point>(({ n, value }) => (
              <>
                number {n}: {figure(value)}
              </>
            ))}
          />
          <Line
            dataKey="value"
            stroke="var(--ink)"
            dot={false}
            strokeWidth={1.5}
            isAnimationActive={false}
          />
        </LineChart>
      </Figure>
      {matrix && side > AT_ONCE && side <= LARGEST && (
        <p>
          {state && 'busy' in state ? (
            <>
              <progress aria-label="Singular values are being computed" />
              <button
                type="button"
                className="button quiet"
                onClick={() => {
                  stop.current?.abort();
                  setState(undefined);
                }}
              >
                Stop
              </button>
            </>
          ) : (
            points.length === 0 && (
              <button type="button" className="button quiet" onClick={() => void compute()}>
                Compute (about {Math.ceil(14 * (Math.min(rows, columns) / 1024) ** 3)} s)
              </button>
            )
          )}
        </p>
      )}
    </div>
  );
}
