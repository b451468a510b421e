// Right, in Parameters: what the model says next, with its own numbers and with the turned ones, live; the text that
// comes of it; and how many problems it answers. The two settings beside it are no parameters, and act at once.

import { DIAL_LIMITS, type LookedAt } from '../../core/dials.ts';
import { ROLE_NAMES } from '../../core/roles.ts';
import { taskList } from '../../experiment/catalogue.ts';
import { duration, percent, titled, visible } from '../../state/format.ts';
import type { Accuracy } from '../../state/parameters/benchState.ts';
import { planOf } from '../../state/parameters/plan.ts';
import { nats } from '../../state/parameters/sentences.ts';
import type { Next } from '../../state/parameters/types.ts';
import { usePage } from '../app.ts';
import { Mark } from '../parts/Mark.tsx';
import { Slider } from './Slider.tsx';
import { useBench, useBenchState, useDials, useOpened } from './useBench.ts';

export default function NextPanel() {
  const { model, temperature, topP } = useDials();
  const next = useBenchState((state) => state.next);
  const failure = useBenchState((state) => state.nextFailure);
  const latency = useBenchState((state) => state.latency);
  const opened = useOpened();
  const { setDials } = useBench();
  const closed = opened?.anatomy.closed;
  return (
    <section className="next" aria-label="What comes next">
      <h2>
        What comes next <Mark of={model} />{' '}
        <span className="fine">{titled(ROLE_NAMES[model])}</span>
      </h2>
      {closed ? (
        <p className="fine">
          {closed.message} {closed.remedy}
        </p>
      ) : failure ? (
        <p role="alert" className="problem">
          {failure.message} {failure.remedy}
        </p>
      ) : next ? (
        <>
          <Distribution next={next} />
          {latency !== undefined && (
            <p className="fine num">
              New distribution {duration(latency)} after the dial was turned, of which{' '}
              {duration(next.ms)} in the model.
            </p>
          )}
        </>
      ) : (
        <p className="fine" role="status">
          The model is getting ready.
        </p>
      )}
      <h3>Settings, which are not parameters</h3>
      <Slider
        label="Temperature"
        value={temperature}
        {...DIAL_LIMITS.temperature}
        step={0.05}
        onValue={(value) => setDials({ temperature: value })}
      />
      <Slider
        label="Top-p"
        value={topP}
        {...DIAL_LIMITS.topP}
        step={0.01}
        onValue={(value) => setDials({ topP: value })}
      />
      <Texts model={model} />
      <Problems />
    </section>
  );
}

function Distribution({ next }: { next: Next }) {
  const turned = useTurned();
  const most = Math.max(...next.top.map((one) => Math.max(one.untouched, one.turned)), 1e-9);
  return (
    <>
      <table className="distribution">
        <caption className="fine">
          Probability of each next token after the prompt{turned ? ', untouched and turned' : ''}
        </caption>
        <thead>
          <tr>
            <th scope="col">Token</th>
            <th scope="col" className="right">
              Untouched
            </th>
            <th scope="col" className="right">
              Turned
            </th>
            <td />
          </tr>
        </thead>
        <tbody>
          {next.top.slice(0, 8).map(({ token, text, untouched, turned: now }) => (
            <tr key={token}>
              <th scope="row" className="mono">
                {visible(text)}
              </th>
              <td className="number">{percent(untouched)}</td>
              <td className="number">{percent(now)}</td>
              <td className="chances" aria-hidden="true">
                <span
                  className="chance untouched"
                  style={{ width: `${(100 * untouched) / most}%` }}
                />
                <span className="chance now" style={{ width: `${(100 * now) / most}%` }} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <p className="fine num" role="status">
        {turned
          ? `KL(untouched ‖ turned) = ${nats(next.divergence)}`
          : 'No dial is turned: both are the same, bit for bit.'}
      </p>
    </>
  );
}

/** Does any dial of this model stand elsewhere than it came? */
function useTurned(): boolean {
  return usePage(({ experiment }) => {
    const { bits, edits } = planOf(experiment, experiment.dials.model);
    return bits !== 32 || edits.length > 0;
  });
}

function Texts({ model }: { model: LookedAt }) {
  const writing = useBenchState((state) => state.writing);
  const prompt = usePage((state) => state.experiment.prompt);
  const turned = useTurned();
  return (
    <>
      <h3>What it writes</h3>
      <p className="fine">
        The most probable token each time, after <q className="mono">{visible(prompt)}</q>
      </p>
      <dl className="texts">
        <dt>Untouched</dt>
        <dd className={`mono text ${model}`}>{writing?.untouchedText || '…'}</dd>
        <dt>Turned</dt>
        <dd className={`mono text ${turned ? 'now' : model}`} data-testid="turned-text">
          {writing?.turnedText || '…'}
        </dd>
      </dl>
    </>
  );
}

function Problems() {
  const accuracy = useBenchState((state) => state.accuracy);
  const fresh = useBenchState((state) => state.fresh);
  const task = usePage((state) => state.experiment.task);
  return (
    <>
      <h3>How much of the task it gets right</h3>
      <p className="fine">{taskList[task].title}, the same problems for both.</p>
      <dl className="texts" data-testid="accuracy" data-fresh={fresh}>
        <dt>Untouched</dt>
        <dd>{rate(accuracy, 'untouched')}</dd>
        <dt>Turned</dt>
        <dd>{rate(accuracy, 'turned')}</dd>
      </dl>
    </>
  );
}

function rate(accuracy: Accuracy | undefined, by: 'untouched' | 'turned'): string {
  const rewards = accuracy?.[by] ?? [];
  if (!accuracy || rewards.length === 0) return 'being measured';
  const mean = rewards.reduce((sum, reward) => sum + reward, 0) / rewards.length;
  const whole = rewards.length === accuracy.of;
  return `${percent(mean)} of ${rewards.length}${whole ? '' : `, ${accuracy.of - rewards.length} to go`}`;
}
