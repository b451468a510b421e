// The checkpoints that a role can be given to: the built-in ones, those that were trained here, and those that were
// brought along.

import type { KeptCheckpoint } from '../core/kept.ts';
import { checkpoints, checkpointTitle, isCheckpointId } from '../experiment/catalogue.ts';
import { parseLocalId, sameContent } from '../experiment/names.ts';
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
  /** Newest first, as the next. */
  readonly kept: readonly Choice[];
  /** Brought along. */
  readonly own: readonly Choice[];
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
  const all = (stored?.checkpoints ?? []).filter(({ deleted }) => deleted === undefined);
  const choice = ({ id, name, parameters, bytes: size, scores }: KeptCheckpoint): Choice => ({
    // Whoever has renamed it still means the same weights.
    id: sameContent(id, chosen) ? chosen : id,
    label: `${name}${scores.accuracy === undefined ? '' : `, ${percent(scores.accuracy, 0)} right`}`,
    about: `${parameters > 0 ? `${parameterCount(parameters)} parameters, ` : ''}${bytes(size)}`,
  });
  const kept = all.filter(({ origin }) => origin === undefined).map(choice);
  const own = all.filter(({ origin }) => origin !== undefined).map(choice);
  const here = [...builtIn, ...kept, ...own].some(({ id }) => id === chosen);
  const missing = here
    ? []
    : [
        {
          id: chosen,
          label: `${checkpointTitle(chosen)} (not here)`,
          about: `Not in this browser. ${whatToDrop(chosen)}`,
        },
      ];
  return { builtIn, kept, own, missing };
}

/** The next person is told by content what to bring. */
export function whatToDrop(id: string): string {
  const sha256 = parseLocalId(id)?.sha256;
  return sha256 === undefined
    ? ''
    : `Drop it onto the page: the checkpoint whose SHA-256 begins with ${sha256.slice(0, 12)}.`;
}
