// The charts of a training by reward, in TRL's names, for one model or for two side by side.

import { METRICS, type MetricName } from '../../core/policyEvents.ts';
import { learnersOf } from '../../experiment/catalogue.ts';
import {
  accuracyCurves,
  lengthCurves,
  metricCurves,
  partCurves,
  plainCurves,
  speedCurves,
  timeCurves,
  writtenCurves,
} from '../../state/curves.ts';
import { duration, percent, quantity } from '../../state/format.ts';
import { type PolicyState, policy, shortRate } from '../../state/policy.ts';
import type { Run } from '../../state/run.ts';
import { CurveChart, type StepMark } from './CurveChart.tsx';
import { useChartRun } from './useChartRun.ts';

interface Props {
  readonly state: PolicyState;
  readonly steps: number;
  readonly marks: readonly StepMark[];
}

const decimals = (value: number): string =>
  Math.abs(value) >= 100 ? quantity(Math.round(value)) : String(Number(value.toFixed(3)));
const share = (value: number): string => percent(value, 1);
const small = (value: number): string =>
  value !== 0 && Math.abs(value) < 0.001 ? value.toExponential(1) : decimals(value);

export default function PolicyCharts({ run }: { run: Run }) {
  const state = policy(useChartRun(run));
  const { experiment } = run;
  const props: Props = {
    state,
    steps: Math.max(2, state.steps || Number(experiment.params.steps)),
    marks: state.marks,
  };
  const [first] = learnersOf(experiment);
  return (
    <>
      <CurveChart
        {...props}
        {...metricCurves(state, 'reward')}
        title="Reward"
        metric="reward"
        about={METRICS.reward.meaning}
        format={decimals}
        height={190}
        empty="A line that rises, as the model learns what is rewarded."
      />
      <CurveChart
        {...props}
        {...accuracyCurves(state)}
        title="Right answers"
        metric="eval_reward"
        about="Share of held-out problems answered right, greedily, with the 95 % Wilson interval."
        format={share}
        shares
        height={170}
        empty="A point at every evaluation: what the reward is for."
      />
      <Clipped {...props} both={learnersOf(experiment).length > 1} />
      {first && (
        <CurveChart
          {...props}
          {...partCurves(state, first)}
          title={`What the reward of ${first} is made of`}
          metric="rewards/…/mean"
          about="Each part before weighting; the distillation in nats."
          format={decimals}
          empty="Correctness, format, length and distillation, each by itself."
        />
      )}
      <Metric
        {...props}
        name="entropy"
        format={decimals}
        empty="It falls as the model gets surer; at 0 there is nothing left to explore."
      />
      <Metric
        {...props}
        name="kl"
        format={small}
        empty="How far the policy has moved; measured when the KL term has a weight."
      />
      <CurveChart
        {...props}
        {...lengthCurves(state)}
        title="Completion length"
        metric="completions/mean_length"
        about={`${METRICS['completions/mean_length'].meaning} The band: shortest to longest.`}
        format={decimals}
        domain={[0, 'auto']}
        empty="How long the answers are."
      />
      <Metric
        {...props}
        name="frac_reward_zero_std"
        format={share}
        shares
        empty="Groups that teach nothing: all right, or all wrong."
      />
      <Metric
        {...props}
        name="grad_norm"
        format={small}
        empty="A spike here is the first sign of trouble."
      />
      <CurveChart
        {...props}
        {...speedCurves(state)}
        title="Speed"
        about="Tokens written per second of a step, learning included."
        format={(value) => quantity(Math.round(value))}
        domain={[0, 'auto']}
        empty="Tokens per second."
      />
      <CurveChart
        {...props}
        {...timeCurves(state)}
        title="Time of a step"
        about="Rollout, scoring and backward are ONNX Runtime’s; update and own are ours."
        format={(value) => duration(Math.round(value))}
        domain={[0, 'auto']}
        empty="Where the time of each step goes."
      />
      <details className="more">
        <summary>
          More charts
          <span className="fine">loss, learning rate, ratio, tokens written</span>
        </summary>
        <div className="charts">
          <Metric
            {...props}
            name="loss"
            format={small}
            empty="Near 0 at the first step, as it should be."
          />
          <Metric
            {...props}
            name="learning_rate"
            format={shortRate}
            domain={[0, 'auto']}
            empty="The schedule, and what you make of it."
          />
          <Metric
            {...props}
            name="reward_std"
            format={decimals}
            empty="How much there is to tell apart in a group."
          />
          <Metric
            {...props}
            name="sampling/importance_sampling_ratio/mean"
            format={decimals}
            empty="1 while a policy learns from what it has just written."
          />
          <Metric
            {...props}
            name="tokens_with_gradient"
            format={decimals}
            domain={[0, 'auto']}
            empty="What a step learns from."
          />
          <Metric
            {...props}
            name="completions/clipped_ratio"
            format={share}
            shares
            empty="Answers that ran out of room."
          />
          <CurveChart
            {...props}
            {...writtenCurves(state)}
            title="Tokens written"
            about="By each model, since the beginning: what a co-trained large model is spared."
            format={(value) => quantity(Math.round(value))}
            domain={[0, 'auto']}
            empty="Two lines, of which the large model’s should stay low."
          />
        </div>
      </details>
    </>
  );
}

interface MetricProps extends Props {
  readonly name: MetricName;
  readonly format: (value: number) => string;
  readonly shares?: true;
  readonly domain?: readonly [number | 'auto', number | 'auto'];
  readonly empty: string;
}

function Metric({ name, ...props }: MetricProps) {
  const { label, meaning } = METRICS[name];
  const curves = (name === 'learning_rate' ? plainCurves : metricCurves)(props.state, name);
  // What this method does not measure has no chart.
  if (props.state.points.length > 0 && curves.curves.length === 0) return null;
  return <CurveChart {...props} {...curves} title={label} metric={name} about={meaning} />;
}

/** What makes or breaks a large model that learns from a small one's completions. */
function Clipped({ both, ...props }: Props & { readonly both: boolean }) {
  return (
    <CurveChart
      {...props}
      {...metricCurves(props.state, 'clip_ratio/region_mean')}
      title="Tokens without gradient"
      metric="clip_ratio/region_mean"
      about={
        both
          ? 'Share of tokens whose ratio left the range. The large model learns only from the small one’s tokens that it finds about as likely: when this nears 100 %, it learns nothing.'
          : 'Share of tokens whose ratio left the range; 0 while a policy makes one update from what it has just written.'
      }
      format={share}
      shares
      height={170}
      empty="The share of tokens that a clipped ratio takes out of the gradient."
    />
  );
}
