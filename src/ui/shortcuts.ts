// Single keys: Space, full stop, Escape, question mark. Not while a field or a button has the keyboard, not
// while a dialog is open, and not when they are switched off (WCAG 2.1.4).

import { useEffect } from 'react';
import { canRun, placeIn } from '../state/modes.ts';
import { isActive } from '../state/run.ts';
import { useActions, useApp, usePage } from './app.ts';

export const SHORTCUTS: readonly { readonly key: string; readonly does: string }[] = [
  { key: 'Space', does: 'Run, pause, go on' },
  { key: '.', does: 'One event, then pause' },
  { key: 'Esc', does: 'Stop; what was done stays' },
  { key: '← →', does: 'From token to token, when one has the focus' },
  { key: '?', does: 'This sheet' },
];

/** Elements that use keys for themselves. Tokens do not need Space. */
const BUSY =
  'input, select, textarea, button:not([data-token]), summary, a, dialog, [popover], [contenteditable]';

export function useShortcuts(showSheet: () => void): void {
  const on = usePage((state) => state.preferences.shortcuts);
  const { toggle, step, stop } = useActions();
  const app = useApp();
  useEffect(() => {
    /** Where nothing can be run, a run that goes on can still be held. */
    const runs = () => {
      const state = app.store.getState();
      return canRun(placeIn(state)) || state.runs.some(isActive);
    };
    if (!on) return;
    const keys: Readonly<Record<string, () => void>> = {
      ' ': toggle,
      '.': step,
      Escape: stop,
      '?': showSheet,
    };
    const listen = (event: KeyboardEvent) => {
      const act = keys[event.key];
      if (act && (act === toggle || act === step) && !runs()) return;
      if (!act || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
      if (document.querySelector('dialog[open], [popover]:popover-open')) return;
      // Escape means stop wherever one is; the others may be text or a press of the focused button.
      const target = event.target instanceof Element ? event.target : undefined;
      if (event.key !== 'Escape' && target?.closest(BUSY)) return;
      event.preventDefault();
      act();
    };
    addEventListener('keydown', listen);
    return () => removeEventListener('keydown', listen);
  }, [app, on, toggle, step, stop, showSheet]);
}
