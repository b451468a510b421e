// Before the first run: what will happen, and the button that makes it happen.

import {
  checkpoints,
  checkpointTitle,
  isCheckpointId,
  learnersOf,
  learnsByReward,
  rolesIn,
} from '../../experiment/catalogue.ts';
import { pointsOf } from '../../experiment/contenders.ts';
import type { Experiment } from '../../experiment/experiment.ts';
import { describeInput } from '../../state/describe.ts';
import { whatRewardIs } from '../../state/explainReward.ts';
import { bytes } from '../../state/format.ts';
import { useActions, usePage } from '../app.ts';
import { Icon } from '../parts/Icon.tsx';
import { MemoryNeed } from './MemoryNeed.tsx';
import './empty.css';

export function EmptyStage() {
  const experiment = usePage((state) => state.experiment);
  const { start, step } = useActions();
  const taking = new Set(rolesIn(experiment).map((role) => experiment[role]));
  const builtIn = [...taking].filter(isCheckpointId);
  const size = builtIn.reduce((sum, id) => sum + checkpoints[id].bytes, 0);
  return (
    <section className="empty">
      <Waiting experiment={experiment} />
      <div className="actions">
        <button type="button" className="button primary" onClick={() => start()}>
          <Icon name="run" />
          Run
        </button>
        <button type="button" className="button" onClick={step}>
          <Icon name="step" />
          Step by step
        </button>
      </div>
      <p className="fine">
        {builtIn.length > 0 &&
          `${whose(builtIn.length, taking.size)} (${bytes(size)}${builtIn.length > 1 ? ' together' : ''}) and `}
        ONNX Runtime {builtIn.length > 0 ? 'are' : 'is'} read from this page’s own server once;{' '}
        {builtIn.length < taking.size && 'what you brought or trained is in this browser; '}
        everything runs in this tab.
      </p>
    </section>
  );
}

/** Every role could have a checkpoint of its own. */
const WORDS = ['No', 'One', 'Two', 'Three', 'Four', 'Five', 'Six', 'Seven', 'Eight'] as const;

/** So many built-in ones, of all that take part. */
const whose = (builtIn: number, all: number): string =>
  all === 1
    ? 'The checkpoint'
    : `${WORDS[builtIn]} ${builtIn < all ? 'built-in ' : 'real '}${builtIn === 1 ? 'checkpoint' : 'checkpoints'}`;

const learner = ({ params, small, large }: Experiment) =>
  params.model === 'large' ? large : small;

function Waiting({ experiment }: { experiment: Experiment }) {
  const { mode, prompt, problems } = experiment;
  switch (mode) {
    case 'generate':
      return (
        <p>
          Nothing has been written yet. The models will{' '}
          {experiment.promptAs === 'chat' ? 'answer, as chat,' : 'go on after'}{' '}
          <q className="mono">{prompt}</q>
        </p>
      );
    case 'evaluate':
      return <p>Nothing has been answered yet. {problems} problems are waiting.</p>;
    case 'sweep':
      return (
        <p>
          Nothing has been measured yet. {pointsOf(experiment).length} settings and large alone will
          answer {problems} problems each.
        </p>
      );
    default:
      if (learnsByReward(experiment.method)) return <ByReward experiment={experiment} />;
      return (
        <>
          <p>
            Nothing has been learned yet. {checkpointTitle(learner(experiment))} will learn from{' '}
            {describeInput(experiment)} for {String(experiment.params.steps)} steps: its ONNX graph
            is differentiated here, in the page.
          </p>
          <p>
            What comes out is a checkpoint like any other: it is kept in this browser, can write and
            be measured at once, and exports as an ordinary ONNX folder.
          </p>
        </>
      );
  }
}

function ByReward({ experiment }: { experiment: Experiment }) {
  const learners = learnersOf(experiment);
  const names = learners.map((role) => checkpointTitle(experiment[role])).join(' and ');
  return (
    <>
      {whatRewardIs(experiment).map((text) => (
        <p key={text}>{text}</p>
      ))}
      <p>
        Nothing has been learned yet. {names} will learn from {describeInput(experiment)} for{' '}
        {String(experiment.params.steps)} steps, here in the page; what comes out{' '}
        {learners.length > 1 ? 'are checkpoints' : 'is a checkpoint'} like any other.
      </p>
      <MemoryNeed />
    </>
  );
}
