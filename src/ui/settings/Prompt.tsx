// The text that models go on from, and a button for another example of the task.

import { LIMITS } from '../../experiment/experiment.ts';
import { useActions, usePage } from '../app.ts';
import { Icon } from '../parts/Icon.tsx';

export function Prompt() {
  const prompt = usePage((state) => state.experiment.prompt);
  const { setPrompt, newExample } = useActions();
  return (
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
  );
}
