// The charts of a training: loss, accuracy on held-out problems, learning rate and gradient norm, over the steps.

import {
  Area,
  CartesianGrid,
  ComposedChart,
  Line,
  LineChart,
  Tooltip,
  XAxis,
  YAxis,
} from 'recharts';
import { percent } from '../../state/format.ts';
import type { Run } from '../../state/run.ts';
import { thin } from '../../state/thin.ts';
import { placeTicks } from '../../state/ticks.ts';
import {
  type EvaluationPoint,
  type StepPoint,
  type Training,
  training,
} from '../../state/training.ts';
import { AXIS, box, GRID, labelBelow, MARGIN } from './axes.tsx';
import { Figure } from './Figure.tsx';
import { STROKES, StrokeEntry } from './signs.tsx';
import { useChartRun } from './useChartRun.ts';

export default function TrainCharts({ run }: { run: Run }) {
  const state = training(useChartRun(run));
  const steps = Math.max(2, state.steps || Number(run.experiment.params.steps));
  return (
    <>
      <Loss state={state} steps={steps} />
      <Accuracy state={state} steps={steps} />
      <Rate state={state} steps={steps} />
      <Norm state={state} steps={steps} />
    </>
  );
}

interface Props {
  readonly state: Training;
  readonly steps: number;
}

const stepAxis = (steps: number) => ({
  ...AXIS,
  dataKey: 'step',
  type: 'number' as const,
  domain: [1, steps] as [number, number],
  ticks: placeTicks(steps) as number[],
  allowDecimals: false,
  label: labelBelow('step'),
});
const rate = (value: number) => (value === 0 ? '0' : value.toPrecision(3));

type LossPoint = Partial<StepPoint> & { readonly step: number; readonly heldOut?: number };

/** Steps and evaluations in one list, in order. */
function lossPoints({ points, evaluations }: Training): LossPoint[] {
  const byStep = new Map<number, LossPoint>();
  for (const point of thin(points, ({ loss }) => loss)) byStep.set(point.step, point);
  for (const { step, loss } of evaluations) {
    byStep.set(step, { ...byStep.get(step), step, heldOut: loss });
  }
  return [...byStep.values()].sort((a, b) => a.step - b.step);
}

function Loss({ state, steps }: Props) {
  const points = lossPoints(state);
  return (
    <Figure
      title="Loss"
      about="Mean surprise per token, in nats, on a logarithmic axis; thin: each step’s own examples."
      height={230}
      legend={
        <>
          <StrokeEntry stroke="method">training, smoothed</StrokeEntry>
          <StrokeEntry stroke="large">held out</StrokeEntry>
        </>
      }
      rows={points}
      columns={[
        { title: 'Step', of: ({ step }) => step },
        { title: 'Loss', of: ({ loss }) => loss?.toFixed(4) ?? '–' },
        { title: 'Smoothed', of: ({ smooth }) => smooth?.toFixed(4) ?? '–' },
        { title: 'Held out', of: ({ heldOut }) => heldOut?.toFixed(4) ?? '–' },
      ]}
      empty="A line that falls, as the model learns."
    >
      <LineChart data={points} margin={MARGIN}>
        <CartesianGrid {...GRID} />
        <XAxis {...stepAxis(steps)} />
        <YAxis
          {...AXIS}
          scale="log"
          domain={['auto', 'auto']}
          tickFormatter={(value: number) => String(Number(value.toPrecision(2)))}
          width={46}
        />
        <Tooltip
          isAnimationActive={false}
          cursor={{ stroke: 'var(--edge)' }}
          content={box<LossPoint>((point) => (
            <>
              step {point.step}
              {point.loss !== undefined && <div>training: {point.loss.toFixed(4)} nats</div>}
              {point.heldOut !== undefined && <div>held out: {point.heldOut.toFixed(4)} nats</div>}
            </>
          ))}
        />
        <Line
          dataKey="loss"
          stroke="var(--edge)"
          strokeWidth={0.7}
          dot={false}
          connectNulls
          isAnimationActive={false}
        />
        <Line
          dataKey="smooth"
          {...STROKES.method}
          dot={false}
          connectNulls
          isAnimationActive={false}
        />
        <Line
          dataKey="heldOut"
          {...STROKES.large}
          dot={{ r: 2.5, fill: 'var(--large-line)', strokeDasharray: '' }}
          connectNulls
          isAnimationActive={false}
        />
      </LineChart>
    </Figure>
  );
}

function Accuracy({ state, steps }: Props) {
  const points = state.evaluations;
  return (
    <Figure
      title="Right answers"
      about="Share of held-out problems answered right, with the 95 % Wilson interval."
      rows={points}
      columns={[
        { title: 'Step', of: ({ step }) => step },
        { title: 'Right', of: ({ accuracy }) => percent(accuracy, 1) },
        {
          title: '95 % interval',
          of: ({ interval }) => `${percent(interval[0], 1)} to ${percent(interval[1], 1)}`,
        },
      ]}
      empty="A point at every evaluation."
    >
      <ComposedChart data={points as EvaluationPoint[]} margin={MARGIN}>
        <CartesianGrid {...GRID} />
        <XAxis {...stepAxis(steps)} />
        <YAxis
          {...AXIS}
          domain={[0, 1]}
          tickFormatter={(value: number) => percent(value, 0)}
          width={46}
        />
        <Tooltip
          isAnimationActive={false}
          cursor={{ stroke: 'var(--edge)' }}
          content={box<EvaluationPoint>(({ step, accuracy, interval }) => (
            <>
              step {step}: {percent(accuracy, 1)} ({percent(interval[0], 0)} to{' '}
              {percent(interval[1], 0)})
            </>
          ))}
        />
        <Area
          dataKey="interval"
          stroke="none"
          fill="var(--large-line)"
          fillOpacity={0.16}
          isAnimationActive={false}
        />
        <Line
          dataKey="accuracy"
          {...STROKES.large}
          dot={{ r: 2.5, fill: 'var(--large-line)', strokeDasharray: '' }}
          isAnimationActive={false}
        />
      </ComposedChart>
    </Figure>
  );
}

interface PlainProps extends Props {
  readonly title: string;
  readonly about: string;
  readonly name: 'learningRate' | 'gradNorm';
}

function Plain({ state, steps, title, about, name }: PlainProps) {
  const points = thin(state.points, (point) => point[name]);
  return (
    <Figure
      title={title}
      about={about}
      height={120}
      rows={points}
      columns={[
        { title: 'Step', of: ({ step }) => step },
        { title, of: (point) => rate(point[name]) },
      ]}
      empty="A point for each step."
    >
      <LineChart data={points as StepPoint[]} margin={MARGIN}>
        <CartesianGrid {...GRID} />
        <XAxis {...stepAxis(steps)} />
        <YAxis {...AXIS} tickFormatter={rate} tickCount={3} width={64} />
        <Tooltip
          isAnimationActive={false}
          cursor={{ stroke: 'var(--edge)' }}
          content={box<StepPoint>((point) => (
            <>
              step {point.step}: {rate(point[name])}
            </>
          ))}
        />
        <Line dataKey={name} {...STROKES.method} dot={false} isAnimationActive={false} />
      </LineChart>
    </Figure>
  );
}

const Rate = (props: Props) => (
  <Plain
    {...props}
    title="Learning rate"
    about="How far a step goes: the schedule, step by step."
    name="learningRate"
  />
);

const Norm = (props: Props) => (
  <Plain
    {...props}
    title="Gradient norm"
    about="Length of the whole gradient before it is clipped."
    name="gradNorm"
  />
);
