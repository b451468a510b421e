// Interrupted trainings as the page is told of them: those whose recipe is still an experiment.

import { decode } from '../experiment/link.ts';
import type { SavedRun } from '../store/trainings.ts';
import type { ResumableRun } from './protocol.ts';

export const resumable = (runs: readonly SavedRun[]): readonly ResumableRun[] =>
  runs.flatMap(({ recipe, ...run }) => {
    const { experiment, problems } = decode(recipe);
    // Settings that this page reads differently would go on with another training.
    return problems.length === 0 && experiment.mode === 'train' ? [{ ...run, experiment }] : [];
  });
