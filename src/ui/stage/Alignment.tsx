// Prediction alignment, where drafts are: the large model writes what the small one is then trained on.

import { useEffect, useState } from 'react';
import { ROLE_NAMES } from '../../core/roles.ts';
import { checkpointTitle, taskList } from '../../experiment/catalogue.ts';
import { ALIGN_LIMITS, type AlignState, alignmentLeft } from '../../state/alignActions.ts';
import { bytes, duration, percent, plural, quantity, titled } from '../../state/format.ts';
import { drafts, isActive } from '../../state/run.ts';
import { useActions, usePage } from '../app.ts';
import { Icon } from '../parts/Icon.tsx';
import { Mark } from '../parts/Mark.tsx';
import { NumberField } from '../parts/NumberField.tsx';
import './alignment.css';

export function Alignment() {
  const alignment = usePage((state) => state.alignment);
  const drafting = usePage((state) => drafts(state.experiment));
  if (!alignment && !drafting) return null;
  return (
    <section className="alignment" aria-labelledby="alignment-title">
      <h2 id="alignment-title">Prediction alignment</h2>
      {alignment?.state === 'writing' ? (
        <Writing alignment={alignment} />
      ) : (
        <>
          {alignment?.state === 'written' && <Written alignment={alignment} />}
          {alignment?.state === 'refused' && (
            <p className="wrong" role="alert">
              {alignment.failure.message} {alignment.failure.remedy}
            </p>
          )}
          {drafting && <Wish />}
        </>
      )}
    </section>
  );
}

function Wish() {
  const large = usePage((state) => state.experiment.large);
  const small = usePage((state) => state.experiment.small);
  const task = usePage((state) => state.experiment.task);
  const { align } = useActions();
  const [problems, setProblems] = useState<number>(ALIGN_LIMITS.usual);
  return (
    <>
      <p className="fine">
        A draft stands more often when it is what the large model would have written. So{' '}
        {checkpointTitle(large)} answers problems of {taskList[task].title.toLowerCase()}, as the
        settings have them, and {checkpointTitle(small)} is trained on its answers. They are drawn
        under a seed of their own: no evaluation asks them.
      </p>
      <div className="actions">
        <label className="asked" htmlFor="alignment-problems">
          Problems
          <NumberField
            id="alignment-problems"
            value={problems}
            min={ALIGN_LIMITS.min}
            max={ALIGN_LIMITS.max}
            step={1}
            onNumber={setProblems}
          />
        </label>
        <button type="button" className="button" onClick={() => align(problems)}>
          <Mark of="large" />
          Write the answers
        </button>
      </div>
    </>
  );
}

function Writing({ alignment }: { alignment: Extract<AlignState, { state: 'writing' }> }) {
  const busy = usePage((state) => state.runs.find(isActive)?.id);
  const { stopAligning } = useActions();
  const { done, problems, last, stopping, experiment } = alignment;
  const left = alignmentLeft(alignment, useNow());
  const title = checkpointTitle(experiment.large);
  return (
    <>
      <div className="writing">
        <progress
          aria-label={`Answers of ${title}`}
          {...(done > 0 && { value: done, max: problems })}
        />
        <span className="fine num" role="status">
          {busy !== undefined
            ? `Run ${busy} goes first; ${plural(done, 'answer')} so far`
            : done === 0
              ? `${title} is being made ready`
              : `${quantity(done)} of ${plural(problems, 'answer')}${left === undefined ? '' : `, about ${duration(left)} left`}`}
        </span>
        <button
          type="button"
          className="button quiet"
          onClick={stopAligning}
          disabled={stopping === true}
        >
          <Icon name="stop" />
          Stop and keep these
        </button>
      </div>
      {last && <Examples examples={[last]} label="The last answer" />}
    </>
  );
}

function Written({
  alignment: { alignment, problems, experiment },
}: {
  alignment: Extract<AlignState, { state: 'written' }>;
}) {
  const { learnAlignment, exportFile, dismissAlignment } = useActions();
  const { data, asked, examples, reward, preview, short, unsaved } = alignment;
  const { verifiable } = taskList[experiment.task];
  const cut = asked - examples;
  return (
    <div className="card">
      <p>
        <strong>{plural(examples, 'example')}</strong> by {checkpointTitle(experiment.large)},{' '}
        {bytes(data.bytes)}:{' '}
        {verifiable
          ? `${percent(reward)} of its answers are right`
          : `mean reward ${reward.toFixed(2)}`}
        {cut > 0 &&
          `; ${plural(cut, 'answer')} did not end in time and ${cut === 1 ? 'is' : 'are'} left out`}
        .
      </p>
      {short === 'stopped' && (
        <p className="fine">
          Stopped after {quantity(asked)} of {plural(problems, 'problem')}.
        </p>
      )}
      {short && short !== 'stopped' && (
        <p className="wrong" role="alert">
          It ended after {quantity(asked)} of {plural(problems, 'problem')}: {short.message}{' '}
          {short.remedy}
        </p>
      )}
      {unsaved && (
        <p className="fine">
          In memory only, gone with this tab: export it. {unsaved.message} {unsaved.remedy}
        </p>
      )}
      <Examples examples={preview} label="First examples" />
      <div className="actions">
        <button type="button" className="button primary" onClick={learnAlignment}>
          <Mark of="small" />
          Train the small one on it
        </button>
        <button type="button" className="button" onClick={() => exportFile(data.id, data.name)}>
          <Icon name="save" />
          Export
        </button>
        <button type="button" className="button bare" onClick={dismissAlignment}>
          Put it away
        </button>
      </div>
      <p className="fine">
        {titled(ROLE_NAMES.small)} is {checkpointTitle(experiment.small)}. The examples stay in this
        browser as {data.name}.
      </p>
    </div>
  );
}

function Examples({
  examples,
  label,
}: {
  examples: readonly { readonly prompt: string; readonly completion: string }[];
  label: string;
}) {
  return (
    <ul className="preview mono" aria-label={label}>
      {examples.map(({ prompt, completion }) => (
        <li key={`${prompt}${completion}`}>
          {prompt}
          <b>{completion}</b>
        </li>
      ))}
    </ul>
  );
}

/** Milliseconds since 1970, again every second. */
function useNow(): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const clock = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(clock);
  }, []);
  return now;
}
