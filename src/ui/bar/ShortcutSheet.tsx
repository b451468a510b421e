import { useCallback, useRef } from 'react';
import { useActions, usePage } from '../app.ts';
import { SHORTCUTS, useShortcuts } from '../shortcuts.ts';

export function ShortcutSheet() {
  const sheet = useRef<HTMLDialogElement>(null);
  const show = useCallback(() => sheet.current?.showModal(), []);
  const on = usePage((state) => state.preferences.shortcuts);
  const { setPreference } = useActions();
  useShortcuts(show);
  return (
    <>
      <button
        type="button"
        className="button icon shortcuts"
        onClick={show}
        aria-label="Keyboard shortcuts"
        title="Keyboard shortcuts (?)"
      >
        ?
      </button>
      <dialog ref={sheet} className="sheet" aria-labelledby="shortcuts-title">
        <h2 id="shortcuts-title">Keyboard shortcuts</h2>
        <table>
          <tbody>
            {SHORTCUTS.map(({ key, does }) => (
              <tr key={key}>
                <th scope="row">
                  <kbd>{key}</kbd>
                </th>
                <td>{does}</td>
              </tr>
            ))}
          </tbody>
        </table>
        <label className="check">
          <input
            type="checkbox"
            checked={on}
            onChange={({ target }) => setPreference('shortcuts', target.checked)}
          />
          Single-key shortcuts
        </label>
        <form method="dialog">
          <button type="submit" className="button">
            Close
          </button>
        </form>
      </dialog>
    </>
  );
}
