import { useEffect } from 'react';
import type { Theme } from '../../state/preferences.ts';
import { useActions, usePage } from '../app.ts';
import { Icon } from '../parts/Icon.tsx';

const THEMES: readonly { readonly theme: Theme; readonly title: string }[] = [
  { theme: 'system', title: 'System' },
  { theme: 'light', title: 'Light' },
  { theme: 'dark', title: 'Dark' },
];

export function ThemePicker() {
  const theme = usePage((state) => state.preferences.theme);
  const { setPreference } = useActions();
  useEffect(() => {
    const root = document.documentElement;
    if (theme === 'system') root.removeAttribute('data-theme');
    else root.dataset.theme = theme;
  }, [theme]);
  return (
    <span className="button icon theme">
      <Icon name="theme" />
      <select
        aria-label="Colours"
        title="Colours"
        value={theme}
        onChange={({ target }) => setPreference('theme', target.value as Theme)}
      >
        {THEMES.map((option) => (
          <option key={option.theme} value={option.theme}>
            {option.title}
          </option>
        ))}
      </select>
    </span>
  );
}
