// Above a training that goes on in another tab: who has it, how old what one sees is, and how to take it over.

import { useEffect } from 'react';
import { momentOf } from '../../state/keptRows.ts';
import type { Run } from '../../state/run.ts';
import { type Watched as Now, watchedNow } from '../../state/watchActions.ts';
import { useActions, usePage } from '../app.ts';
import { Icon } from '../parts/Icon.tsx';
import '../stage/messages.css';

/** How often it is looked for a newer save. Milliseconds. */
const EVERY_MS = 4000;

export function Watched({ of: { id, saved } }: { of: NonNullable<Run['watched']> }) {
  const stored = usePage((state) => state.stored);
  const busy = usePage(({ runs }) => runs.some(({ status }) => status === 'running'));
  const { goOn, lookAgain } = useActions();
  const now = watchedNow({ ...(stored && { stored }) }, id);
  const over = now.state === 'over';
  useEffect(() => {
    if (over) return;
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') lookAgain();
    }, EVERY_MS);
    return () => clearInterval(timer);
  }, [over, lookAgain]);
  const { title, text } = words(now, saved);
  return (
    <section className="card notice" aria-label="Training of another tab">
      <h2>{title}</h2>
      <p className="fine">{text}</p>
      {now.state !== 'over' && (
        <div className="actions">
          <button
            type="button"
            className="button primary"
            disabled={now.state === 'elsewhere' || busy}
            onClick={() => goOn(now.training)}
          >
            <Icon name="run" />
            Take over
          </button>
          {now.state === 'elsewhere' && (
            <span className="fine">Possible as soon as the other tab is closed.</span>
          )}
        </div>
      )}
    </section>
  );
}

function words(now: Now, saved: number): { readonly title: string; readonly text: string } {
  switch (now.state) {
    case 'elsewhere':
      return {
        title: 'Another tab is training this',
        text: `You see it as it was saved at ${momentOf(saved)}, after step ${now.training.step} of ${now.training.steps}; each new save appears here. Nothing can be changed from this tab.`,
      };
    case 'free':
      return {
        title: 'The other tab has let go of this training',
        text: `It was saved after step ${now.training.step} of ${now.training.steps}, and can go on here.`,
      };
    default:
      return {
        title: 'The other tab has finished this training',
        text: 'What came of it is among the runs and the checkpoints that are kept in this browser.',
      };
  }
}
