// Left, in Parameters: the two models, the text that they go on from, and the task that they are measured on.

import { LIMITS } from '../../experiment/experiment.ts';
import { useActions, usePage } from '../app.ts';
import { NumberField } from '../parts/NumberField.tsx';
import { ModelPickers } from '../settings/ModelPickers.tsx';
import { Prompt } from '../settings/Prompt.tsx';
import { TaskSettings } from '../settings/TaskSettings.tsx';

export default function ParameterSettings() {
  const problems = usePage((state) => state.experiment.problems);
  const { setCount } = useActions();
  return (
    <>
      <ModelPickers />
      <Prompt />
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
