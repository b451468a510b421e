// Left, in Parameters: the two models, the text that they go on from, and the task that they are measured on.

import { LIMITS } from '../../experiment/experiment.ts';
import { useActions, usePage } from '../app.ts';
import { Icon } from '../parts/Icon.tsx';
import { NumberField } from '../parts/NumberField.tsx';
import { ModelPickers } from '../settings/ModelPickers.tsx';
import { TaskSettings } from '../settings/TaskSettings.tsx';

export default function ParameterSettings() {
  const prompt = usePage((state) => state.experiment.prompt);
  const problems = usePage((state) => state.experiment.problems);
  const { setPrompt, newExample, setCount } = useActions();
  return (
    <>
      <ModelPickers />
      <div className="prompt">
        <div className="knob-head">
          <label htmlFor="prompt">Prompt</label>
          <button
            type="button"
            className="button quiet"
            onClick={newExample}
            title="The next example of the task; the seed decides which"
          >
            <Icon name="dice" />
            New example
          </button>
        </div>
        <textarea
          id="prompt"
          rows={2}
          spellCheck={false}
          autoComplete="off"
          maxLength={LIMITS.prompt.max}
          value={prompt}
          onChange={({ target }) => setPrompt(target.value)}
        />
      </div>
      <TaskSettings />
      <div className="count">
        <label htmlFor="problems">
          Problems
          <span className="fine">Answered by both, with the dials where they are.</span>
        </label>
        <NumberField
          id="problems"
          value={problems}
          {...LIMITS.problems}
          step={1}
          onNumber={(number) => setCount('problems', number)}
        />
      </div>
    </>
  );
}
