// How this visitor likes the page. Kept in the browser; never part of a link.

import { DEFAULT_HUB } from '../core/hubAddress.ts';

export type Theme = 'system' | 'light' | 'dark';

export interface Preferences {
  readonly theme: Theme;
  /** Charts stand still while runs go on (WCAG 2.2.2). */
  readonly chartsPaused: boolean;
  /** Single-key shortcuts (WCAG 2.1.4). */
  readonly shortcuts: boolean;
  /** The explanation of the method is unfolded. */
  readonly explained: boolean;
  /** The server that models without one in their address are looked for at. */
  readonly hub: string;
  /** Trainings are put aside this often. Seconds. */
  readonly saveEvery: number;
}

export const SAVE_EVERY = { min: 5, max: 3600 } as const;

export const defaultPreferences: Preferences = {
  theme: 'system',
  chartsPaused: false,
  shortcuts: true,
  explained: true,
  hub: DEFAULT_HUB,
  saveEvery: 30,
};

const KEY = 'tandem.preferences';

/** Just enough of localStorage; reading and writing may throw where storage is closed to the page. */
export interface Storage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}

export function readPreferences(storage: () => Storage): Preferences {
  try {
    const kept: unknown = JSON.parse(storage().getItem(KEY) ?? '{}');
    if (typeof kept !== 'object' || kept === null) return defaultPreferences;
    const { theme, shortcuts, explained, hub, saveEvery } = {
      ...defaultPreferences,
      ...kept,
    } as Record<string, unknown>;
    return {
      // Charts always begin live: a page whose charts stand still looks broken.
      chartsPaused: false,
      theme: theme === 'light' || theme === 'dark' ? theme : 'system',
      shortcuts: shortcuts !== false,
      explained: explained !== false,
      hub: typeof hub === 'string' ? hub : DEFAULT_HUB,
      saveEvery: isInterval(saveEvery) ? saveEvery : defaultPreferences.saveEvery,
    };
  } catch {
    return defaultPreferences;
  }
}

const isInterval = (value: unknown): value is number =>
  Number.isInteger(value) && Number(value) >= SAVE_EVERY.min && Number(value) <= SAVE_EVERY.max;

export function writePreferences(storage: () => Storage, preferences: Preferences): void {
  try {
    storage().setItem(KEY, JSON.stringify(preferences));
  } catch {
    // Without storage the choice lasts as long as the page.
  }
}
