// Every problem with everybody's answer; the wrong ones can be singled out.

import { useState } from 'react';
import {
  type AnswerFilter,
  answerRows,
  filterAnswers,
  type Given,
  judgedOf,
  splitAtDifference,
} from '../../state/answers.ts';
import { contenderName, lookOf } from '../../state/contenders.ts';
import { isVerifiable, tallies } from '../../state/evaluation.ts';
import { percent, plural } from '../../state/format.ts';
import type { Run } from '../../state/run.ts';
import { Mark } from '../parts/Mark.tsx';

/** Rows shown before one asks for more. */
const PAGE = 50;

/** @param only these contenders; all, if it is left out */
export function Answers({ run, only }: { run: Run; only?: readonly number[] }) {
  const { experiment } = run;
  const [filter, setFilter] = useState<AnswerFilter>('all');
  const [limit, setLimit] = useState(PAGE);
  const contenders = tallies(run).flatMap(({ contender }) =>
    (only?.includes(contender) ?? true) ? [contender] : [],
  );
  const judged = only?.at(-1) ?? judgedOf(experiment);
  const verifiable = isVerifiable(experiment);
  const rows = filterAnswers(answerRows(run), filter, judged, only);
  const filters: readonly { readonly filter: AnswerFilter; readonly title: string }[] = [
    { filter: 'all', title: 'All' },
    {
      filter: 'wrong',
      title: `${contenderName(experiment, judged)} ${verifiable ? 'wrong' : 'below 1'}`,
    },
    { filter: 'differ', title: verifiable ? 'Right and wrong differ' : 'Rewards differ' },
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
        {rows.slice(0, limit).map(({ key, index, prompt, expected, answers }, i) => (
          <li key={key} value={i + 1}>
            <div className="asked mono">
              <span className="fine num">{index + 1}</span>
              <p>
                {prompt}
                {verifiable && <span className="muted">{expected}</span>}
              </p>
              <span className="marks">
                {contenders.map((contender) => (
                  <Verdict
                    key={contender}
                    look={lookOf(experiment, contender)}
                    name={contenderName(experiment, contender)}
                    given={answers.get(contender)}
                    verifiable={verifiable}
                  />
                ))}
              </span>
            </div>
            {contenders.map((contender) => {
              const given = answers.get(contender);
              if (!given || (verifiable && given.reward === 1)) return null;
              return (
                <p className={verifiable ? 'wrong mono' : 'written mono'} key={contender}>
                  <Mark of={lookOf(experiment, contender)} />
                  <span className="unseen">{contenderName(experiment, contender)}: </span>
                  {verifiable ? <Wrong text={given.text} expected={expected} /> : given.text}
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

function Wrong({ text, expected }: { text: string; expected: string }) {
  const [same, rest] = splitAtDifference(text, expected);
  return (
    <>
      {same}
      <b>{rest || '∎ ends here'}</b>
    </>
  );
}

function Verdict({
  look,
  name,
  given,
  verifiable,
}: {
  look: ReturnType<typeof lookOf>;
  name: string;
  given: Given | undefined;
  verifiable: boolean;
}) {
  const wrong = verifiable && given !== undefined && given.reward < 1;
  const word = !given
    ? 'not yet answered'
    : !verifiable
      ? `reward ${percent(given.reward, 0)}`
      : wrong
        ? 'wrong'
        : 'right';
  const sign = !given ? '…' : !verifiable ? percent(given.reward, 0) : wrong ? '✗' : '✓';
  return (
    <span className={wrong ? 'no' : ''} title={`${name}: ${word}`}>
      <Mark of={look} />
      <span aria-hidden="true">{sign}</span>
      <span className="unseen">
        {name}: {word}
      </span>
    </span>
  );
}
