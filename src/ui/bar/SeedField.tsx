import { LIMITS } from '../../experiment/experiment.ts';
import { placeIn } from '../../state/modes.ts';
import { useActions, usePage } from '../app.ts';
import { Icon } from '../parts/Icon.tsx';
import { NumberField } from '../parts/NumberField.tsx';

export function SeedField() {
  const seed = usePage((state) => state.experiment.seed);
  const { setCount, rollSeed } = useActions();
  // Nothing is drawn there.
  if (usePage(placeIn) === 'models') return null;
  return (
    <div className="seed">
      <label htmlFor="seed">Seed</label>
      <NumberField
        id="seed"
        value={seed}
        {...LIMITS.seed}
        step={1}
        onNumber={(value) => setCount('seed', value)}
      />
      <button
        type="button"
        className="button bare icon"
        onClick={rollSeed}
        aria-label="Random seed"
        title="Random seed"
      >
        <Icon name="dice" />
      </button>
    </div>
  );
}
