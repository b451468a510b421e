// The charts of an evaluation: scores with their interval, speed, and what it cost in passes.

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
import { ROLE_NAMES, type Role } from '../../core/roles.ts';
import { contenderName, lookOf } from '../../state/contenders.ts';
import {
  isVerifiable,
  type ScorePoint,
  scoreFloor,
  scoreSeries,
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

/** @param only these contenders; all, if it is left out */
export default function EvaluateCharts({ run, only }: { run: Run; only?: readonly number[] }) {
  const drawn = useChartRun(run);
  const all = tallies(drawn).filter(({ contender }) => only?.includes(contender) ?? true);
  return (
    <>
      <Scores run={drawn} all={all} />
      <Speed run={drawn} all={all} />
      <Passes run={drawn} all={all} />
    </>
  );
}

interface Props {
  readonly run: Run;
  readonly all: readonly Tally[];
}

const interval = (point: ScorePoint, contender: number): string => {
  const [low, high] = point.interval[contender] ?? [Number.NaN, Number.NaN];
  return `${percent(low, 1)} to ${percent(high, 1)}`;
};

function Scores({ run, all }: Props) {
  const { experiment } = run;
  const contenders = all.map((tally) => tally.contender);
  const name = (contender: number) => contenderName(experiment, contender);
  const stroke = (contender: number) => STROKES[lookOf(experiment, contender)];
  const floor = scoreFloor(all);
  const points = scoreSeries(run);
  const last = Math.max(2, points.at(-1)?.problems ?? 0, experiment.problems);
  const verifiable = isVerifiable(experiment);
  const what = verifiable
    ? 'Share of problems answered exactly right so far, with the 95 % Wilson interval.'
    : 'Mean reward so far, with the 95 % interval of Student’s t.';
  return (
    <Figure
      title={verifiable ? 'Right answers' : 'Mean reward'}
      about={`${what}${floor > 0 && all.length > 0 ? ` The axis begins at ${percent(floor, 0)}.` : ''}`}
      height={230}
      legend={contenders.map((contender) => (
        <StrokeEntry key={contender} stroke={lookOf(experiment, contender)}>
          {name(contender)}
        </StrokeEntry>
      ))}
      rows={all.length > 0 ? points : []}
      columns={[
        { title: 'Problems', of: (point) => point.problems },
        ...contenders.map((contender) => ({
          title: `${name(contender)} (95 % interval)`,
          of: (point: ScorePoint) =>
            point.score[contender] === undefined
              ? '–'
              : `${percent(point.score[contender], 1)} (${interval(point, contender)})`,
        })),
      ]}
      empty="A line for each contender, as answers come in."
    >
      <ComposedChart data={points as ScorePoint[]} margin={MARGIN}>
        <CartesianGrid {...GRID} />
        <XAxis
          {...AXIS}
          dataKey="problems"
          type="number"
          domain={[1, last]}
          ticks={placeTicks(last) as number[]}
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
          content={box<ScorePoint>((point) => (
            <>
              after {point.problems} problems
              {contenders.map((contender) => (
                <div key={contender}>
                  {name(contender)}: {percent(point.score[contender] ?? 0, 1)} (
                  {interval(point, contender)})
                </div>
              ))}
            </>
          ))}
        />
        {contenders.map((contender) => (
          <Area
            key={`band-${contender}`}
            dataKey={(point: ScorePoint) => point.interval[contender]}
            fill={stroke(contender).stroke}
            fillOpacity={contenders.length > 4 ? 0.06 : 0.12}
            stroke="none"
            isAnimationActive={false}
            activeDot={false}
          />
        ))}
        {contenders.map((contender) => (
          <Line
            key={contender}
            dataKey={(point: ScorePoint) => point.score[contender]}
            dot={false}
            isAnimationActive={false}
            {...stroke(contender)}
          />
        ))}
      </ComposedChart>
    </Figure>
  );
}

/** Longer names are cut here; the table below has them whole. */
const LONGEST = 18;
const cutName = (name: string): string =>
  name.length > LONGEST ? `${name.slice(0, LONGEST - 1)}…` : name;

const nameAxis = (run: Run) => ({
  ...AXIS,
  dataKey: ({ contender }: Tally) => contenderName(run.experiment, contender),
  tickFormatter: cutName,
  type: 'category' as const,
  width: 118,
  interval: 0 as const,
});

function Speed({ run, all }: Props) {
  const { experiment } = run;
  return (
    <Figure
      title="Speed"
      about="Tokens per second over all problems so far, prompts included."
      height={40 + 34 * Math.max(1, all.length)}
      rows={all}
      columns={[
        { title: 'Contender', of: ({ contender }) => contenderName(experiment, contender) },
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
            <Cell key={contender} fill={STROKES[lookOf(experiment, contender)].stroke} />
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

/** A role's bar: its colour, and for all but small a pattern of its own. */
const FILLS: Readonly<Record<Role, string>> = {
  small: 'var(--small-line)',
  large: 'url(#hatch-large)',
  expert: 'url(#hatch-expert)',
  expert2: 'url(#hatch-expert)',
  expert3: 'url(#hatch-expert)',
  antiExpert: 'url(#hatch-anti)',
  tuned: 'url(#hatch-expert)',
  untuned: 'url(#hatch-anti)',
};
const LINES: Readonly<Record<Role, string>> = {
  small: 'var(--small-line)',
  large: 'var(--large-line)',
  expert: 'var(--expert-line)',
  expert2: 'var(--expert-line)',
  expert3: 'var(--expert-line)',
  antiExpert: 'var(--anti-line)',
  tuned: 'var(--expert-line)',
  untuned: 'var(--anti-line)',
};

function Passes({ run, all }: Props) {
  const { experiment } = run;
  const roles = [...new Set(all.flatMap(({ passes }) => Object.keys(passes) as Role[]))];
  const passesOf = ({ passes }: Tally) =>
    roles.flatMap((role) => passes[role]?.toFixed(1) ?? []).join(' + ');
  return (
    <Figure
      title="Forward passes per problem"
      about="Of each model that takes part; a pass of the large one is the dear one."
      legend={roles.map((role) => (
        <li key={role}>
          <svg width="14" height="12" aria-hidden="true">
            <rect x="0.5" y="1.5" width="13" height="9" fill={FILLS[role]} stroke={LINES[role]} />
          </svg>
          {ROLE_NAMES[role]} passes
        </li>
      ))}
      height={40 + 34 * Math.max(1, all.length)}
      rows={all}
      columns={[
        { title: 'Contender', of: ({ contender }) => contenderName(experiment, contender) },
        ...roles.map((role) => ({
          title: ROLE_NAMES[role],
          of: ({ passes }: Tally) => (passes[role] ?? 0).toFixed(1),
        })),
      ]}
      empty="A bar for each contender, as answers come in."
    >
      {/* Bars are stacked in the order in which they came: a role that comes later would lie behind the numbers. */}
      <BarChart
        key={roles.join(' ')}
        data={all as Tally[]}
        layout="vertical"
        margin={{ ...MARGIN, right: 76 }}
      >
        <defs>
          <Hatch id="hatch-large" colour="var(--large-line)" turn={45} />
          <Hatch id="hatch-expert" colour="var(--expert-line)" turn={-45} />
          <Hatch id="hatch-anti" colour="var(--anti-line)" turn={0} />
        </defs>
        <XAxis {...AXIS} type="number" label={labelBelow('passes per problem')} />
        <YAxis {...nameAxis(run)} />
        {roles.map((role) => (
          <Bar
            key={role}
            dataKey={({ passes }: Tally) => passes[role] ?? 0}
            stackId="passes"
            barSize={16}
            fill={FILLS[role]}
            stroke={LINES[role]}
            isAnimationActive={false}
          />
        ))}
        {/* Carries the numbers: a bar of no length has no label of its own. */}
        <Bar
          dataKey={() => 1e-3}
          stackId="passes"
          barSize={16}
          fill="none"
          isAnimationActive={false}
        >
          <LabelList dataKey={passesOf} position="right" className="bar-label" />
        </Bar>
      </BarChart>
    </Figure>
  );
}

function Hatch({ id, colour, turn }: { id: string; colour: string; turn: number }) {
  return (
    <pattern
      id={id}
      width="5"
      height="5"
      patternUnits="userSpaceOnUse"
      patternTransform={`rotate(${turn})`}
    >
      <rect width="5" height="5" fill="var(--surface)" />
      <rect width="3" height="5" fill={colour} />
    </pattern>
  );
}
