// The checkpoints that a role can be given to: the built-in ones, and those that were trained here.

import { checkpoints, checkpointTitle, isCheckpointId } from '../experiment/catalogue.ts';
import { sameContent } from '../experiment/names.ts';
import { bytes, parameterCount, percent } from './format.ts';
import type { State } from './store.ts';

export interface Choice {
  readonly id: string;
  readonly label: string;
  /** Sizes and scores, for those who look closer. */
  readonly about: string;
}

export interface Choices {
  readonly builtIn: readonly Choice[];
  /** Newest first. */
  readonly kept: readonly Choice[];
  /** Chosen by a link, but not here. */
  readonly missing: readonly Choice[];
}

/** Can it be loaded: is it built in, or kept here and not in the trash? */
export const isHere = (id: string, stored: State['stored']): boolean =>
  isCheckpointId(id) ||
  (stored?.checkpoints ?? []).some((one) => one.deleted === undefined && sameContent(one.id, id));

export function choicesFor(chosen: string, stored: State['stored']): Choices {
  const builtIn = Object.entries(checkpoints).map(([id, { title, parameters, bytes: size }]) => ({
    id,
    label: `${title}, ${parameterCount(parameters)}`,
    about: `${parameterCount(parameters)} parameters, ${bytes(size)}`,
  }));
  const kept = (stored?.checkpoints ?? [])
    .filter(({ deleted }) => deleted === undefined)
    .map(({ id, name, parameters, bytes: size, scores }) => ({
      // Whoever has renamed it still means the same weights.
      id: sameContent(id, chosen) ? chosen : id,
      label: `${name}${scores.accuracy === undefined ? '' : `, ${percent(scores.accuracy, 0)} right`}`,
      about: `${parameterCount(parameters)} parameters, ${bytes(size)}`,
    }));
  const here = [...builtIn, ...kept].some(({ id }) => id === chosen);
  const missing = here
    ? []
    : [
        {
          id: chosen,
          label: `${checkpointTitle(chosen)} (not here)`,
          about: 'Not in this browser',
        },
      ];
  return { builtIn, kept, missing };
}
