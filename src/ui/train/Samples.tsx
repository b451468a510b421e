// The same prompts, answered again at every evaluation: what the model wrote then, and what it writes now.

import { useId } from 'react';
import { ROLE_NAMES, type Role } from '../../core/roles.ts';
import { splitAtDifference } from '../../state/answers.ts';
import { plural } from '../../state/format.ts';
import type { SampleRow } from '../../state/training.ts';

interface Props {
  readonly rows: readonly SampleRow[];
  /** Where several models learn. */
  readonly whose?: Role;
}

export function Samples({ rows, whose }: Props) {
  const title = useId();
  if (rows.length === 0) return null;
  return (
    <section aria-labelledby={title}>
      <h2 id={title}>What {whose === undefined ? 'it' : ROLE_NAMES[whose]} writes</h2>
      <ol className="samples">
        {rows.map(({ index, prompt, expected, written }) => {
          const last = written.at(-1);
          const earlier = written.slice(0, -1);
          return (
            <li key={index}>
              <p className="mono asked">
                {prompt}
                <span className="muted">{expected}</span>
              </p>
              {last && <Written expected={expected} {...last} />}
              {earlier.length > 0 && (
                <details>
                  <summary className="fine">{plural(earlier.length, 'earlier answer')}</summary>
                  {earlier.toReversed().map((one) => (
                    <Written key={one.step} expected={expected} {...one} />
                  ))}
                </details>
              )}
            </li>
          );
        })}
      </ol>
    </section>
  );
}

interface WrittenProps {
  readonly step: number;
  readonly text: string;
  readonly correct: boolean;
  readonly expected: string;
}

function Written({ step, text, correct, expected }: WrittenProps) {
  const [same, rest] = splitAtDifference(text, expected);
  return (
    <p className={`mono written ${correct ? 'right-answer' : 'wrong-answer'}`}>
      <span className="fine num">step {step}</span>
      <span aria-hidden="true">{correct ? '✓' : '✗'}</span>
      <span className="unseen">{correct ? 'right: ' : 'wrong: '}</span>
      <span>
        {same}
        {!correct && <b>{rest || '∎ ends here'}</b>}
      </span>
    </p>
  );
}
