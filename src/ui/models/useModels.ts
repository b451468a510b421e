// What can be done with checkpoints, made once for the page when somebody comes to the place for them.

import type { App } from '../../state/app.ts';
import { type ModelsActions, modelsActions } from '../../state/modelsActions.ts';
import { useApp } from '../app.ts';

const made = new WeakMap<App, ModelsActions>();

export function modelsOf(app: App): ModelsActions {
  const known = made.get(app) ?? modelsActions(app);
  made.set(app, known);
  return known;
}

export const useModels = (): ModelsActions => modelsOf(useApp());
