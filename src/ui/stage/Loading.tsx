// What is being made ready, how much of it is, and the way out.

import { loadLines } from '../../state/loading.ts';
import type { Run } from '../../state/run.ts';
import { useActions } from '../app.ts';
import { Mark } from '../parts/Mark.tsx';
import './messages.css';

export function Loading({ run }: { run: Run }) {
  const { stop } = useActions();
  return (
    <section className="card loading" aria-label="Loading">
      <ul>
        {loadLines(run).map(({ part, title, text, done }) => (
          <li key={part}>
            <span>
              {part !== 'runtime' && <Mark of={part} />}
              {title}
            </span>
            <progress aria-label={title} {...(done === undefined ? {} : { value: done, max: 1 })} />
            <span className="fine num">{text}</span>
          </li>
        ))}
      </ul>
      <button type="button" className="button quiet" onClick={stop}>
        Cancel
      </button>
    </section>
  );
}
