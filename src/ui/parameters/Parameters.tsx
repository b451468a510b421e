// The place where one looks into models: count their parameters, look at them, turn them, find those that matter,
// watch them learn. What is asked of the models is answered at once, so nothing is run here.

import { LOOKED_AT, VIEWS, type View } from '../../core/dials.ts';
import { ROLE_NAMES } from '../../core/roles.ts';
import { checkpointTitle } from '../../experiment/catalogue.ts';
import { bytes, plural, titled } from '../../state/format.ts';
import { usePage } from '../app.ts';
import { Mark } from '../parts/Mark.tsx';
import { Count } from './Count.tsx';
import { Find } from './Find.tsx';
import { Look } from './Look.tsx';
import { Tour } from './Tour.tsx';
import { Turn } from './Turn.tsx';
import { useBench, useBenchState, useDials, useOpened } from './useBench.ts';
import { Watch } from './Watch.tsx';
import './parameters.css';
import './look.css';
import './turn.css';

const TITLES: Readonly<Record<View, { readonly title: string; readonly hint: string }>> = {
  count: { title: 'Count', hint: 'How many parameters there are, and where' },
  look: { title: 'Look', hint: 'Any tensor as a picture, and its statistics' },
  turn: { title: 'Turn', hint: 'Change parameters and see what it does' },
  find: { title: 'Find', hint: 'Which parameters matter for this prompt' },
  watch: { title: 'Watch', hint: 'Parameters while they learn' },
};

export default function Parameters() {
  const { view } = useDials();
  const { go } = useBench();
  return (
    <div className="parameters">
      <div className="panel-head">
        <div className="segments" role="radiogroup" aria-label="View of the parameters">
          {VIEWS.map((one) => (
            <label key={one} title={TITLES[one].hint}>
              <input type="radio" name="view" checked={view === one} onChange={() => go(one)} />
              {TITLES[one].title}
            </label>
          ))}
        </div>
        {view !== 'watch' && <ModelChoice />}
      </div>
      <Tour />
      <Views />
    </div>
  );
}

function Views() {
  const { view } = useDials();
  const opened = useOpened();
  if (!opened) return <Opening />;
  switch (view) {
    case 'look':
      return <Look model={opened} />;
    case 'turn':
      return <Turn model={opened} />;
    case 'find':
      return <Find model={opened} />;
    case 'watch':
      return <Watch />;
    default:
      return <Count />;
  }
}

/** Which of the two models is looked at. */
function ModelChoice() {
  const { model } = useDials();
  const { setDials } = useBench();
  return (
    <div className="segments" role="radiogroup" aria-label="Model that is looked at">
      {LOOKED_AT.map((role) => (
        <label key={role}>
          <input
            type="radio"
            name="looked-at"
            checked={model === role}
            onChange={() => setDials({ model: role })}
          />
          <Mark of={role} />
          {titled(ROLE_NAMES[role])}
        </label>
      ))}
    </div>
  );
}

/** While the model is read, or when it cannot be. */
function Opening() {
  const id = usePage(({ experiment }) => experiment[experiment.dials.model]);
  const failure = useBenchState((state) => state.failed[id]);
  const share = useBenchState((state) => state.opening[id]);
  const edits = usePage(({ experiment }) => experiment.dials.edits.length);
  const { retry } = useBench();
  const stored = usePage(({ stored }) =>
    stored?.checkpoints.find((checkpoint) => checkpoint.id === id),
  );
  if (failure) {
    return (
      <section className="card error" role="alert">
        <h2>{failure.message}</h2>
        <p>{failure.remedy}</p>
        {edits > 0 && (
          <p>
            The link has {plural(edits, 'edit')} for this model; they are kept, and made as soon as
            it is here.
          </p>
        )}
        <button type="button" className="button" onClick={() => retry(id)}>
          Try again
        </button>
      </section>
    );
  }
  return (
    <p role="status">
      Reading {checkpointTitle(id)}
      {stored && ` (${bytes(stored.bytes)})`}.
      {share !== undefined && share > 0 && <progress aria-label="Read so far" value={share} />}
    </p>
  );
}
