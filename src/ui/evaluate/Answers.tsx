// Every problem with everybody's answer; the wrong ones can be singled out.

import { useState } from 'react';
import type { Contender } from '../../core/events.ts';
import { contenderName } from '../../state/contenders.ts';
import {
  type AnswerFilter,
  answerRows,
  CONTENDERS,
  filterAnswers,
  splitAtDifference,
  tallies,
} from '../../state/evaluation.ts';
import { plural } from '../../state/format.ts';
import type { Run } from '../../state/run.ts';
import { Mark } from '../parts/Mark.tsx';

/** Rows shown before one asks for more. */
const PAGE = 50;

export function Answers({ run }: { run: Run }) {
  const [filter, setFilter] = useState<AnswerFilter>('all');
  const [limit, setLimit] = useState(PAGE);
  const seen = tallies(run).map((tally) => tally.contender);
  const contenders = CONTENDERS.filter((contender) => seen.includes(contender));
  const judge = contenders.includes('method') ? 'method' : 'large';
  const rows = filterAnswers(answerRows(run), filter);
  const filters: readonly { readonly filter: AnswerFilter; readonly title: string }[] = [
    { filter: 'all', title: 'All' },
    { filter: 'wrong', title: `${contenderName(judge, run.experiment)} wrong` },
    { filter: 'differ', title: 'Right and wrong differ' },
  ];
  return (
    <section aria-labelledby="answers-title">
      <div className="panel-head">
        <h2 id="answers-title">Answers</h2>
        <div className="segments" role="radiogroup" aria-label="Which answers">
          {filters.map((option) => (
            <label key={option.filter}>
              <input
                type="radio"
                name="answers"
                checked={filter === option.filter}
                onChange={() => setFilter(option.filter)}
              />
              {option.title}
            </label>
          ))}
        </div>
        <span className="fine num">{plural(rows.length, 'problem')}</span>
      </div>
      <ol className="answers">
        {rows.slice(0, limit).map(({ index, prompt, expected, answers }) => (
          <li key={index} value={index + 1}>
            <div className="asked mono">
              <span className="fine num">{index + 1}</span>
              <p>
                {prompt}
                <span className="muted">{expected}</span>
              </p>
              <span className="marks">
                {contenders.map((contender) => (
                  <Verdict
                    key={contender}
                    contender={contender}
                    name={contenderName(contender, run.experiment)}
                    correct={answers[contender]?.correct}
                  />
                ))}
              </span>
            </div>
            {contenders.map((contender) => {
              const answer = answers[contender];
              if (answer?.correct !== false) return null;
              const [same, rest] = splitAtDifference(answer.text, expected);
              return (
                <p className="wrong mono" key={contender}>
                  <Mark of={contender} />
                  <span className="unseen">{contenderName(contender, run.experiment)}: </span>
                  {same}
                  <b>{rest || '∎ ends here'}</b>
                </p>
              );
            })}
          </li>
        ))}
      </ol>
      {rows.length === 0 && <p className="muted">None.</p>}
      {rows.length > limit && (
        <button type="button" className="button quiet" onClick={() => setLimit(limit + 4 * PAGE)}>
          Show more of {rows.length - limit}
        </button>
      )}
    </section>
  );
}

function Verdict({
  contender,
  name,
  correct,
}: {
  contender: Contender;
  name: string;
  correct: boolean | undefined;
}) {
  const word = correct === undefined ? 'not yet answered' : correct ? 'right' : 'wrong';
  return (
    <span className={correct === false ? 'no' : ''} title={`${name}: ${word}`}>
      <Mark of={contender} />
      <span aria-hidden="true">{correct === undefined ? '…' : correct ? '✓' : '✗'}</span>
      <span className="unseen">
        {name}: {word}
      </span>
    </span>
  );
}
