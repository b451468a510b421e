// The task, and what the models read: a prompt in generate mode, a number of problems in evaluate mode.

import { decodes, isTaskId, taskList } from '../../experiment/catalogue.ts';
import { LIMITS, type Mode } from '../../experiment/experiment.ts';
import { SAVE_EVERY } from '../../state/preferences.ts';
import { useActions, usePage } from '../app.ts';
import { NumberField } from '../parts/NumberField.tsx';
import { AsChat } from './AsChat.tsx';
import { Knob } from './Knobs.tsx';
import { Prompt } from './Prompt.tsx';

export function TaskSettings() {
  const mode = usePage((state) => state.experiment.mode);
  const taskId = usePage((state) => state.experiment.task);
  const difficulty = usePage((state) => state.experiment.difficulty);
  const { setTask, setDifficulty } = useActions();
  const task = taskList[taskId];
  const own = usePage((state) => state.experiment.data !== 'task');
  if ((mode === 'train' || mode === 'study') && own) {
    return (
      <section className="task">
        <Counts mode={mode} />
      </section>
    );
  }
  return (
    <section className="task">
      <label className="legend" htmlFor="task">
        Task
      </label>
      <select
        id="task"
        value={taskId}
        onChange={({ target }) => isTaskId(target.value) && setTask(target.value)}
      >
        {Object.entries(taskList).map(([id, { title }]) => (
          <option key={id} value={id}>
            {title}
          </option>
        ))}
      </select>
      <p className="fine">{task.summary}</p>
      {mode === 'generate' && <Prompt />}
      {decodes(mode) && <AsChat />}
      <Knob
        id="difficulty"
        spec={task.difficulty}
        value={difficulty}
        onValue={(value) => setDifficulty(Number(value))}
      />
      <Counts mode={mode} />
    </section>
  );
}

function Counts({ mode }: { mode: Mode }) {
  return (
    <>
      {mode === 'evaluate' && (
        <Count name="problems" label="Problems" meaning="Each contender answers all of them." />
      )}
      {mode === 'sweep' && (
        <Count name="problems" label="Problems" meaning="Each setting answers all of them." />
      )}
      {(mode === 'train' || mode === 'study') && (
        <Count
          name="problems"
          label="Held-out problems"
          meaning="Answered at every evaluation; never learned from."
        />
      )}
      {(mode === 'train' || mode === 'study') && <SaveEvery />}
      <Count
        name="maxTokens"
        label="Most new tokens"
        meaning="A text that has not ended by then is cut."
      />
    </>
  );
}

/** Not of the experiment: a link says nothing of it. */
function SaveEvery() {
  const value = usePage(({ preferences }) => preferences.saveEvery);
  const { setPreference } = useActions();
  return (
    <div className="count">
      <label htmlFor="saveEvery">
        Seconds between saves
        <span className="fine">
          So much is lost at most when the tab crashes. Weights, optimiser and curves are put aside
          in this browser, also when the tab goes out of sight; how often changes no result.
        </span>
      </label>
      <NumberField
        id="saveEvery"
        value={value}
        {...SAVE_EVERY}
        step={1}
        onNumber={(number) => setPreference('saveEvery', number)}
      />
    </div>
  );
}

function Count({
  name,
  label,
  meaning,
}: {
  name: 'problems' | 'maxTokens';
  label: string;
  meaning: string;
}) {
  const value = usePage((state) => state.experiment[name]);
  const { setCount } = useActions();
  return (
    <div className="count">
      <label htmlFor={name}>
        {label}
        <span className="fine">{meaning}</span>
      </label>
      <NumberField
        id={name}
        value={value}
        {...LIMITS[name]}
        step={1}
        onNumber={(number) => setCount(name, number)}
      />
    </div>
  );
}
