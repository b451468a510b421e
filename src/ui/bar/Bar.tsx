// The one bar: what is being done, the buttons of the instrument, what it runs on, and the way to share it.

import { type Place, placeIn } from '../../state/modes.ts';
import { useActions, usePage } from '../app.ts';
import { Icon } from '../parts/Icon.tsx';
import { HardwareChip } from './HardwareChip.tsx';
import { RunControls } from './RunControls.tsx';
import { SeedField } from './SeedField.tsx';
import { ShortcutSheet } from './ShortcutSheet.tsx';
import { ThemePicker } from './ThemePicker.tsx';
import './bar.css';

const PLACES: readonly { readonly place: Place; readonly title: string; readonly hint: string }[] =
  [
    { place: 'decode', title: 'Decode', hint: 'One text, token by token' },
    { place: 'train', title: 'Train', hint: 'A checkpoint learns, and is kept' },
    { place: 'compare', title: 'Compare', hint: 'Many problems, many settings, all runs' },
    { place: 'parameters', title: 'Parameters', hint: 'The dials inside a model' },
    { place: 'models', title: 'Models', hint: 'Checkpoints: built in, trained here, your own' },
  ];

export function Bar() {
  const here = usePage(placeIn);
  const { setPlace, share } = useActions();
  return (
    <header className="bar">
      <h1 className="name">
        <svg width="22" height="14" viewBox="0 0 22 14" aria-hidden="true">
          <circle cx="5" cy="9" r="4" className="fill-small" />
          <rect x="11" y="1" width="10" height="12" rx="1" className="fill-large" />
        </svg>
        Tandem
      </h1>
      <div className="segments modes" role="radiogroup" aria-label="Place">
        {PLACES.map((option) => (
          <label key={option.place} title={option.hint}>
            <input
              type="radio"
              name="place"
              checked={here === option.place}
              onChange={() => setPlace(option.place)}
            />
            {option.title}
          </label>
        ))}
      </div>
      <RunControls />
      <SeedField />
      <div className="bar-end">
        <HardwareChip />
        <ThemePicker />
        <ShortcutSheet />
        <button
          type="button"
          className="button share"
          aria-label="Copy link"
          onClick={() => void share()}
        >
          <Icon name="link" />
          <span className="wide">Copy link</span>
        </button>
      </div>
    </header>
  );
}
