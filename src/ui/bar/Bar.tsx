// The one bar: what is being done, the buttons of the instrument, what it runs on, and the way to share it.

import type { Mode } from '../../experiment/experiment.ts';
import { useActions, usePage } from '../app.ts';
import { Icon } from '../parts/Icon.tsx';
import { HardwareChip } from './HardwareChip.tsx';
import { RunControls } from './RunControls.tsx';
import { SeedField } from './SeedField.tsx';
import { ShortcutSheet } from './ShortcutSheet.tsx';
import { ThemePicker } from './ThemePicker.tsx';
import './bar.css';

const MODES: readonly { readonly mode: Mode; readonly title: string; readonly hint: string }[] = [
  { mode: 'generate', title: 'Generate', hint: 'One text, token by token' },
  { mode: 'evaluate', title: 'Evaluate', hint: 'Many problems, side by side' },
  { mode: 'train', title: 'Train', hint: 'A checkpoint learns, and is kept' },
];

export function Bar() {
  const mode = usePage((state) => state.experiment.mode);
  const { setMode, share } = useActions();
  return (
    <header className="bar">
      <h1 className="name">
        <svg width="22" height="14" viewBox="0 0 22 14" aria-hidden="true">
          <circle cx="5" cy="9" r="4" className="fill-small" />
          <rect x="11" y="1" width="10" height="12" rx="1" className="fill-large" />
        </svg>
        Tandem
      </h1>
      <div className="segments modes" role="radiogroup" aria-label="Mode">
        {MODES.map((option) => (
          <label key={option.mode} title={option.hint}>
            <input
              type="radio"
              name="mode"
              checked={mode === option.mode}
              onChange={() => setMode(option.mode)}
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
