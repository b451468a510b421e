// What came out: the text, whether it is the large model's own, how much faster, and the counts behind it.

import { costFormula } from '../../state/costFormula.ts';
import { percent, plural, times } from '../../state/format.ts';
import { linkVerdict } from '../../state/notices.ts';
import { baselineOf, generatedOf, isActive, type Run, severalModels } from '../../state/run.ts';
import { statistics } from '../../state/statistics.ts';
import { summary } from '../../state/summary.ts';
import { streamOf, textOf } from '../../state/tokenStream.ts';
import { CopyButton } from '../parts/CopyButton.tsx';
import { Tex } from '../parts/Tex.tsx';
import './result.css';

export function Result({ run }: { run: Run }) {
  return (
    <>
      <Text run={run} />
      {severalModels(run.experiment) && <Figures run={run} />}
      <Statistics run={run} />
    </>
  );
}

function Text({ run }: { run: Run }) {
  const generated = generatedOf(run);
  const text = generated?.text ?? textOf(streamOf(run));
  const verdict = linkVerdict(run);
  return (
    <section aria-labelledby="text-title">
      <div className="panel-head">
        <h2 id="text-title">Text</h2>
        {generated?.reason === 'length' && (
          <span className="fine">cut at {generated.tokens.length} tokens, as set</span>
        )}
        <CopyButton text={text} />
      </div>
      <p className="text" data-testid="text">
        {text || ' '}
      </p>
      {verdict && <p className={verdict.same ? 'verdict' : 'verdict bad'}>{verdict.text}</p>}
    </section>
  );
}

/** What the measured speed-up is. */
const timedHow = (rounds = 0): string =>
  rounds > 0
    ? `as fast as large alone, per token; medians of ${plural(rounds, 'more round')}, taking turns`
    : 'as fast as large alone, per token';

function Figures({ run }: { run: Run }) {
  const { measuredSpeedUp, modelledSpeedUp, agreement, passes, baseline, timingRounds } =
    summary(run);
  const waiting = isActive(run) ? '…' : '–';
  const large = passes.large ?? 0;
  const saved = baseline ? 1 - large / baseline.passes : undefined;
  return (
    <dl className="figures">
      <div>
        <dt>Speed-up, measured</dt>
        <dd>{measuredSpeedUp === undefined ? waiting : times(measuredSpeedUp)}</dd>
        <dd className="fine">
          {baselineOf(run) ? timedHow(timingRounds) : 'large alone is timed after the text'}
        </dd>
      </div>
      <div>
        <dt>Speed-up, cost model</dt>
        <dd>{modelledSpeedUp === undefined ? waiting : times(modelledSpeedUp)}</dd>
        <dd className="fine">
          <Tex tex={costFormula(run)} />
        </dd>
      </div>
      <div>
        <dt>Large passes saved</dt>
        <dd>{saved === undefined ? waiting : percent(saved)}</dd>
        <dd className="fine">
          {baseline ? `${large} instead of ${baseline.passes}` : 'against large alone'}
        </dd>
      </div>
      <div>
        <dt>Same text as large alone</dt>
        <dd>{!agreement ? waiting : agreement.same ? 'yes' : 'no'}</dd>
        <dd className="fine">
          {!agreement
            ? 'token by token'
            : agreement.same
              ? 'every token'
              : `differs from token ${agreement.at + 1} on`}
        </dd>
      </div>
    </dl>
  );
}

function Statistics({ run }: { run: Run }) {
  const rows = statistics(run);
  const compared = rows.some((row) => row.alone !== undefined);
  return (
    <section aria-labelledby="statistics-title">
      <h2 id="statistics-title">Statistics</h2>
      <table className="statistics">
        <thead>
          <tr>
            <th scope="col">
              <span className="unseen">Quantity</span>
            </th>
            <th scope="col" className="right">
              This run
            </th>
            {compared && (
              <th scope="col" className="right">
                Large alone
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ name, meaning, method, alone }) => (
            <tr key={name}>
              <th scope="row">
                {name}
                {meaning && <span className="fine meaning">{meaning}</span>}
              </th>
              <td className="number">{method}</td>
              {compared && <td className="number">{alone}</td>}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
