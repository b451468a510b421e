// What came out: the text, whether it is the large model's own, how much faster, and the counts behind it.

import { figures } from '../../state/figures.ts';
import { linkVerdict } from '../../state/notices.ts';
import { generatedOf, type Run, severalModels } from '../../state/run.ts';
import { statistics } from '../../state/statistics.ts';
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
      <p className="whole-text" data-testid="text">
        {text || ' '}
      </p>
      {verdict && <p className={verdict.same ? 'verdict' : 'verdict bad'}>{verdict.text}</p>}
    </section>
  );
}

function Figures({ run }: { run: Run }) {
  return (
    <dl className="figures">
      {figures(run).map(({ name, value, about }) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
          <dd className="fine">{typeof about === 'string' ? about : <Tex tex={about.tex} />}</dd>
        </div>
      ))}
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
