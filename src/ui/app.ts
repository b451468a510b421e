// The one binding between the page's state and React.

import { createContext, use, useSyncExternalStore } from 'react';
import type { Actions, App } from '../state/app.ts';
import type { State } from '../state/store.ts';

export const AppContext = createContext<App | undefined>(undefined);

export function useApp(): App {
  const app = use(AppContext);
  if (!app) throw new Error('no AppContext above this component');
  return app;
}

/** What can be done; always the same object. */
export const useActions = (): Actions => useApp().actions;

/** A part of the state. `select` must give the same object for the same state. */
export function usePage<T>(select: (state: State) => T): T {
  const { store } = useApp();
  return useSyncExternalStore(store.subscribe, () => select(store.getState()));
}
